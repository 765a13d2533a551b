"""The album after the second chapter: forms and a database."""
