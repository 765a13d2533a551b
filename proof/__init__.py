"""Long runs that try to break cardan, each with a figure: ``make proof``, or ``python -m proof.torture`` for one.

A run writes its figure to a JSON file beside its module, and ``python -m proof.page`` makes
``docs/explanation/reliability.md`` of these files. ``tests/test_proof.py`` has a short form of each run.
"""
