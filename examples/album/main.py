"""What a server runs: ``uvicorn album.main:app`` or ``gunicorn album.main:app``."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from cardan import ProxyFix

from .app import create_app
from .request import AlbumRequest

logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")


class HostedRequest(AlbumRequest):
    """A request to the hosts of this installation; another host gets a 400."""

    trusted_hosts = os.environ.get("ALBUM_HOSTS", "localhost,127.0.0.1").split(",")


# how many proxies of our own stand in front of the server
proxies = int(os.environ.get("ALBUM_PROXIES", "0"))
folder = Path(os.environ.get("ALBUM_FOLDER", "album-data"))
site = create_app(folder, os.environ["ALBUM_SECRET"], HostedRequest)
app = ProxyFix(site, x_for=proxies, x_proto=proxies, x_host=proxies)
