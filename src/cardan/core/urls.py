"""URLs as requests and responses need them: IRI and URI, hosts that can be believed, the URL of a request.

Takes and gives strings (queries: bytes in, text out). Reading never raises: what cannot be decoded stays
percent-encoded (RFC 3987 section 3.2). Writing refuses what must not go on the wire with :exc:`ValueError`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote_to_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "host_is_trusted",
    "idna_host",
    "iri_path",
    "iri_query",
    "iri_to_uri",
    "split_host",
    "uri_to_iri",
    "valid_host",
]

#: four times what a domain name may have in ASCII, as several characters may become one before they are encoded
MAX_HOST: Final = 1000
# RFC 3986: unreserved and sub-delims; what may stand unescaped in a path segment besides
_PATH_SAFE: Final = "/!$&'()*+,:;=@~%-._"
_URI_SAFE: Final = "!#$%&'()*+,/:;=?@[]~-._"
# a name (RFC 1123 section 2.1) as the web uses it, with underscores, or an IPv6 address in brackets; and a port.
# Narrower than RFC 3986's reg-name: a comma may be two fields that a server joined, browsers decode a percent sign
_HOST: Final = re.compile(r"([A-Za-z0-9_.-]+|\[([0-9A-Fa-f:.]{2,45})\])(?::([0-9]{0,5}))?")
# what an IRI may not show as it is: ASCII that a URI escapes, controls, spaces, bidi formatting, U+FFFD, surrogates
_NOT_IN_IRI_PATH: Final = re.compile(
    '[\x00-\x20"#%<>?\\[\\\\\\]^`{|}\x7f-\xa0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\ufff0-\uffff\ud800-\udfff]'
)
_ESCAPED_NON_ASCII: Final = re.compile(r"(?:%[89A-Fa-f][0-9A-Fa-f])+")
_RAW_UNSAFE: Final = re.compile('[\x00-\x20"<>\\\\^`{|}\x7f]')
_STRAY_PERCENT: Final = re.compile("%(?![0-9A-Fa-f]{2})")


def _escape(match: re.Match[str]) -> str:
    return quote(match[0].encode("utf-8", "replace"), safe="")


def _unescape(match: re.Match[str]) -> str:
    """Percent-encoded UTF-8 becomes text, but for what an IRI must not show; broken sequences stay (RFC 3987 3.2)."""
    try:
        text = unquote_to_bytes(match[0]).decode("utf-8")
    except UnicodeDecodeError:
        return match[0]
    return _NOT_IN_IRI_PATH.sub(_escape, text)


def iri_path(path: str) -> str:
    """A decoded path as part of an IRI: what is no path character is percent-encoded, other scripts are kept."""
    return _NOT_IN_IRI_PATH.sub(_escape, path) if _NOT_IN_IRI_PATH.search(path) else path


def iri_query(query: bytes) -> str:
    """A query as sent, as part of an IRI: percent-encoded UTF-8 is shown as text, raw bytes are percent-encoded."""
    text = query.decode("latin-1")
    if not text.isascii():
        text = quote(query, safe=_URI_SAFE + "?")
    return uri_to_iri(text)


def uri_to_iri(uri: str) -> str:
    """Show percent-encoded UTF-8 beyond ASCII as text (RFC 3987 section 3.2); the rest stays as it is."""
    uri = _RAW_UNSAFE.sub(_escape, uri)
    return _ESCAPED_NON_ASCII.sub(_unescape, uri) if "%" in uri else uri


def iri_to_uri(iri: str) -> str:
    """Encode an IRI or URI reference as a URI (RFC 3987 section 3.1); what is escaped already stays.

    Raises :exc:`ValueError` for control characters, a host that cannot be encoded, and broken brackets or ports.
    """
    if any(char < " " or char == "\x7f" for char in iri):
        raise ValueError(f"got URL {iri!r}, expected no control characters")
    head, mark, rest = iri.partition("//")
    if mark and (not head or (head.endswith(":") and head[:-1].isascii() and head[:-1].replace("+", "").isalnum())):
        end = min((at for at in map(rest.find, "/?#") if at >= 0), default=len(rest))
        return head + mark + _encode_authority(rest[:end]) + _encode_rest(rest[end:])
    return _encode_rest(iri)


def _encode_rest(text: str) -> str:
    try:
        return _STRAY_PERCENT.sub("%25", quote(text, safe=_URI_SAFE))
    except UnicodeEncodeError:
        raise ValueError(f"got URL {text!r}, expected text without lone surrogates") from None


def _encode_authority(authority: str) -> str:
    user, at, host = authority.rpartition("@")
    name, colon, port = host.rpartition(":") if not host.endswith("]") else (host, "", "")
    if not colon:
        name, port = host, ""
    if colon and not (port.isascii() and (port.isdigit() or not port)):
        raise ValueError(f"got authority {authority!r}, expected a numeric port")
    if not name.isascii():
        name = idna_host(name)
    if name.startswith("[") != name.endswith("]"):
        raise ValueError(f"got authority {authority!r}, expected brackets around an IPv6 address")
    return quote(user, safe=_PATH_SAFE) + at + quote(name, safe=_PATH_SAFE + "[]") + colon + port


def idna_host(name: str) -> str:
    """A host name in ASCII, as the domain name system has it (RFC 3490, ToASCII of each label).

    Raises :exc:`ValueError` for a name that has no such form, and for one of more than 1,000 characters: a domain name
    has at most 253 (RFC 1035 section 2.3.4), and putting the combining marks of a long one in order takes quadratic
    time.
    """
    try:
        if len(name) > MAX_HOST:
            raise UnicodeError("label too long")
        return name.encode("idna").decode("ascii")
    except UnicodeError:
        raise ValueError(f"got host {name[:MAX_HOST]!r}, expected a name that IDNA can encode") from None


def split_host(host: str) -> tuple[str, int | None] | None:
    """Name and port of a Host value, or None where it is not valid (RFC 9110 section 7.2, RFC 3986 section 3.2)."""
    match = _HOST.fullmatch(host)
    if match is None or (match[2] and not _is_ipv6(match[2])):
        return None
    port = int(match[3]) if match[3] else None
    return None if port is not None and port > 65535 else (match[1], port)


def _is_ipv6(address: str) -> bool:
    from ipaddress import IPv6Address  # rare, and 3 ms to import

    try:
        IPv6Address(address)
    except ValueError:
        return False
    return True


def valid_host(host: str, scheme: str) -> str:
    """The Host value without its scheme's own port, ``""`` where it is not valid."""
    parts = split_host(host)
    if parts is None:
        return ""
    name, port = parts
    return (
        name
        if port is None or port == {"http": 80, "https": 443, "ws": 80, "wss": 443}.get(scheme)
        else f"{name}:{port}"
    )


def host_is_trusted(host: str, trusted: Iterable[str]) -> bool:
    """Whether a Host value is one of ``trusted``: case and a trailing dot do not count, an entry's port does.

    An entry that starts with a dot covers the name and its subdomains. An empty list trusts nothing.
    """
    parts = split_host(host)
    if parts is None:
        return False
    name, port = _comparable(parts[0]), parts[1]
    for entry in trusted:
        subdomains = entry.startswith(".")
        wanted = split_host(entry.lstrip(".") if subdomains else entry)
        if wanted is None or wanted[1] not in (None, port):
            continue
        target = _comparable(wanted[0])
        if name == target or (subdomains and name.endswith("." + target)):
            return True
    return False


def _comparable(name: str) -> str:
    return name.lower().removesuffix(".")
