"""Readers and writers of header fields, compared with Werkzeug, Starlette, http-sf and the standard library.

    python benchmarks/fields.py [--quick] [--smoke] [--json FILE]

The first table shows microseconds for each call, as the median of turns, and the ratio of the fastest other library:
above 1 cardan is faster, and within 10 % it is a tie. cardan remembers fields that all browsers send in the same form.
For these there is also a row "unseen", with a new text in every call.

The second table shows each reader with its worst input: 2, 8 and 32 thousand characters of the worst shape in
tests/core/fields/readers.py. Four times the text should take about four times as long. A factor above 10 fails the run
(a quadratic reader has 16), unless all of it takes less than a millisecond.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from itertools import count
from pathlib import Path
from time import process_time
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(1, str(Path(__file__).parents[1] / "tests" / "core" / "fields"))

from readers import READERS, WORST
from timing import Turn, arguments, calls, interleave, machine, print_table, versions, write_json

from cardan.core.fields._accept import _remembered as remembered_accept
from cardan.core.fields._cookies import parse_cookie
from cardan.core.structures import Headers
from cardan.datastructures import (
    Authorization,
    ContentSecurityPolicy,
    ETags,
    IfRange,
    LanguageAccept,
    MIMEAccept,
    Range,
    RequestCacheControl,
    ResponseCacheControl,
    WWWAuthenticate,
)
from cardan.http import dump_cookie, http_date, parse_date, parse_media_type, parse_options_header, quote_etag
from cardan.structured import dump_dictionary, dump_item, dump_list, parse_dictionary, parse_item, parse_list

COOKIE = "session=eyJ1c2VyIjogNDJ9.Zx8; theme=dark; csrftoken=Vv3sYkQ0aB; lang=de"
LANGUAGE = "de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7"
ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
BOUNDARY = "multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW"
PART = 'form-data; name="file"; filename="hello world.txt"'
ETAGS = '"33a64df551425fcc", W/"0815"'
SIGNATURE = (
    'sig1=("@method" "@target-uri" "content-digest");created=1618884473;keyid="test-key-rsa-pss", '
    'sig2=("@authority");alg="ed25519"'
)
DIGEST = (
    'Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", algorithm=SHA-256, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001, qop=auth, '
    'cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", response="753927fa0e85d155564e2e272a28d180"'
)
CSP = "default-src 'self'; img-src * data:; upgrade-insecure-requests"

STRUCTURED: dict[str, tuple[str, str, Callable[[str], Any], Callable[[Any], str]]] = {
    "structured, Priority": ("dictionary", "u=1, i", parse_dictionary, dump_dictionary),
    "structured, Signature-Input": ("dictionary", SIGNATURE, parse_dictionary, dump_dictionary),
    "structured, Accept-Query": (
        "list",
        'application/jsonpath, application/sql;charset="UTF-8"',
        parse_list,
        dump_list,
    ),
    "structured, Idempotency-Key": ("item", '"8e03978e-40d5-43dd-bc93-6894a57f9324"', parse_item, dump_item),
}

Calls = dict[str, Callable[[], object]]


def optional(name: str) -> Any:
    """The module of another library, or None if it is not installed."""
    try:
        return import_module(name)
    except ImportError:
        print(f"{name} is left out", file=sys.stderr)
        return None


wz = optional("werkzeug.http")
http_sf = optional("http_sf")
wd = optional("werkzeug.datastructures")
starlette = optional("starlette.requests")
numbers = count()


def live() -> None:
    headers = Headers()
    ResponseCacheControl.bound(headers, "Cache-Control").max_age = 60
    ResponseCacheControl.bound(headers, "Cache-Control").public = True


def werkzeug_live() -> None:
    response = wz_response()
    response.cache_control.max_age = 60
    response.cache_control.public = True


def wz_response() -> Any:
    return import_module("werkzeug.sansio.response").Response()


def rows() -> dict[str, Calls]:
    """The rows of the comparison: name, library and call."""
    language, accept = LanguageAccept.from_header(LANGUAGE), MIMEAccept.from_header(ACCEPT)
    table: dict[str, Calls] = {
        "cookie, 4": {"cardan": lambda: parse_cookie(COOKIE)},
        "set-cookie": {"cardan": lambda: dump_cookie("session", "eyJ1c2VyIjogNDJ9", httponly=True, samesite="Lax")},
        "accept-language": {"cardan": lambda: LanguageAccept.from_header(LANGUAGE)},
        "accept-language, unseen": {"cardan": lambda: LanguageAccept.from_header(f"{LANGUAGE},x{next(numbers)}")},
        "accept-language, choose": {"cardan": lambda: language.best_match(["en", "fr"])},
        "accept": {"cardan": lambda: MIMEAccept.from_header(ACCEPT)},
        "accept, unseen": {"cardan": lambda: MIMEAccept.from_header(f"{ACCEPT},x/{next(numbers)}")},
        "accept, choose": {"cardan": lambda: accept.best_match(["application/json", "text/html"])},
        "date, read": {"cardan": lambda: parse_date(DATE)},
        "date, write": {"cardan": lambda: http_date(784111777)},
        "etag, write": {"cardan": lambda: quote_etag("33a64df551425fcc")},
        "if-none-match, 1": {"cardan": lambda: ETags.from_header('"33a64df551425fcc"')},
        "if-none-match, 2": {"cardan": lambda: ETags.from_header(ETAGS)},
        "if-range": {"cardan": lambda: IfRange.from_header('"33a64df551425fcc"')},
        "range": {"cardan": lambda: Range.from_header("bytes=0-499")},
        "range, 3": {"cardan": lambda: Range.from_header("bytes=0-499, 1000-1499, 5000-")},
        "content-type, json": {"cardan": lambda: parse_media_type("application/json")},
        "content-type, boundary": {"cardan": lambda: parse_media_type(BOUNDARY)},
        "options": {"cardan": lambda: parse_options_header(PART)},
        "basic": {"cardan": lambda: Authorization.from_header("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")},
        "bearer": {"cardan": lambda: Authorization.from_header("Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ")},
        "digest": {"cardan": lambda: Authorization.from_header(DIGEST)},
        "www-authenticate": {"cardan": lambda: WWWAuthenticate.from_header('Basic realm="staff"')},
        "cache-control, request": {"cardan": lambda: RequestCacheControl.from_header("no-cache, max-age=0")},
        "cache-control, set 2": {"cardan": live},
        "csp": {"cardan": lambda: ContentSecurityPolicy.from_header(CSP)},
    }
    add_structured(table)
    add_standard_library(table)
    if starlette:
        table["cookie, 4"]["starlette"] = lambda: starlette.cookie_parser(COOKIE)
    if wz:
        add_werkzeug(table)
    return table


def add_structured(table: dict[str, Calls]) -> None:
    for name, (kind, text, parse, dump) in STRUCTURED.items():
        table[f"{name}, read"] = {"cardan": partial(parse, text)}
        table[f"{name}, write"] = {"cardan": partial(dump, parse(text))}
        if http_sf:
            table[f"{name}, read"]["http-sf"] = partial(http_sf.parse, text.encode(), tltype=kind)
            table[f"{name}, write"]["http-sf"] = partial(http_sf.ser, http_sf.parse(text.encode(), tltype=kind))


def add_standard_library(table: dict[str, Calls]) -> None:
    from base64 import b64decode
    from email.message import Message
    from email.utils import formatdate, parsedate_to_datetime
    from http.cookies import SimpleCookie

    def message(name: str, value: str) -> Message:
        found = Message()
        found[name] = value
        return found

    def set_cookie() -> str:
        cookie = SimpleCookie()
        cookie["session"] = "eyJ1c2VyIjogNDJ9"
        cookie["session"].update({"path": "/", "httponly": True, "samesite": "Lax"})
        return cookie.output(header="")

    table["cookie, 4"]["stdlib"] = lambda: SimpleCookie(COOKIE)
    table["set-cookie"]["stdlib"] = set_cookie
    table["date, read"]["stdlib"] = lambda: parsedate_to_datetime(DATE)
    table["date, write"]["stdlib"] = lambda: formatdate(784111777, usegmt=True)
    table["content-type, boundary"]["stdlib"] = lambda: message("Content-Type", BOUNDARY).get_params()
    table["options"]["stdlib"] = lambda: message("Content-Disposition", PART).get_params(header="Content-Disposition")
    table["basic"]["floor"] = lambda: b64decode("QWxhZGRpbjpvcGVuIHNlc2FtZQ==").decode().partition(":")


def add_werkzeug(table: dict[str, Calls]) -> None:
    language = wz.parse_accept_header(LANGUAGE, wd.LanguageAccept)
    accept = wz.parse_accept_header(ACCEPT, wd.MIMEAccept)
    calls: Calls = {
        "cookie, 4": lambda: wz.parse_cookie(COOKIE),
        "set-cookie": lambda: wz.dump_cookie("session", "eyJ1c2VyIjogNDJ9", httponly=True, samesite="Lax"),
        "accept-language": lambda: wz.parse_accept_header(LANGUAGE, wd.LanguageAccept),
        "accept-language, unseen": lambda: wz.parse_accept_header(f"{LANGUAGE},x{next(numbers)}", wd.LanguageAccept),
        "accept-language, choose": lambda: language.best_match(["en", "fr"]),
        "accept": lambda: wz.parse_accept_header(ACCEPT, wd.MIMEAccept),
        "accept, unseen": lambda: wz.parse_accept_header(f"{ACCEPT},x/{next(numbers)}", wd.MIMEAccept),
        "accept, choose": lambda: accept.best_match(["application/json", "text/html"]),
        "date, read": lambda: wz.parse_date(DATE),
        "date, write": lambda: wz.http_date(784111777),
        "etag, write": lambda: wz.quote_etag("33a64df551425fcc"),
        "if-none-match, 1": lambda: wz.parse_etags('"33a64df551425fcc"'),
        "if-none-match, 2": lambda: wz.parse_etags(ETAGS),
        "if-range": lambda: wz.parse_if_range_header('"33a64df551425fcc"'),
        "range": lambda: wz.parse_range_header("bytes=0-499"),
        "range, 3": lambda: wz.parse_range_header("bytes=0-499, 1000-1499, 5000-"),
        "content-type, json": lambda: wz.parse_options_header("application/json"),
        "content-type, boundary": lambda: wz.parse_options_header(BOUNDARY),
        "options": lambda: wz.parse_options_header(PART),
        "basic": lambda: wd.Authorization.from_header("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        "bearer": lambda: wd.Authorization.from_header("Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ"),
        "digest": lambda: wd.Authorization.from_header(DIGEST),
        "www-authenticate": lambda: wd.WWWAuthenticate.from_header('Basic realm="staff"'),
        "cache-control, request": lambda: wz.parse_cache_control_header(
            "no-cache, max-age=0", None, wd.RequestCacheControl
        ),
        "cache-control, set 2": werkzeug_live,
        "csp": lambda: wz.parse_csp_header(CSP),
    }
    for name, call in calls.items():
        table[name]["werkzeug"] = call


def compare(rounds: int) -> dict[str, dict[str, float]]:
    """Microseconds for each row and library."""
    found = {}
    for name, contestants in rows().items():
        turns: dict[str, Turn] = {who: calls(call) for who, call in contestants.items()}
        found[name] = {who: seconds * 1e6 for who, seconds in interleave(turns, rounds=rounds, seconds=0.005).items()}
    return found


def once(read: Callable[[str], object], text: str) -> float:
    """Microseconds of processor time of this process, so that other processes do not count."""
    start = process_time()
    read(text)
    return (process_time() - start) * 1e6


def growth(repeats: int) -> dict[str, list[float]]:
    """Microseconds of each reader for its worst input with 2, 8 and 32 thousand characters."""
    found: dict[str, list[float]] = {}
    gc.disable()  # it looks at all objects each time their number has grown, and is nobody's parser
    for name, read in READERS.items():
        gc.collect()
        shape = max(WORST, key=lambda shape: once(read, grown(shape, 32000)))
        texts = [grown(shape, size) for size in (2000, 8000, 32000)]
        found[name] = [min(once(read, text) for _ in range(repeats)) for text in texts]
    gc.enable()
    remembered_accept.cache_clear()
    return found


def grown(shape: tuple[str, str, str], size: int) -> str:
    head, unit, tail = shape
    return head + unit * (size // len(unit)) + tail


def main() -> None:
    options = arguments(__doc__)
    rounds = 1 if options.smoke else 7 if options.quick else 25
    times = compare(rounds)
    installed = [f"{name} {version}" for name, version in versions(["werkzeug", "starlette", "http-sf"]).items()]
    print(*machine().values(), *installed, sep="; ", end="\n\n")
    names = ["cardan", "werkzeug", "starlette", "http-sf", "stdlib", "floor"]
    table = []
    for row, line in times.items():
        peers = [line[who] for who in names[1:5] if who in line]
        ratio = f"{min(peers) / line['cardan']:.2f}" if peers else ""
        table.append([row, *(f"{line[who]:.2f}" if who in line else "" for who in names), ratio])
    print_table(["us a call", *names, "best peer / cardan"], table)
    grown = growth(1 if options.smoke else 7)
    print()
    print_table(
        ["us on the worst", "2k", "8k", "32k", "8k/2k", "32k/8k"],
        [
            [name, *(f"{time:.0f}" for time in line), f"{line[1] / line[0]:.1f}", f"{line[2] / line[1]:.1f}"]
            for name, line in grown.items()
        ],
    )
    write_json(options.json, {"us": times, "us_worst_2k_8k_32k": grown})
    steep = [name for name, line in grown.items() if line[2] > max(10 * line[1], 1000)]
    if steep and not options.smoke:
        sys.exit(f"not linear: {', '.join(steep)}")


if __name__ == "__main__":
    main()
