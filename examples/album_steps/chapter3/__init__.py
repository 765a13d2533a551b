"""The album after the third chapter: uploads."""
