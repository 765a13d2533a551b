"""Functions for URLs: conversion between IRIs and URIs (RFC 3987), and checks of host names.

A URI is ASCII; an IRI shows percent-encoded UTF-8 as text. Decoding never raises: a sequence that is not UTF-8 stays
percent-encoded (RFC 3987 section 3.2). Encoding raises :exc:`ValueError` for text that a URI must not contain.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote_to_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "DEFAULT_PORTS",
    "MAX_PORT",
    "host_is_trusted",
    "idna_host",
    "iri_path",
    "iri_query",
    "iri_to_uri",
    "reference_to_uri",
    "split_host",
    "uri_to_iri",
    "valid_host",
    "whole_raw_path",
]

#: The port of a URL that names none (RFC 9110 section 4.2, RFC 6455 section 3).
DEFAULT_PORTS: Final = {"http": 80, "https": 443, "ws": 80, "wss": 443}
#: The largest port (RFC 9293 section 3.1: a port has 16 bits).
MAX_PORT: Final = 65535
#: The longest host name that is encoded, in characters: four times the length of a domain name in ASCII, because
#: normalisation may join several characters.
MAX_HOST: Final = 1000
# Characters that need no escape: in user information (RFC 3986 section 3.2.1)
_USER_SAFE: Final = "!$&'()*+,:;=~%-._"
# in the text of a path (section 3.3), in which a percent sign is not an escape
_SEGMENTS_SAFE: Final = "/:@!$&'()*+,;=~"
# in a whole URI
_URI_SAFE: Final = "!#$%&'()*+,/:;=?@[]~-._"
# and in path, query and fragment: brackets belong to the address of a host, and "#" begins the fragment
_REST_SAFE: Final = "!$%&'()*+,/:;=?@~-._"
# A host name (RFC 1123 section 2.1, and underscores, which the web uses) or an IPv6 address in brackets, then a port.
# The pattern is narrower than reg-name of RFC 3986: a comma may come from two fields that a server joined, and
# browsers decode a percent sign.
_HOST: Final = re.compile(r"([A-Za-z0-9_.-]+|\[([0-9A-Fa-f:.]{2,45})\])(?::([0-9]{0,5}))?")
# The authority of a URI (RFC 3986 section 3.2): user information; a name, or an address in brackets; a port
_AUTHORITY: Final = re.compile(
    r"(?:(?P<user>[^@\[\]]*)@)?"
    r"(?:(?P<name>[^:@\[\]]*)|\[(?:(?P<ipv6>[0-9A-Fa-f:.]{2,45})|v[0-9A-Fa-f]+\.[A-Za-z0-9._~!$&'()*+,;=:-]+)\])"
    r"(?::(?P<port>[0-9]{0,5}))?"
)
_REG_NAME: Final = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|")
# A reference with a scheme of the web, or with two slashes: these two name a host
_TO_HOST: Final = re.compile(r"(?:(?:https?|wss?):|(?=//))(?://(?P<user>[^/?#@]*@)?(?P<host>[^/?#:]*))?", re.IGNORECASE)
# A domain name in lower case: labels of at most 63 characters (RFC 1035 section 2.3.4), and underscores
_DOMAIN: Final = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\.?")
#: The longest domain name in characters, without a dot at its end (RFC 1035 section 2.3.4: 255 bytes, of which one is
#: the length of the first label, and one the empty label of the root).
MAX_DOMAIN: Final = 253
# Characters that stay percent-encoded in an IRI: ASCII that a URI escapes, control characters, spaces, bidirectional
# formatting, U+FFFD, surrogates
_NOT_IN_IRI_PATH: Final = re.compile(
    '[\x00-\x20"#%<>?\\[\\\\\\]^`{|}\x7f-\xa0\u061c\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\ufff0-\uffff\ud800-\udfff]'
)
_ESCAPED_NON_ASCII: Final = re.compile(r"(?:%[89A-Fa-f][0-9A-Fa-f])++")
_RAW_UNSAFE: Final = re.compile('[\x00-\x20"<>\\\\^`{|}\x7f]')
_STRAY_PERCENT: Final = re.compile("%(?![0-9A-Fa-f]{2})")


def _escape(match: re.Match[str]) -> str:
    return quote(match[0].encode("utf-8", "replace"), safe="")


def _unescape(match: re.Match[str]) -> str:
    """Decode percent-encoded UTF-8, except characters that an IRI must not show. Invalid sequences stay unchanged."""
    try:
        text = unquote_to_bytes(match[0]).decode("utf-8")
    except UnicodeDecodeError:
        return match[0]
    return _NOT_IN_IRI_PATH.sub(_escape, text)


def iri_path(path: str) -> str:
    """Return a decoded path as a part of an IRI. Characters that a path must not contain are percent-encoded."""
    return _NOT_IN_IRI_PATH.sub(_escape, path) if _NOT_IN_IRI_PATH.search(path) else path


def iri_query(query: bytes) -> str:
    """Return a query, as it was sent, as a part of an IRI.

    Percent-encoded UTF-8 becomes text; bytes beyond ASCII are percent-encoded.
    """
    text = query.decode("latin-1")
    if not text.isascii():
        text = quote(query, safe=_URI_SAFE)
    return uri_to_iri(text)


def uri_to_iri(uri: str) -> str:
    """Return a URI as an IRI: percent-encoded UTF-8 beyond ASCII becomes text (RFC 3987 section 3.2).

    >>> uri_to_iri("/caf%C3%A9?a=%26")
    '/café?a=%26'
    """
    uri = _RAW_UNSAFE.sub(_escape, uri)
    return _ESCAPED_NON_ASCII.sub(_unescape, uri) if "%" in uri else uri


def iri_to_uri(iri: str) -> str:
    """Return an IRI or a URI reference as a URI (RFC 3987 section 3.1). Percent-encoded sequences are kept.

    Raises :exc:`ValueError` for control characters, for a lone surrogate, for a host that is none or that IDNA cannot
    encode, and for an invalid port.

    >>> iri_to_uri("https://müller.example/café")
    'https://xn--mller-kva.example/caf%C3%A9'
    """
    if any(char < " " or char == "\x7f" for char in iri):
        raise ValueError(f"got URL {iri!r}, expected no control characters")
    head, mark, rest = iri.partition("//")
    if mark and _SCHEME.fullmatch(head):
        end = min((at for at in map(rest.find, "/?#") if at >= 0), default=len(rest))
        return head + mark + _encode_authority(rest[:end]) + _encode_rest(rest[end:])
    return _encode_rest(iri)


def reference_to_uri(reference: str) -> str:
    """Return a reference that a client resolves against the URL of a request, as :func:`iri_to_uri` does.

    Raises :exc:`ValueError` for a reference that names no host where it has to, because browsers then take the path for
    a host: ``http:///example.org``, ``///example.org`` and ``http:example.org`` (RFC 9110 section 4.2.1). Raises it for
    user information before a host, too (section 4.2.4).

    >>> reference_to_uri("/caf\u00e9[1]")
    '/caf%C3%A9%5B1%5D'
    """
    uri = iri_to_uri(reference)
    found = _TO_HOST.match(uri)
    if found is not None:
        if not found["host"]:
            raise ValueError(f"got URL {reference!r}, expected the name of a host after '//'")
        if found["user"]:
            raise ValueError(f"got URL {reference!r}, expected no user information (RFC 9110 section 4.2.4)")
    return uri


def _encode_rest(text: str) -> str:
    rest, mark, fragment = text.partition("#")
    return _quoted(rest, _REST_SAFE) + mark + _quoted(fragment, _REST_SAFE)


def _quoted(text: str, safe: str) -> str:
    try:
        return _STRAY_PERCENT.sub("%25", quote(text, safe=safe))
    except UnicodeEncodeError:
        raise ValueError(f"got URL {text!r}, expected text without lone surrogates") from None


def _encode_authority(authority: str) -> str:
    """The authority as a URI has it. It is checked as it was given: IDNA would replace some of its characters."""
    found = _AUTHORITY.fullmatch(authority)
    if found is None or (found["ipv6"] and not _is_ipv6(found["ipv6"])) or int(found["port"] or 0) > MAX_PORT:
        raise ValueError(f"got authority {authority!r}, expected a host and perhaps a port")
    name, user = found["name"], found["user"]
    if name is not None:
        if not name.isascii():
            authority = authority[: found.start("name")] + idna_host(name) + authority[found.end("name") :]
        elif not _REG_NAME.fullmatch(name):
            raise ValueError(f"got authority {authority!r}, expected the name of a host")
    return authority if user is None else _quoted(user, _USER_SAFE) + authority[len(user) :]


@lru_cache(64)
def idna_host(name: str) -> str:
    """Return a host name in ASCII, as browsers do (UTS 46, "ToASCII" with nontransitional processing).

    Raises :exc:`ValueError` for a name that IDNA cannot encode, and for a name of more than 1,000 characters: a domain
    name has at most 253 (RFC 1035 section 2.3.4), and normalising a long run of combining marks takes quadratic time.

    >>> idna_host("Faß.de")
    'xn--fa-hia.de'
    """
    import idna  # its tables take 40 ms to import, and few programs have such a name

    try:
        if len(name) > MAX_HOST:
            raise UnicodeError("name too long")
        mapped = idna.uts46_remap(name, std3_rules=False, transitional=False)
        host = ".".join([label if label.isascii() else _a_label(label) for label in mapped.split(".")])
    except UnicodeError:  # every error of idna is one
        host = ""
    if not _DOMAIN.fullmatch(host) or len(host.removesuffix(".")) > MAX_DOMAIN:
        raise ValueError(f"got host {name[:MAX_HOST]!r}, expected a name that IDNA can encode")
    return host


def _a_label(label: str) -> str:
    """A label in ASCII. Symbols are encoded, too: UTS 46 allows them, as browsers do, and RFC 5891 does not."""
    import idna

    try:
        return idna.alabel(label).decode("ascii")
    except idna.InvalidCodepoint:
        idna.check_bidi(label)
        return "xn--" + label.encode("punycode").decode("ascii")


def split_host(host: str) -> tuple[str, int | None] | None:
    """Return the name and the port (or None) of a Host value, None if the value is invalid.

    See RFC 9110 section 7.2 and RFC 3986 section 3.2.
    """
    match = _HOST.fullmatch(host)
    if match is None or (match[2] and not _is_ipv6(match[2])):
        return None
    port = int(match[3]) if match[3] else None
    return None if port is not None and port > MAX_PORT else (match[1], port)


def _is_ipv6(address: str) -> bool:
    from ipaddress import IPv6Address  # the import takes 3 ms, and few requests need it

    try:
        IPv6Address(address)
    except ValueError:
        return False
    return True


def whole_raw_path(root: str, path: str, sent: bytes | None) -> bytes:
    """The path of a request with that of the application before it, still encoded.

    ``sent`` is what the server tells. It need not contain ``root``, which may be a prefix that a proxy has removed;
    and it need not belong to the path at all, if something before has changed that.

    >>> whole_raw_path("/shop", "/a/b", b"/a%2Fb")
    b'/shop/a%2Fb'
    """
    if sent is not None:
        decoded = unquote_to_bytes(sent).decode("utf-8", "replace")
        if decoded == root + path:
            return sent
        if decoded == path:
            return quote(root, _SEGMENTS_SAFE).encode() + sent
    return quote(root + path, _SEGMENTS_SAFE).encode()


def valid_host(host: str, scheme: str) -> str:
    """Return a Host value without the default port of the scheme, ``""`` if the value is invalid."""
    parts = split_host(host)
    if parts is None:
        return ""
    name, port = parts
    return name if port is None or port == DEFAULT_PORTS.get(scheme) else f"{name}:{port}"


def host_is_trusted(host: str, trusted: Iterable[str]) -> bool:
    """Return whether a Host value matches one of the entries in ``trusted``.

    Case and a trailing dot are ignored. An entry that starts with a dot matches the name and its subdomains. No label
    of a subdomain may be empty: ``..a.de`` is no subdomain of ``a.de``. An entry with a port matches only this port. An
    entry may be written in any script (:func:`idna_host`). An empty list matches no host.
    """
    parts = split_host(host)
    if parts is None:
        return False
    name, port = _comparable(parts[0]), parts[1]
    for entry in trusted:
        subdomains = entry.startswith(".")
        wanted = split_host(_in_ascii(entry.removeprefix(".")))
        if wanted is None or wanted[1] not in (None, port):
            continue
        target = _comparable(wanted[0])
        if name == target:
            return True
        if subdomains and name.endswith("." + target) and _are_labels(name[: -len(target) - 1]):
            return True
    return False


def _are_labels(name: str) -> bool:
    """Whether no label of a name is empty: the DNS has none but the root (RFC 1034 section 3.1)."""
    return all(name.split("."))


def _in_ascii(entry: str) -> str:
    """A trusted host in ASCII; ``""``, which matches no host, if IDNA cannot encode it."""
    if entry.isascii():
        return entry
    name, colon, port = entry.partition(":")
    try:
        return idna_host(name) + colon + port
    except ValueError:
        return ""


def _comparable(name: str) -> str:
    return name.lower().removesuffix(".")
