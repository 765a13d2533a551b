"""Whether the installed package works where nothing else is installed: ``python -P tests/installed.py``.

`make dist-test` runs it. It imports every public module, and posts a form to an application over both protocols.
"""

from __future__ import annotations

import asyncio
import importlib
import pkgutil
import sysconfig
from importlib.metadata import distributions, version
from pathlib import Path
from typing import Any

import cardan
from cardan.testing import RequestBuilder

#: What may be there beside cardan: anyio and what anyio needs, and pip itself.
EXPECTED = {"cardan", "anyio", "idna", "typing_extensions", "pip", "setuptools", "wheel"}

#: A module that needs another package, and says so.
NEEDS_WERKZEUG = "cardan.compat.werkzeug.routing"


@cardan.Request.application(load=True)
async def app(request: cardan.Request[Any]) -> cardan.Response:
    """Answer with a field of a form."""
    return cardan.Response(f"Hello {request.form['name']}")


def over_wsgi(request: RequestBuilder) -> bytes:
    """The body of the application's answer as a WSGI server gets it."""
    return b"".join(app(request.environ(), lambda status, fields, error=None: lambda data: None))


def over_asgi(request: RequestBuilder) -> bytes:
    """The body of the application's answer as an ASGI server gets it."""
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def call() -> None:
        await app(request.scope(), request.receive(), send)

    asyncio.run(call())
    return b"".join(message.get("body", b"") for message in sent)


def main() -> None:
    """Fail with an error, or print what was found."""
    home = Path(cardan.__file__).resolve().parent
    assert home.is_relative_to(Path(sysconfig.get_path("purelib")).resolve()), home
    assert (home / "py.typed").is_file()
    assert version("cardan") == cardan.__version__
    others = {found.name.lower().replace("-", "_") for found in distributions()} - EXPECTED
    assert not others, others

    names = [found.name for found in pkgutil.walk_packages(cardan.__path__, "cardan.")]
    public = [name for name in names if not any(part.startswith("_") for part in name.split("."))]
    for name in public:
        try:
            importlib.import_module(name)
        except ImportError as error:
            if str(error) != f"{NEEDS_WERKZEUG} needs Werkzeug: pip install werkzeug":
                raise
    request = RequestBuilder("/", method="POST", data={"name": "Ada"})
    assert over_wsgi(request) == over_asgi(request) == b"Hello Ada"
    print(f"cardan {cardan.__version__} in {home}: {len(public)} public modules")


if __name__ == "__main__":
    main()
