"""Files and conditional responses behind caches: the short form of `python -m proof.caches`.

A model of RFC 9111 runs all rows in this process. The caches that are installed run those that need not wait.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path

import pytest

from cardan.testing import PROTOCOLS
from cardan.types import ProtocolName
from proof import caches
from proof.caches_model import Answer, Cache
from proof.caches_rows import ROWS, SLICED

AT_ONCE = {name for name, row in {**ROWS, **SLICED}.items() if "s.wait(" not in inspect.getsource(row)}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", ROWS)
def test_row(name: str, protocol: ProtocolName, tmp_path: Path) -> None:
    """A client gets through a cache what the application answers, and the application is asked as seldom as may be."""
    with caches.model_stage(tmp_path, protocol) as stage:
        asked, wrong = caches.tried(stage, {name: ROWS[name]})
    assert wrong == []
    assert asked > 0


@pytest.mark.real_server
@pytest.mark.parametrize("server", caches.ORIGINS)
@pytest.mark.parametrize("cache", caches.CACHES)
def test_installed_caches(cache: str, server: str) -> None:
    """The rows hold through the caches that this machine has, too. Those in which time passes are left out here."""
    if cache not in caches.installed():
        pytest.skip(f"server {caches.PROGRAMS[cache]} is not installed")
    table = SLICED if cache == "nginx slices" else ROWS
    with caches.Running(cache, server) as there:
        asked, wrong = caches.tried(
            caches.real_stage(there), {name: row for name, row in table.items() if name in AT_ONCE}
        )
    assert wrong == []
    assert asked > 10


def without(*names: str) -> Callable[[str, dict[str, str]], None]:
    """The application does not see these fields."""

    def change(target: str, fields: dict[str, str]) -> None:
        for name in names:
            fields.pop(name, None)

    return change


def always_none(target: str, fields: dict[str, str]) -> None:
    """The application says that any stale answer is still right."""
    if "if-none-match" in fields:
        fields["if-none-match"] = "*"


def always_packed(target: str, fields: dict[str, str]) -> None:
    """The application sends the packed file to everybody that has not asked it directly."""
    if "X-Direct" not in fields:
        fields["accept-encoding"] = "gzip"


@pytest.mark.parametrize(
    ("row", "change", "said"),
    [
        ("validated_by_etag", without("if-none-match", "if-modified-since"), "the application has answered [200]"),
        ("changed", always_none, "the application has answered [304]"),
        ("precompressed", always_packed, "content-encoding: 'gzip'"),
        ("varies", lambda target, fields: fields.update({"Accept-Language": "fr"}), "b'en, fr"),
    ],
)  # fmt: skip
def test_a_fault_is_found(row: str, change: Callable[[str, dict[str, str]], None], said: str, tmp_path: Path) -> None:
    """An application that does not validate, validates what has changed, or sends another variant breaks a row."""
    with caches.model_stage(tmp_path, "wsgi", change) as stage:
        wrong = caches.tried(stage, {row: ROWS[row]})[1]
    assert any(said in each for each in wrong), wrong


def origin(answer: Answer) -> Callable[[str, str, dict[str, str], bytes], Answer]:
    """An application that always answers the same."""
    return lambda method, target, fields, body: answer


@pytest.mark.parametrize(
    ("headers", "fields", "status"),
    [
        ({"cache-control": "max-age=60"}, {}, 200),
        ({"cache-control": "max-age=60", "etag": '"a"'}, {"If-None-Match": 'W/"a"'}, 304),
        ({"cache-control": "max-age=60", "etag": '"a"'}, {"If-None-Match": '"b"'}, 200),
        ({"cache-control": "max-age=60", "accept-ranges": "bytes"}, {"Range": "bytes=1-2"}, 206),
        ({"cache-control": "max-age=60"}, {"Range": "bytes=1-2"}, 200),
        ({"cache-control": "max-age=60", "accept-ranges": "bytes"}, {"Range": "bytes=4-"}, 416),
    ],
)  # fmt: skip
def test_the_model(headers: dict[str, str], fields: dict[str, str], status: int) -> None:
    """The model answers from what it has stored (RFC 9111 section 4), and asks only once."""
    cache = Cache(origin(Answer(200, headers, b"1234")))
    cache.ask("GET", "/", {})
    cache.origin = origin(Answer(500, {}, b""))
    answer = cache.ask("GET", "/", fields)
    assert answer.status == status
    assert answer.body == {200: b"1234", 206: b"23"}.get(status, b"")


@pytest.mark.parametrize(
    "headers",
    [
        {"cache-control": "no-store, max-age=60"}, {"cache-control": "private, max-age=60"},
        {"cache-control": "max-age=0"}, {}, {"cache-control": "max-age=60", "vary": "*"}, {"expires": "0"},
        {"cache-control": "max-age=60, s-maxage=0"},
        {"expires": "Thu, 01 Jan 2026 12:00:00 GMT", "date": "Thu, 01 Jan 2026 12:00:00 GMT"},
    ],
)  # fmt: skip
def test_the_model_does_not_use(headers: dict[str, str]) -> None:
    """What may not be stored, or is not fresh, is asked for again (RFC 9111 sections 3 and 4.2)."""
    cache = Cache(origin(Answer(200, headers, b"1234")))
    cache.ask("GET", "/", {})
    cache.origin = origin(Answer(500, {}, b""))
    assert cache.ask("GET", "/", {}).status == 500
