"""Load tests with real servers: ``make soak`` runs all parts, which takes more than an hour, and writes their figures.

Each part of :mod:`soak.parts` starts a server with :mod:`soak.app`, puts load on it, and yields figures. A figure may
have a bound that it must not exceed. ``soak/results.json`` has the figures of the last run of each part.

``python -m soak --peer quart`` puts the same load on an application of another library (:mod:`soak.peers`), and writes
``soak/peers.json``.
"""
