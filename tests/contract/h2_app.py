"""The applications for servers that speak HTTP/2, side by side: early hints, and trailer fields."""

from __future__ import annotations

from cardan import Mount

from . import hints_app, trailers_app

app = Mount({
    "/hints/plain": hints_app.plain,
    "/hints/awaiting": hints_app.awaiting,
    "/trailers/plain": trailers_app.plain,
    "/trailers/awaiting": trailers_app.awaiting,
})  # fmt: skip
