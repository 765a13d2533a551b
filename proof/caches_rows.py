"""The rows of ``proof.caches``: requests through a cache, and how many of them have to reach the application.

Each row is a function that takes a :class:`Stage`. ``get()`` sends a request through the cache and then to the
application itself; both answers have to be the same. ``reached()`` lists the statuses with which the application has
answered the cache since its last call; they are those that RFC 9111 asks for. Where another answer of one cache is
expected, the row names this cache.
"""

from __future__ import annotations

import gzip
import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

from tests.contract import test_response_conditional as conditional

if TYPE_CHECKING:
    from collections.abc import Callable

    from .caches_model import Answer

__all__ = ["ROWS", "SLICED", "Line", "Stage"]

KEPT = ("etag", "cache-control", "vary", "expires", "content-location")
"""The fields that a 304 has if the 200 has them (RFC 9110 section 15.4.5)."""
SHOWN = (*KEPT, "content-type", "last-modified", "content-disposition", "content-language", "accept-ranges")
PART = re.compile(rb"(?i)content-range: *bytes ([0-9]+)-([0-9]+)/[0-9]+\r\n(?:[^\r\n]+\r\n)*\r\n")
TIMES = [1_700_000_000]
"""The time of the file that was written last. Each gets another one."""
LONG = 3600
BIG = bytes(range(256)) * 400


class Line(NamedTuple):
    """A request that the cache sent to the application."""

    method: str
    target: str
    status: int
    sent: int


class Stage:
    """A cache in front of the application, for one row."""

    def __init__(
        self,
        cache: str,
        ask: Callable[[str, str, dict[str, str], bytes], Answer],
        direct: Callable[[str, str, dict[str, str], bytes], Answer],
        folder: Path,
        log: Callable[[], list[Line]],
        wait: Callable[[float], object],
    ) -> None:
        self.cache, self.ask, self.direct, self.folder, self.log, self.wait = cache, ask, direct, folder, log, wait
        self.asked = 0
        self.wrong: list[str] = []
        self.name = ""
        self._seen = len(log())

    def write(self, data: bytes, suffix: str = "") -> None:
        """Write the file of this row. Its time of modification is another one each time."""
        file = self.folder / f"{self.name}{suffix}"
        TIMES[0] += 10
        new = file.with_name(file.name + ".new")
        new.write_bytes(data)
        os.utime(new, (TIMES[0], TIMES[0]))
        new.replace(file)

    def get(
        self,
        path: str,
        method: str = "GET",
        /,
        ignored: tuple[str, ...] = (),
        instead: dict[str, int] | None = None,
        **fields: str,
    ) -> Answer:
        """Ask the cache and the application. Both answers have to be the same.

        A cache that is in ``instead`` has to answer with this status, and with the right bytes for it. ``ignored`` has
        the cache and the field that it shows as it was before.
        """
        target, asked = path.format(self.name), {name.replace("_", "-"): value for name, value in fields.items()}
        cached, own = self.through(target, method, asked), self.direct(method, target, asked, b"")
        status = (instead or {}).get(self.cache)
        if status is None:
            found = differences(self.cache, method, cached, own, ignored)
        else:
            found = otherwise(status, cached, self.direct(method, target, {}, b"").body)
        for each in found:
            self.say(f"{method} {target} {asked}: {each}")
        return cached

    def through(
        self, path: str, method: str = "GET", fields: dict[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        """Ask the cache alone."""
        self.asked += 1
        return self.ask(method, path.format(self.name), fields or {}, body)

    def reached(self, *statuses: int, **others: tuple[int, ...]) -> list[Line]:
        """Check with which statuses the application has answered the requests of the cache since the last call."""
        expected = sorted(others.get(self.cache.partition(" ")[0], statuses))
        deadline = time.monotonic() + 5  # some requests are sent after the client has its answer
        while len(lines := self.log()[self._seen :]) < len(expected) and time.monotonic() < deadline:
            time.sleep(0.01)
        self._seen += len(lines)
        if (found := sorted(line.status for line in lines)) != expected:
            self.say(f"the application has answered {found}, expected {expected}: {lines}")
        return lines

    def must(self, good: object, what: str) -> None:
        """Note ``what`` as wrong if ``good`` is false."""
        if not good:
            self.say(what)

    def say(self, what: str) -> None:
        """Something is wrong."""
        self.wrong.append(f"{self.name}: {what}")


def differences(cache: str, method: str, cached: Answer, own: Answer, ignored: tuple[str, ...]) -> list[str]:
    """What the answer of a cache says differently from the answer of the application."""
    if own.status == 206 and (is_multipart(own) or is_multipart(cached)):
        return several(cached, own)
    if cached.status != own.status:
        return [f"status {cached.status}, the application {own.status}: {cached.headers} {own.headers}"]
    if own.status in (412, 416):  # the cache explains it in its own words
        same = cached.headers.get("content-range") == own.headers.get("content-range")
        return [] if same else [f"Content-Range {cached.headers.get('content-range')}"]
    if own.status == 304:
        return other_fields(cache, cached, own, KEPT, ignored)
    found = []
    coded, coded_own = cached.headers.get("content-encoding"), own.headers.get("content-encoding")
    bodies = (cached.body, own.body) if coded == coded_own else (plain(cached.body, coded), plain(own.body, coded_own))
    if method != "HEAD" and bodies[0] != bodies[1]:
        found.append(f"{cached.body[:60]!r}..., the application {own.body[:60]!r}...")
    if method == "GET" and int(cached.headers.get("content-length", len(cached.body))) != len(cached.body):
        found.append(f"Content-Length {cached.headers['content-length']} of {len(cached.body)} bytes")
    names: tuple[str, ...] = SHOWN if own.status < 400 else ("content-type",)
    if (
        cache == "varnish"
        and cached.headers.get("etag", "").startswith("W/")
        and own.headers.get("etag", "").startswith('"')
    ):
        # it has unpacked the packed file for a client that does not take it: another ETag and date, and no ranges
        names = tuple(name for name in names if name not in ("etag", "last-modified", "accept-ranges"))
    else:
        names = (*names, "content-range", "content-encoding")
        if "content-length" in cached.headers:
            names = (*names, "content-length")
    return found + other_fields(cache, cached, own, names, ignored)


def other_fields(
    cache: str, cached: Answer, own: Answer, names: tuple[str, ...], ignored: tuple[str, ...]
) -> list[str]:
    """The fields that are not those of the application."""
    found = []
    for name in names:
        one, other = cached.headers.get(name), own.headers.get(name)
        if name == "accept-ranges" and (other is None or own.status == 206):
            continue  # a cache can announce ranges of its own, and who has a part knows
        if cache == "varnish" and name == "vary" and other is None and one == "Accept-Encoding":
            continue  # it unpacks what is packed, whatever its name
        if one != other and f"{cache} {name}" not in ignored:
            found.append(f"{name}: {one!r}, the application {other!r}")
    return found


def otherwise(status: int, cached: Answer, whole: bytes) -> list[str]:
    """What is wrong with an answer of this status, where the cache has a way of its own."""
    if cached.status != status:
        return [f"status {cached.status}, expected {status}"]
    if status == 206:
        begin, end = cached.headers["content-range"].removeprefix("bytes ").partition("/")[0].split("-")
        whole = whole[int(begin) : int(end) + 1]
    return [] if status == 416 or cached.body == whole else [f"{cached.body!r}, expected {whole!r}"]


def plain(body: bytes, coding: str | None) -> bytes:
    """A body without its content coding, if that is gzip."""
    return gzip.decompress(body) if coding == "gzip" and body else body


def several(cached: Answer, own: Answer) -> list[str]:
    """What is wrong with an answer to several ranges: the parts have the bytes that were asked for, or all is sent."""
    if cached.status == 200:
        return [f"{span}" for span, data in parts(own) if cached.body[span : span + len(data)] != data]
    one, other = bytes_by_place(cached), bytes_by_place(own)
    return [] if cached.status == 206 and one == other else [f"{cached.status} {one}, the application {other}"]


def bytes_by_place(answer: Answer) -> dict[int, int]:
    """The bytes of all parts of an answer by their places in the file; the parts may overlap."""
    return {begin + n: byte for begin, data in parts(answer) for n, byte in enumerate(data)}


def parts(answer: Answer) -> list[tuple[int, bytes]]:
    """The place and the data of each part of a 206."""
    if is_multipart(answer):
        found = [(int(match[1]), int(match[2]), match.end()) for match in PART.finditer(answer.body)]
        return [(begin, answer.body[at : at + end - begin + 1]) for begin, end, at in found]
    return [(int(answer.headers["content-range"].removeprefix("bytes ").partition("-")[0]), answer.body)]


def is_multipart(answer: Answer) -> bool:
    """Whether the answer has several parts."""
    return answer.headers.get("content-type", "").startswith("multipart/byteranges")


ROWS: dict[str, Callable[[Stage], object]] = {}
SLICED: dict[str, Callable[[Stage], object]] = {}
"""The rows of a cache that asks for slices of an answer."""


def row(function: Callable[[Stage], object]) -> Callable[[Stage], object]:
    """Add a row, whose name is that of the function."""
    ROWS[function.__name__] = function
    return function


def sliced(function: Callable[[Stage], object]) -> Callable[[Stage], object]:
    """Add a row for slices."""
    SLICED[function.__name__] = function
    return function


@row
def fresh(s: Stage) -> None:
    """A fresh answer is stored (RFC 9111 section 4.2)."""
    s.write(b"fresh file")
    for path in ("/long/{}", f"/sent/{{}}?age={LONG}", "/view/{}?cc=max-age%3D3600"):
        for _ in range(3):
            s.get(path)
        s.reached(200)


@row
def validated_by_etag(s: Stage) -> None:
    """A stale answer is validated by its ETag; the cache serves what it has (section 4.3)."""
    s.write(b"stale file")
    for path in ("/short/{}", "/sent/{}?age=1", "/view/{}?cc=max-age%3D1&tag=strong"):
        s.get(path)
        s.reached(200)
        s.wait(2.2)
        s.get(path)
        lines = s.reached(304)
        s.must(sum(line.sent for line in lines) == 0, "a 304 has no body")


@row
def validated_by_date(s: Stage) -> None:
    """An answer without an ETag is validated by Last-Modified."""
    s.write(b"file with a date")
    for path in ("/sent/{}?age=1&date", "/view/{}?cc=max-age%3D1&date"):
        s.must("etag" not in s.get(path).headers, "there is no ETag")
        s.reached(200)
        s.wait(2.2)
        s.get(path)
        s.reached(304)


@row
def changed(s: Stage) -> None:
    """A file that has changed is sent with its new ETag."""
    for path in ("/short/{}", "/sent/{}?age=1", "/sent/{}?age=1&date", "/view/{}?cc=max-age%3D1&tag=strong"):
        s.write(b"before")
        before = s.get(path)
        s.reached(200)
        s.write(b"after!")
        s.wait(2.2)
        after = s.get(path)
        s.reached(200)
        s.must((before.body, after.body) == (b"before", b"after!"), f"{before.body!r} {after.body!r}")
        s.must("date" in path or before.headers["etag"] != after.headers["etag"], "the ETag is another one")


@row
def head_before_get(s: Stage) -> None:
    """HEAD has the fields of GET. All these caches ask by GET, and store the answer."""
    s.write(b"head first")
    for path in ("/long/{}", f"/sent/{{}}?age={LONG}", "/view/{}?cc=max-age%3D3600&tag=strong"):
        s.get(path, "HEAD")
        s.get(path)
        s.reached(200)


@row
def head_after_get(s: Stage) -> None:
    """HEAD is answered by what GET has stored (section 4)."""
    s.write(b"get first")
    for path in ("/long/{}", f"/sent/{{}}?age={LONG}", "/view/{}?cc=max-age%3D3600&tag=strong"):
        s.get(path)
        s.get(path, "HEAD")
        s.reached(200)


RANGES = ("bytes=10-19", "bytes=90-", "bytes=-5", "bytes=0-0", "bytes=-1000", "bytes=0-1000", "bytes=100-", "bytes=-0")
DIGITS = b"0123456789" * 10
RANGED = ("/long/{}", f"/sent/{{}}?age={LONG}", "/view/{}?cc=max-age%3D3600&tag=strong&ranges")


@row
def ranges(s: Stage) -> None:
    """Parts of a stored answer are the parts that the application sends (RFC 9110 section 14)."""
    s.write(DIGITS)
    for path in RANGED:
        s.get(path)
        s.reached(200)
        for value in RANGES[:7]:
            s.get(path, Range=value)
        s.reached()


@row
def range_before_all(s: Stage) -> None:
    """A cache that does not have the file asks for all of it."""
    s.write(DIGITS)
    for path in RANGED:
        s.get(path, Range="bytes=10-19")
        s.get(path)
        s.reached(200)


@row
def several_ranges(s: Stage) -> None:
    """Several ranges are sent as parts, or all is sent. Varnish refuses them."""
    s.write(DIGITS)
    for path in RANGED:
        s.get(path)
        s.get(path, instead={"varnish": 416}, Range="bytes=0-1,50-52,-1")
        s.reached(200)


@row
def if_range(s: Stage) -> None:
    """A part is sent if the file is still the same, else all (RFC 9110 section 13.1.5)."""
    s.write(DIGITS)
    for path in (*RANGED[:2], RANGED[2] + "&date"):
        there = s.get(path).headers
        for condition in (there["etag"], '"other"', f"W/{there['etag']}", there["last-modified"]):
            s.get(path, Range="bytes=1-2", If_Range=condition)
        s.get(path, Range="bytes=1-2", If_Range="Thu, 01 Jan 2015 00:00:00 GMT")
        s.reached(200)


@row
def stale_range(s: Stage) -> None:
    """A part of a stale answer is sent when the application has said that it is still right; else one of the new."""
    s.write(DIGITS)
    s.get("/short/{}")
    s.wait(2.2)
    s.get("/short/{}", Range="bytes=10-19")
    s.reached(200, 304)
    s.wait(2.2)
    s.write(DIGITS[::-1])
    s.get("/short/{}", Range="bytes=10-19")
    s.reached(200)


@row
def no_ranges(s: Stage) -> None:
    """An answer that announces no ranges is sent whole, with `proxy_force_ranges off`. Varnish makes ranges itself."""
    s.write(DIGITS)
    path = "/view/{}?cc=max-age%3D3600&tag=strong"
    s.get(path)
    s.get(path, instead={"varnish": 206}, Range="bytes=10-19")
    s.reached(200)


@row
def streamed(s: Stage) -> None:
    """A stream is stored and given in parts like any other answer."""
    s.write(DIGITS)
    path = RANGED[2] + "&stream"
    s.get(path, Range="bytes=5-15")
    s.get(path)
    s.get(path, "HEAD")
    s.reached(200)


@row
def conditional_clients(s: Stage) -> None:
    """A client's own conditions are answered by what is stored (RFC 9111 section 4.3.2). Varnish knows one tag only."""
    s.write(b"known to the client")
    for path in ("/long/{}", f"/sent/{{}}?age={LONG}", "/view/{}?cc=max-age%3D3600&tag=strong&date"):
        there = s.get(path).headers
        for condition in (there["etag"], f"W/{there['etag']}", f'"other", {there["etag"]}', '"other"'):
            instead = {"varnish": 200} if ", " in condition else {}
            s.get(path, instead=instead, If_None_Match=condition)
            s.get(path, "HEAD", instead=instead, If_None_Match=condition)
        s.get(path, If_Modified_Since=there["last-modified"])
        s.get(path, If_Modified_Since="Thu, 01 Jan 2015 00:00:00 GMT")
        s.get(path, If_None_Match='"other"', If_Modified_Since=there["last-modified"])
        s.reached(200)


OTHERWISE = {
    "If-Range with a weak tag": {"nginx": 206},
    "If-None-Match: *, resource exists": {"varnish": 200},
    "Range of an unknown unit": {"varnish": 416},
    "ranges with more bytes than the whole": {"varnish": 416},
    "more bytes than the whole, range by range": {"varnish": 416},
}
"""Rows of the table for which another status of a cache is expected."""


@row
def table_of_conditions(s: Stage) -> None:
    """The table of tests/contract/test_response_conditional.py, asked of what the cache has stored.

    If-Match and If-Unmodified-Since are not for caches (RFC 9111 section 4.3.2); nginx is expected to answer them as
    the application does.
    """
    for kind in ("bytes", "list", "sync", "async"):
        for name, (there, fields, status) in conditional.ROWS.items():
            target = f"/table/{kind}?{urlencode({**there, 'row': name})}"
            asked: Any = {key.replace("_", "-"): value for key, value in fields.items()}
            instead = {"varnish": 200, "model": 200} if status == 412 else OTHERWISE.get(name, {})
            s.get(target)
            for method in ("GET", "HEAD"):
                s.get(target, method, instead=instead, **asked)
            s.reached(*[200] if status != 404 else [404] * 3)
        for name, (value, content_range, data) in conditional.RANGES.items():
            target = f"/table/{kind}?{urlencode({**conditional.V1, 'row': name})}"
            s.get(target)
            got = s.get(target, instead={"varnish": 416, "model": 200} if "," in value else {}, Range=value)
            if "," not in value:
                s.must((got.headers["content-range"], got.body) == (content_range, data), f"{name}: {got}")
            s.reached(200)


@row
def conditional_clients_of_stale(s: Stage) -> None:
    """A client's condition on a stale answer is answered when the cache has validated it."""
    s.write(b"known to the client")
    tag = s.get("/short/{}").headers["etag"]
    s.wait(2.2)
    s.must(s.get("/short/{}", If_None_Match=tag).status == 304, "the client gets a 304")
    s.reached(200, 304)
    s.write(b"changed")
    s.wait(2.2)
    s.must(s.get("/short/{}", If_None_Match=tag).status == 200, "the client gets the new one")
    s.reached(200)


@row
def precompressed(s: Stage) -> None:
    """Each coding of a file is stored by itself (RFC 9111 section 4.1). Varnish asks for gzip only, and unpacks it."""
    text = b"a text that is packed " * 20
    s.write(text)
    s.write(gzip.compress(text, mtime=0), ".gz")
    s.write(b"as if by brotli", ".br")
    s.get("/long/{}")
    s.get("/long/{}", Accept_Encoding="gzip")
    s.reached(200, 200, varnish=(200,))
    if s.cache != "varnish":
        s.get("/long/{}", Accept_Encoding="br")
        s.reached(200)
    s.get("/long/{}")
    s.get("/long/{}", Accept_Encoding="gzip")
    s.get("/long/{}", "HEAD", Accept_Encoding="gzip")
    s.get("/long/{}", Accept_Encoding="gzip", Range="bytes=0-9")
    s.reached()


@row
def precompressed_and_stale(s: Stage) -> None:
    """Each coding has an ETag of its own, and keeps Vary and Content-Encoding when it is validated."""
    text = b"another text " * 20
    s.write(text)
    s.write(gzip.compress(text, mtime=0), ".gz")
    s.get("/short/{}", Accept_Encoding="gzip")
    s.reached(200)
    s.wait(2.2)
    s.get("/short/{}", Accept_Encoding="gzip")
    s.reached(304)
    s.write(gzip.compress(text + b"!", mtime=0), ".gz")
    s.wait(2.2)
    s.get("/short/{}", Accept_Encoding="gzip")
    s.reached(200)


@row
def packed_by_its_name(s: Stage) -> None:
    """A file that is packed itself has its Content-Encoding also when it is validated."""
    s.name += ".svgz"
    s.write(gzip.compress(b"<svg/>" * 20, mtime=0))
    s.get("/short/{}", Accept_Encoding="gzip")
    s.wait(2.2)
    s.get("/short/{}", Accept_Encoding="gzip")
    s.reached(200, 304)


@row
def packed_on_its_way(s: Stage) -> None:
    """What ``Compression`` has packed is stored by itself, and a client that takes no gzip does not get it."""
    s.write(b"a text that is packed " * 50)
    path = "/packed/{}?cc=max-age%3D3600&tag=strong"
    for _ in range(2):
        s.get(path, Accept_Encoding="gzip")
        s.get(path)
    s.reached(200, 200, varnish=(200,))


@row
def varies(s: Stage) -> None:
    """Requests with another value of a field that Vary names get another answer."""
    s.write(b"in some language")
    path = "/view/{}?cc=max-age%3D3600&tag=strong&vary=Accept-Language"
    for _ in range(2):
        s.get(path, Accept_Language="en")
        s.get(path, Accept_Language="de")
    s.reached(200, 200)


@row
def never_stored(s: Stage) -> None:
    """`no-store` and `private` are not stored by a shared cache (RFC 9111 sections 5.2.2.5 and 5.2.2.7)."""
    s.write(b"for you alone")
    for control in ("no-store", "private", "private%2Cmax-age%3D3600", "no-store%2Cmax-age%3D3600"):
        for _ in range(2):
            s.get(f"/view/{{}}?tag=strong&cc={control}")
        s.reached(200, 200)


@row
def asked_each_time(s: Stage) -> None:
    """`no-cache` is stored and validated each time (section 5.2.2.4). nginx and Varnish do not store it."""
    s.write(b"ask me")
    for path in ("/ask/{}", "/sent/{}", "/view/{}?tag=strong&cc=no-cache"):
        s.get(path)
        s.get(path)
        s.reached(200, 304, nginx=(200, 200), varnish=(200, 200))


@row
def must_revalidate(s: Stage) -> None:
    """`must-revalidate` is fresh for its time, and validated after it (section 5.2.2.2)."""
    s.write(b"no stale one")
    path = "/view/{}?tag=strong&cc=max-age%3D1%2Cmust-revalidate%2Cstale-while-revalidate%3D60"
    s.get(path)
    s.write(b"no stale one, but a new one")
    s.wait(2.2)
    old = s.through(path)
    # stale-while-revalidate is no use with must-revalidate; with nginx and Varnish the former decides
    s.must((old.body == b"no stale one") == (s.cache != "model"), f"{old.body!r}")
    s.reached(200, 200)


@row
def must_revalidate_alone(s: Stage) -> None:
    """`must-revalidate` with `max-age` is validated when it is stale."""
    s.write(b"no stale one")
    path = "/view/{}?tag=strong&cc=max-age%3D1%2Cmust-revalidate"
    s.get(path)
    s.wait(2.2)
    s.get(path)
    s.reached(200, 304)


@row
def shared_age(s: Stage) -> None:
    """`s-maxage` is for shared caches, and goes before `max-age` and Expires (section 4.2.1)."""
    s.write(b"for caches")
    for query in ("cc=max-age%3D0%2Cs-maxage%3D3600", "cc=s-maxage%3D3600&expires=1000"):
        s.get(f"/view/{{}}?tag=strong&{query}")
        s.get(f"/view/{{}}?tag=strong&{query}")
        s.reached(200)
    s.get("/view/{}?tag=strong&cc=max-age%3D3600%2Cs-maxage%3D1")
    s.wait(2.2)
    s.get("/view/{}?tag=strong&cc=max-age%3D3600%2Cs-maxage%3D1")
    s.reached(200, 304)


@row
def expires(s: Stage) -> None:
    """Expires alone tells how long (section 5.3)."""
    s.write(b"until then")
    later = int(time.time()) + LONG
    for _ in range(2):
        s.get(f"/view/{{}}?tag=strong&expires={later}")
    s.reached(200)
    for _ in range(2):
        s.get("/view/{}?tag=strong&expires=1000000")
    s.reached(200, 304, nginx=(200, 200), varnish=(200, 200))


@row
def stale_while_revalidate(s: Stage) -> None:
    """A stale answer is sent at once, and the new one is fetched after it (RFC 5861 section 3)."""
    s.write(b"old one")
    path = "/view/{}?tag=strong&cc=max-age%3D1%2Cstale-while-revalidate%3D60"
    s.get(path)
    s.reached(200)
    s.write(b"new one")
    s.wait(2.2)
    s.must(s.through(path).body == b"old one", "the stale one is sent")
    s.reached(200)
    deadline = time.monotonic() + 5
    while (got := s.through(path).body) != b"new one" and time.monotonic() < deadline:
        time.sleep(0.02)
    s.must(got == b"new one", f"{got!r}")


@row
def weak_tags(s: Stage) -> None:
    """A weak ETag validates all of a stale answer, and no part of it (RFC 9110 sections 8.8.3.2 and 13.1.5).

    For If-Range with this tag a 206 of nginx is expected.
    """
    s.write(DIGITS)
    path = "/view/{}?tag=weak&ranges&cc=max-age%3D1"
    s.must(s.get(path).headers["etag"].startswith('W/"'), "the ETag is weak")
    s.wait(2.2)
    s.get(path)
    s.reached(200, 304)
    path = "/view/{}?tag=weak&ranges&cc=max-age%3D3600"
    tag = s.get(path).headers["etag"]
    s.get(path, If_None_Match=tag)
    s.get(path, Range="bytes=1-2")
    s.get(path, instead={"nginx": 206}, Range="bytes=1-2", If_Range=tag)
    s.reached(200)


@row
def age(s: Stage) -> None:
    """Age is how long the cache has had the answer (RFC 9111 section 5.1); it is not the application that sends it."""
    s.write(b"aged")
    s.must("age" not in s.direct("GET", f"/long/{s.name}", {}, b"").headers, "no Age of the application")
    s.get("/long/{}")
    s.wait(2.2)
    if s.cache.startswith("nginx"):  # it sends none
        s.get("/long/{}")
    else:
        s.must(int(s.get("/long/{}").headers["age"]) >= 2, "Age")
    s.reached(200)


@row
def updated_by_304(s: Stage) -> None:
    """A 304 has what guides caches: the stored answer gets it (RFC 9110 section 15.4.5, RFC 9111 section 3.2)."""
    s.write(b"the same")
    s.write(b"max-age=1", ".cc")
    path = "/view/{}?tag=strong&date&place=/here&vary=Accept-Language"
    s.get(path, Accept_Language="en")
    s.reached(200)
    s.wait(2.2)
    s.write(b"max-age=3600", ".cc")
    # what nginx sends as Cache-Control is not compared
    s.get(path, Accept_Language="en", ignored=("nginx cache-control",))
    s.reached(304)
    s.wait(2.2)
    s.get(path, Accept_Language="en", ignored=("nginx cache-control",))
    s.reached()


@row
def described(s: Stage) -> None:
    """What describes a file stays when it is validated: its name, its language, its type."""
    s.write(b"saved")
    path = "/sent/{}?age=1&save&language"
    s.get(path)
    s.wait(2.2)
    s.get(path)
    s.reached(200, 304)


@row
def errors(s: Stage) -> None:
    """An error without a time is asked for again: none has a field that lets a cache keep it."""
    s.write(b"there")
    for target, status in (
        ("/long/no-such-file", 404),
        ("/sent/no-such-file?age=3600", 404),
        ("/view/{}?status=403&cc=max-age%3D3600", 403),
        ("/view/{}?status=500&cc=max-age%3D3600", 500),
        ("/view/{}?status=503", 503),
    ):
        for _ in range(2):
            s.must(s.get(target).status == status, f"{target}: {status}")
        s.reached(status, status)


@row
def errors_of_methods(s: Stage) -> None:
    """POST to a file is refused, and what is stored stays (RFC 9111 section 4.4)."""
    s.write(b"unmoved")
    s.get("/long/{}")
    s.must(s.through("/long/{}", "POST", body=b"x").status == 405, "405")
    s.get("/long/{}")
    s.reached(200, 405)


@row
def queries(s: Stage) -> None:
    """Each query is a resource of its own."""
    s.write(b"by its query")
    for _ in range(2):
        for query in ("a=1", "a=2", "a=1&a=2", "a=%20"):
            s.get(f"/view/{{}}?cc=max-age%3D3600&{query}")
            s.get(f"/long/{{}}?{query}")
    s.reached(*[200] * 8)


@row
def post(s: Stage) -> None:
    """A POST that was not an error invalidates (section 4.4). Here nginx and Varnish get it when it is stale."""
    s.write(b"one")
    path = "/view/{}?tag=strong&cc=max-age%3D1"
    s.get(path)
    s.reached(200)
    s.must(s.through("/view/{}?tag=strong&cc=max-age%3D1", "POST", body=b"two").status == 204, "204")
    s.reached(204)
    if s.cache != "model":
        s.wait(2.2)
    s.must(s.get(path).body == b"two", "the new one")
    s.reached(200)
    s.must(s.through(path + "&status=409", "POST", body=b"two").status == 409, "409")
    s.reached(409)


@row
def empty(s: Stage) -> None:
    """An empty file is an answer like any other. Its range may be refused or left alone (RFC 9110 section 14.2)."""
    s.write(b"")
    for path in ("/long/{}", f"/sent/{{}}?age={LONG}"):
        s.get(path)
        s.get(path)
        s.get(path, instead={"varnish": 416, "model": 416}, Range="bytes=0-")
        s.reached(200)


@row
def big(s: Stage) -> None:
    """A file of several chunks is stored whole."""
    s.write(BIG)
    s.get("/long/{}")
    s.get("/long/{}", Range="bytes=40000-80000")
    s.get("/long/{}", Range="bytes=-70000")
    s.get("/long/{}")
    s.reached(200)


@sliced
def slices(s: Stage) -> None:
    """All of a file is put together of slices; each is asked for once."""
    s.write(BIG)
    for path in ("/long/{}", "/sent/{}?age=3600", "/view/{}?cc=max-age%3D3600&tag=strong&ranges"):
        s.get(path)
        s.reached(206, 206, 206, 206)
        s.get(path)
        s.get(path, "HEAD")
        s.get(path, Range="bytes=40000-80000")
        s.get(path, Range="bytes=102399-")
        s.reached()


@sliced
def slices_of_a_part(s: Stage) -> None:
    """Only the slices are asked for that a range needs."""
    s.write(BIG)
    s.get("/long/{}", Range="bytes=40000-40010")
    s.reached(206)
    s.get("/long/{}", Range="bytes=40000-70000")
    s.reached(206)
    s.get("/long/{}", Range="bytes=65000-65999")
    s.reached()


@sliced
def slices_by_conditions(s: Stage) -> None:
    """Conditions of clients are answered by the stored slices."""
    s.write(BIG)
    tag = s.get("/long/{}").headers["etag"]
    s.get("/long/{}", If_None_Match=tag)
    s.get("/long/{}", Range="bytes=1-2", If_Range=tag)
    s.get("/long/{}", Range="bytes=1-2", If_Range='"other"')
    s.reached(206, 206, 206, 206)


@sliced
def small_slices(s: Stage) -> None:
    """A file that is smaller than a slice comes in one; one that is missing is a 404."""
    s.write(DIGITS)
    s.get("/long/{}")
    s.get("/long/{}", Range="bytes=5-9")
    s.reached(206)
    s.get("/long/no-such-file")
    s.reached(404)


@sliced
def stale_slices(s: Stage) -> None:
    """A stale slice is validated like a whole answer: RFC 9110 section 13.2.2 asks If-None-Match before Range."""
    s.write(DIGITS)
    s.get("/short/{}")
    s.wait(2.2)
    s.get("/short/{}")
    s.reached(206, 304)
    s.write(DIGITS[::-1])
    s.wait(2.2)
    s.get("/short/{}")
    s.reached(206)
