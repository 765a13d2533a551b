"""Load on real servers, for as long as it is asked to: ``make soak`` runs the parts, and writes what it found.

Each part of :mod:`soak.parts` starts a server with :mod:`soak.app`, puts load on it, and gives figures with the bounds
that they have to keep. ``soak/results.json`` holds the figures of the last run of each part.

``python -m soak --peer quart`` does the same work with an application of :mod:`soak.peers`, and writes
``soak/peers.json``.
"""
