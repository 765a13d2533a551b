"""The album after the first chapter: routes, responses and tests."""
