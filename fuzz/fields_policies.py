"""Fuzzes Cache-Control, Content-Security-Policy, cross-origin fields, Forwarded, Link and plain lists.

The rule: any field can be read. A value that is written and read again is equal. A live view can change a field that
other code has written.
"""

from __future__ import annotations

from typing import Any

from _fields import fuzz, same_again

from cardan.core.fields._cache_control import RequestCacheControl, ResponseCacheControl
from cardan.core.fields._csp import ContentSecurityPolicy
from cardan.core.fields._forwarded import Forwarded
from cardan.core.fields._links import Link, Links
from cardan.core.fields._lists import dump_dict, dump_list, parse_dict, parse_list
from cardan.core.fields._syntax import is_token
from cardan.core.structures import Headers

SEEDS = [
    'max-age=5, private="a, b", x',
    "default-src 'self'; img-src *; sandbox, a b",
    'for="[::1]:80";proto=http, for=b;by=c',
    "</a>; rel=\"next\"; title*=UTF-8''%e2%82%ac, <b>;x=y",
    "https://example.org",
    "same-origin; report-to=x",
    'a, "b, c"',
    "?1",
]


def cache(text: str, value: Any) -> None:
    same_again(text, value, ResponseCacheControl.from_header)
    headers = Headers()
    headers._list.append(("Cache-Control", text))
    live = ResponseCacheControl.bound(headers, "Cache-Control")
    live.max_age = 7
    assert dict(ResponseCacheControl.from_header(headers["Cache-Control"])) == {**value, "max-age": "7"}


def links(text: str, value: Any) -> None:
    same_again(text, value, Links.from_header)
    value.append(Link("/x", "y"))
    same_again(text, value, Links.from_header)


def lists(text: str, value: Any) -> None:
    assert parse_list(dump_list(value)) == value


def pairs(text: str, value: Any) -> None:
    good = {name: item for name, item in value.items() if is_token(name)}
    assert parse_dict(dump_dict(good)) == good


def again(read: Any) -> Any:
    return lambda text, value: same_again(text, value, read)


def total(text: str, value: Any) -> None:
    repr(value)


if __name__ == "__main__":
    laws: Any = {
        "cache_control.response": cache,
        "cache_control.request": again(RequestCacheControl.from_header),
        "csp": again(ContentSecurityPolicy.from_header),
        "forwarded": again(Forwarded.from_header),
        "links": links,
        "list": lists,
        "dict": pairs,
        **dict.fromkeys(["coop", "origin", "max_age", "fetch_dest", "fetch_user", "node"], total),
    }
    fuzz(__doc__ or "", SEEDS, laws)
