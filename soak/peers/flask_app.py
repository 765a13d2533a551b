"""The application of the part ``refusals``, made with Flask."""

from __future__ import annotations

from flask import Flask, request

from soak.process import LIMIT

app = Flask(__name__)


@app.post("/blocking-limited")
def limited() -> str:
    """Read a form that must be small."""
    setattr(request, request.args["limit"], LIMIT)
    return str(sum(file.stream.seek(0, 2) for file in request.files.values()))
