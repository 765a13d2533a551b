"""``Application.on_exception`` on real servers: what the client gets, and what the log has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from .conftest import ROOT

if TYPE_CHECKING:
    from tests.servers import ServerPool

#: where an exception arises, and its class
ANSWERED = {
    "handler": "Defect",
    "missing": "FileNotFoundError",
    "group": "ExceptionGroup",
    "before": "Defect",
    "after": "Defect",
}
KINDS = ("def", "async")


@pytest.mark.real_server
@pytest.mark.parametrize("server", ["gunicorn", "waitress", "uvicorn", "hypercorn"])
def test_on_real_servers(server: str, server_pool: ServerPool) -> None:
    """The response is sent, and ``cardan`` logs the error once with its traceback.

    A WSGI server does not learn of the error. An ASGI server gets it after the response, and logs it itself.
    """
    running = server_pool.get(server, "tests.contract.unexpected_app:app", app_dir=ROOT)
    is_asgi = server in ("uvicorn", "hypercorn")
    with httpx.Client(base_url=running.url, timeout=100) as client:
        for kind in KINDS:
            for place, name in ANSWERED.items():
                text = f"mark-{kind}-{place}-end"
                answer = client.get(f"/{kind}/{place}?{text}")
                assert (answer.status_code, answer.text) == (500, f"sorry: {name}")
                assert answer.headers["X-Sorry"] == "yes"
            # the same connection goes on
            assert client.get(f"/{kind}/well").text == "well"
        for kind in KINDS:
            for place in ANSWERED:
                line = f"'/{kind}/{place}' failed, and on_exception gave the response 500"
                running.wait_for_log(line)
                assert running.log().count(f"cardan: GET {line}") == 1
                error = f": mark-{kind}-{place}-end"
                if place != "group":
                    assert running.log().count(error) == (2 if is_asgi else 1), running.log()
        for kind in KINDS:
            answer = client.get(f"/{kind}/first?mark-{kind}-first-end")
            assert (answer.status_code, "X-Sorry" in answer.headers) == (500, False)
            for place in ("second", "async-second"):
                with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
                    client.get(f"/{kind}/{place}?mark-{kind}-{place}-end")
            # a cancellation from elsewhere is an error of an `async def` handler; a `def` handler awaits nothing
            answer = client.get(f"/{kind}/cancelled?x")
            assert (answer.status_code, "X-Sorry" in answer.headers) == (500, kind == "async")
            for place in ("first", "second", "async-second"):
                running.wait_for_log(f"Defect: mark-{kind}-{place}-end")
                assert running.log().count(f"Defect: mark-{kind}-{place}-end") == 1
                assert f"/{kind}/{place}' failed, and on_exception" not in running.log()
            assert client.get(f"/{kind}/well").text == "well"
