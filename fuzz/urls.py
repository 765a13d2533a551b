"""Fuzzes URLs, hosts and origins.

The rule: any text is converted, or refused by ValueError. A URI is ASCII without spaces and control characters, and
stays as it is when it is converted again; an IRI that is made of it gives it back. A host that is valid stays valid.
"""

from __future__ import annotations

import re
from contextlib import suppress
from urllib.parse import unquote_to_bytes

from _bytes import fuzz

from cardan.core._urls import (
    host_is_trusted,
    idna_host,
    iri_path,
    iri_query,
    iri_to_uri,
    reference_to_uri,
    split_host,
    uri_to_iri,
    valid_host,
    whole_raw_path,
)

SEEDS = [
    "https://müller.example:8080/café?a=%26#top",
    "//user:pass@[::1]:443/x",
    "http:///example.org",
    "/caf%C3%A9[1]?q=ü",
    "[::ffff:1.2.3.4]:65535",
    "Faß.de:80",
    "a_b-c.example.:65536",
]
TOKENS = [
    "%", "%C3%A9", "%ff", "//", "/", "?", "#", "@", ":", "[", "]", "::1", "xn--", "ß", "\u0301", "\u200d", ".", "\\",
    "http:", "\x00", "\x7f", " ",
]  # fmt: skip

_escape = re.compile("%[0-9A-Fa-f]{2}")


def in_upper_case(match: re.Match[str]) -> str:
    return match[0].upper()


def law(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")[:300]
    for convert in (iri_to_uri, reference_to_uri):
        with suppress(ValueError):
            uri = convert(text)
            assert uri.isascii(), uri
            assert uri.isprintable(), uri
            assert " " not in uri, uri
            assert convert(uri) == uri
            again = iri_to_uri(uri_to_iri(uri))
            if "%" not in re.split("[/?#]", uri.partition("//")[2])[0]:  # a host with escapes becomes one in ASCII
                assert _escape.sub(in_upper_case, again) == _escape.sub(in_upper_case, uri), again
    with suppress(ValueError):
        assert idna_host(idna_host(text)) == idna_host(text)
    uri_to_iri(iri_path(text))
    iri_query(data)
    assert (split_host(text) is None) == (not valid_host(text, ""))
    for scheme in ("http", "https", ""):
        if host := valid_host(text, scheme):
            assert valid_host(host, scheme) == host
            assert host.startswith(".") or host_is_trusted(host, [host])  # an entry with a dot stands for subdomains
    path = "/" + data.decode("utf-8", "replace")
    assert unquote_to_bytes(whole_raw_path("", path, None)).decode() == path


if __name__ == "__main__":
    fuzz(__doc__, law, [seed.encode() for seed in SEEDS], [token.encode() for token in TOKENS])
