"""Test suites of other projects, run with cardan's classes in the place of Werkzeug's: ``make interop-suites``."""
