"""The photo album as it is at the end of the first chapters of the tutorial."""
