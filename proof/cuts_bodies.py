"""The bodies of forms for :mod:`proof.cuts`: collected ones (``tests/corpora.py``), odd forms, and generated ones."""

from __future__ import annotations

import json
import random
from base64 import b64decode
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.core.forms.strange_forms import CT, MULTIPART, URLENCODED
from tests.corpora import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Sent", "all_bodies", "generated", "of_corpora", "strange"]

URL = "application/x-www-form-urlencoded"
LARGEST = 100_000
"""Larger bodies would take most of the time, and hold nothing that a smaller one does not."""


class Sent(NamedTuple):
    """A body, with the Content-Type that it was sent with, and where it is from."""

    origin: str
    content_type: str
    body: bytes


def _cases(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in a corpus that has a body."""
    if isinstance(value, dict):
        if "body_b64" in value or isinstance(value.get("body"), str) or isinstance(value.get("input"), str):
            yield value
        for one in value.values():
            yield from _cases(one)
    elif isinstance(value, list):
        for one in value:
            yield from _cases(one)


def of_corpora() -> Iterator[Sent]:
    """The bodies of the collections of other projects; nothing without them (``CARDAN_CORPORA`` names their folder)."""
    for path in sorted(ROOT.glob("*/*.json")) if ROOT.is_dir() else ():
        lines = path.read_text(encoding="utf-8").splitlines()
        try:
            content = json.loads("\n".join(line for line in lines if not line.lstrip().startswith("//")))
        except ValueError:
            continue
        for case in _cases(content):
            headers = {name.lower(): value for name, value in (case.get("headers") or {}).items()}
            kind = case.get("content_type") or headers.get("content-type")
            if "body_b64" in case:
                body = b64decode(case["body_b64"])
            elif path.parent.name.startswith("wpt-") and "urlencoded" in path.name:
                kind, body = URL, str(case.get("body") or case.get("input")).encode()
            else:
                continue
            if isinstance(kind, str) and kind.isascii() and len(body) <= LARGEST:
                yield Sent(path.parent.name, kind, body)


def strange() -> Iterator[Sent]:
    """The table of odd forms."""
    for row in (*MULTIPART, *URLENCODED):
        if row.content_type and row.content_type.isascii() and len(row.body) <= LARGEST:
            yield Sent("odd forms", row.content_type, row.body)


_PIECES = [
    b"--BOUND", b"--BOUND--", b"\r\n", b"\r\n\r\n", b"\n", b"\r", b"-", b"--",
    b'Content-Disposition: form-data; name="a"',
    b'Content-Disposition: form-data; name="f"; filename="x.txt"', b"Content-Type: text/plain", b"X: y", b" folded",
    b"value", b"\xc3\xa9", b"\xff", b"\0", b"BOUND", b"--BOUN",
]  # fmt: skip
_PAIRS = [b"a", b"b", b"=", b"&", b"+", b"%41", b"%3D", b"%", b"%4", b"%zz", b"\xff", b"%ff", b"%C3%A9", b"\0", b";"]


def generated(seed: int) -> Sent:
    """A form of whole parts, some of them broken, or of pieces in any order."""
    rand = random.Random(seed)
    if rand.random() < 0.3:
        return Sent("generated", URL, b"".join(rand.choices(_PAIRS, k=rand.randrange(30))))
    if rand.random() < 0.2:
        return Sent("generated", CT, b"".join(rand.choices(_PIECES, k=rand.randrange(30))))
    parts = []
    for _ in range(rand.randrange(6)):
        head = b'Content-Disposition: form-data; name="%b"' % rand.choice(
            [b"a", b"b", b"\xc3\xa9", b"%22", b"", b"\xff"]
        )
        if rand.random() < 0.4:
            head += b'; filename="%b"' % rand.choice([b"x", b"", b"C:\\x\\y", b"\xf0\x9f\x98\x80"])
        if rand.random() < 0.4:
            head += b"\r\nContent-Type: " + rand.choice([b"text/plain", b"text/plain; charset=latin-1", b"x"])
        if rand.random() < 0.05:
            head += rand.choice(_PIECES)
        data = b"".join(rand.choices(_PIECES[2:8] + _PIECES[13:], k=rand.randrange(8)))
        if rand.random() < 0.1:
            data *= 200
        parts.append(b"--BOUND\r\n" + head + b"\r\n\r\n" + data + b"\r\n")
    body = b"".join(parts) + rand.choice([b"--BOUND--\r\n", b"--BOUND--", b"--BOUND--\r\nepilogue", b"--BOUND", b""])
    return Sent("generated", CT, body)


def all_bodies(count: int) -> list[Sent]:
    """All bodies of the corpora, all odd forms, and ``count`` generated ones; without the empty bodies among them."""
    return [sent for sent in (*of_corpora(), *strange(), *map(generated, range(count))) if sent.body]
