"""Long runs that try to break cardan, with figures: ``make proof`` runs all of them, ``python -m proof.torture`` one.

Each run writes its figures to a JSON file beside its module, and ``python -m proof.page`` writes
``docs/explanation/reliability.md`` from these files and from those in ``soak/``. Modules whose names begin with that of
a run belong to it. ``make coverage`` and ``make mutation`` write ``coverage.json`` and ``mutation.json`` here. Short
forms of the runs are in ``tests/test_proof.py``, ``tests/test_caches.py`` and ``tests/test_lints.py``.
"""
