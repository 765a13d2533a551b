"""A model of a shared cache, as RFC 9111 describes it, with a clock that only the caller moves.

``Cache.ask()`` answers from what it has stored, or asks the application. It stores whole answers only, makes ranges of
them itself (RFC 9110 section 14), and validates a stale one by its ETag and its date (RFC 9111 section 4.3).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Answer", "Cache"]

NOT_UPDATED = frozenset(("content-length", "connection", "transfer-encoding", "content-range"))
"""The fields of a 304 that do not replace those of the stored answer (RFC 9111 section 3.2)."""
SAFE = frozenset(("GET", "HEAD", "OPTIONS", "TRACE"))


class Answer(NamedTuple):
    """An answer. The names of its fields are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Stored:
    """An answer, the fields of the request that it was chosen by, and when it was received or validated."""

    answer: Answer
    varies: dict[str, str | None]
    at: float
    control: dict[str, str | None] = field(default_factory=dict)


def directives(value: str) -> dict[str, str | None]:
    """The directives of a Cache-Control."""
    found: dict[str, str | None] = {}
    for each in filter(None, (part.strip() for part in value.split(","))):
        name, _, argument = each.partition("=")
        found[name.lower()] = argument.strip('"') or None
    return found


def lifetime(answer: Answer, control: Mapping[str, str | None]) -> float:
    """For how many seconds an answer is fresh in a shared cache (RFC 9111 section 4.2.1); nothing is guessed."""
    for name in ("s-maxage", "max-age"):
        if (seconds := control.get(name)) is not None:
            return float(seconds)
    if expires := date_of(answer.headers.get("expires")):
        date = date_of(answer.headers.get("date"))
        return (expires - date).total_seconds() if date else 0
    return 0


def date_of(value: str | None) -> datetime | None:
    """A date of HTTP; None if it is none."""
    try:
        return parsedate_to_datetime(value) if value else None
    except ValueError:
        return None


def tags(value: str) -> set[str]:
    """The opaque tags of a list of entity tags, for the weak comparison (RFC 9110 section 8.8.3.2)."""
    return {each.strip().removeprefix("W/") for each in value.split(",")}


class Cache:
    """A shared cache in front of ``origin``, which answers a method, a target, header fields and a body."""

    def __init__(self, origin: Callable[[str, str, dict[str, str], bytes], Answer]) -> None:
        self.origin = origin
        self.now = 0.0
        self.stored: dict[str, list[Stored]] = {}

    def ask(self, method: str, target: str, fields: Mapping[str, str], body: bytes = b"") -> Answer:
        """The answer that a client gets."""
        asked = {name.lower(): value for name, value in fields.items()}
        if method not in ("GET", "HEAD"):
            answer = self.origin(method, target, asked, body)
            if method not in SAFE and answer.status < 400:  # section 4.4
                self.stored.pop(target, None)
            return answer
        held = self._find(target, asked)
        if held is not None and self._is_fresh(held):
            return self._give(held, method, asked)
        if held is not None and self._is_usable_stale(held):
            answer = self._give(held, method, asked)
            self._fetch(target, asked, held)
            return answer
        return self._fetch(target, asked, held, method)

    def _fetch(self, target: str, asked: dict[str, str], held: Stored | None, method: str = "GET") -> Answer:
        """Ask the application for the whole, or whether what is stored is still right; then answer the client."""
        forwarded = {name: value for name, value in asked.items() if not name.startswith(("if-", "range"))}
        if held is not None:
            headers = held.answer.headers
            if "etag" in headers:
                forwarded["if-none-match"] = headers["etag"]
            if "last-modified" in headers:
                forwarded["if-modified-since"] = headers["last-modified"]
        answer = self.origin("GET", target, forwarded, b"")
        if held is not None and answer.status == 304:
            held.answer.headers.update({k: v for k, v in answer.headers.items() if k not in NOT_UPDATED})
            held.control, held.at = directives(held.answer.headers.get("cache-control", "")), self.now
            return self._give(held, method, asked)
        control = directives(answer.headers.get("cache-control", ""))
        names = [name.strip().lower() for name in answer.headers.get("vary", "").split(",") if name.strip()]
        new = Stored(answer, {name: asked.get(name) for name in names}, self.now, control)
        if held is not None and answer.status < 500:
            self.stored[target].remove(held)
        if self._may_store(new, asked):
            self.stored.setdefault(target, []).append(new)
        return self._give(new, method, asked)

    def _find(self, target: str, asked: dict[str, str]) -> Stored | None:
        """The stored answer that these fields choose (section 4.1)."""
        for held in reversed(self.stored.get(target, [])):
            if all(asked.get(name) == value for name, value in held.varies.items()):
                return held
        return None

    def _is_fresh(self, held: Stored) -> bool:
        return "no-cache" not in held.control and self.now - held.at < lifetime(held.answer, held.control)

    def _is_usable_stale(self, held: Stored) -> bool:
        """RFC 5861 section 3; RFC 9111 section 4.2.4."""
        strict = {"no-cache", "must-revalidate", "proxy-revalidate", "s-maxage"} & held.control.keys()
        more = float(held.control.get("stale-while-revalidate") or 0)
        return not strict and self.now - held.at < lifetime(held.answer, held.control) + more

    def _may_store(self, new: Stored, asked: dict[str, str]) -> bool:
        """RFC 9111 section 3. An answer that is neither fresh nor can be validated is not worth it."""
        headers = new.answer.headers
        if new.answer.status in (206, 304) or "*" in new.varies or "authorization" in asked:
            return False
        if {"no-store", "private"} & new.control.keys():
            return False
        if lifetime(new.answer, new.control) > 0:
            return True
        return new.answer.status == 200 and ("etag" in headers or "last-modified" in headers)

    def _give(self, held: Stored, method: str, asked: dict[str, str]) -> Answer:
        """What the client gets of a stored answer: a 304, a part, or all of it."""
        status, headers, body = held.answer
        headers = {**headers, "age": str(int(self.now - held.at))}
        if status == 200 and self._is_known(headers, asked):
            left = {k: v for k, v in headers.items() if not k.startswith("content-") or k == "content-location"}
            return Answer(304, left, b"")
        if status == 200 and method == "GET" and headers.get("accept-ranges") == "bytes":
            part = self._part(headers, body, asked)
            if part is not None:
                return part
        return Answer(status, headers, b"" if method == "HEAD" else body)

    @staticmethod
    def _is_known(headers: dict[str, str], asked: dict[str, str]) -> bool:
        if "if-none-match" in asked:
            tag = headers.get("etag")
            return asked["if-none-match"] == "*" or (tag is not None and bool(tags(tag) & tags(asked["if-none-match"])))
        since, modified = date_of(asked.get("if-modified-since")), date_of(headers.get("last-modified"))
        return since is not None and modified is not None and modified <= since

    @staticmethod
    def _part(headers: dict[str, str], body: bytes, asked: dict[str, str]) -> Answer | None:
        """One range of a stored answer; None if all of it is sent."""
        unit, _, value = asked.get("range", "").partition("=")
        condition = asked.get("if-range")
        same = condition is None or (
            condition == headers.get("etag") if '"' in condition else condition == headers.get("last-modified")
        )
        weak = condition is not None and condition.startswith("W/")
        if unit != "bytes" or "," in value or not same or weak:
            return None
        first, _, last = value.partition("-")
        start = int(first) if first else max(len(body) - int(last), 0)
        stop = min(int(last) + 1, len(body)) if first and last else len(body)
        if start >= len(body):
            return Answer(416, {"content-range": f"bytes */{len(body)}", "content-length": "0"}, b"")
        shown = {"content-range": f"bytes {start}-{stop - 1}/{len(body)}", "content-length": str(stop - start)}
        return Answer(206, {**headers, **shown}, body[start:stop])
