"""A photo album with accounts: the application of the tutorial."""
