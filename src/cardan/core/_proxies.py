"""What proxies tell about the requests that they forward, and how much of it is believed.

A proxy hides the client: the server sees the address of the proxy, and the scheme, host and path of the connection
between the two. A proxy tells what it has seen itself in the fields ``X-Forwarded-*``, or in Forwarded (RFC 7239), and
adds it at the right of what the request already says. A client can send these fields as well. So only as many entries
are believed, counted from the right, as there are proxies that are known to add one.

:class:`TrustedProxies` says which proxies these are. :func:`seen_by_proxies` takes the head of a request as the server
has received it, and gives the head as the first trusted proxy has received it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Final, TypeAlias, get_type_hints

from ._checks import listed
from ._pickling import slots_state
from ._request.head import RequestHead
from ._urls import DEFAULT_PORTS, MAX_PORT, split_host, valid_host
from .fields._forwarded import Forwarded, ForwardedElement, split_node
from .fields._syntax import OWS
from .structures._scope_headers import ScopeHeaders

if TYPE_CHECKING:
    from ._request.head import HeadLike
    from .structures._headers import HeadersView

__all__ = ["Network", "Seen", "TrustedProxies", "look_behind", "seen_by_proxies"]

Network: TypeAlias = IPv4Network | IPv6Network
"""A network of IP addresses."""

#: The scheme that a value of X-Forwarded-Proto or of ``proto`` means, and whether the connection is encrypted.
_IS_SECURE: Final = {"http": False, "https": True, "ws": False, "wss": True}
# An IPv4 address: parsing one with the module ipaddress takes ten times as long.
_ipv4 = re.compile(
    r"(?:(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.){3}(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
).fullmatch
#: The name of a node that is not known (RFC 7239 section 6.2).
_UNKNOWN: Final = "unknown"


@dataclass(slots=True)
class TrustedProxies:
    """How many entries of each field are believed, counted from the right; 0: the field is not looked at.

    ``x_for``, ``x_proto``, ``x_host``, ``x_port`` and ``x_prefix`` are about the fields X-Forwarded-For, -Proto, -Host,
    -Port and -Prefix; ``forwarded`` is about Forwarded (RFC 7239). If ``forwarded`` is not 0, that field is looked at
    in place of X-Forwarded-For, -Proto and -Host, whose numbers then do not matter.

    ``peers`` are the networks that the last proxy may connect from. Nothing is believed of a request from
    another address. With None, requests from all addresses are believed.

    Raises :exc:`TypeError` for a number that is not an int and for a single str as ``peers``, :exc:`ValueError` for a
    number below 0 and for text that is not a network. :func:`seen_by_proxies` takes such an object.
    """

    __module__ = "cardan.core"
    __getstate__ = slots_state

    x_for: int = 1
    x_proto: int = 1
    x_host: int = 0
    x_port: int = 0
    x_prefix: int = 0
    forwarded: int = 0
    peers: Iterable[str | Network] | None = None
    _networks: tuple[Network, ...] | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        for name in ("x_for", "x_proto", "x_host", "x_port", "x_prefix", "forwarded"):
            count = getattr(self, name)
            if isinstance(count, bool) or not isinstance(count, int):
                raise TypeError(f"got {name}={count!r}, expected the number of proxies as an int")
            if count < 0:
                raise ValueError(f"got {name}={count}, expected the number of proxies, 0 or more")
        self._networks = None if self.peers is None else _networks(self.peers)

    def believe(self, peer: tuple[str, int] | None) -> bool:
        """Whether a request from this peer is believed. A peer whose address is not known is in no network."""
        if self._networks is None:
            return True
        address = _address(peer[0]) if peer is not None else None
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:  # a socket for both versions of IP
            address = address.ipv4_mapped
        return address is not None and any(address in network for network in self._networks)


# get_type_hints() of a user looks for names in the public home of the class
TrustedProxies.__annotations__.update(get_type_hints(TrustedProxies, globals()))


def _networks(peers: Iterable[str | Network]) -> tuple[Network, ...]:
    found: list[Network] = []
    for peer in listed("peers", peers, "an iterable of networks"):
        if not isinstance(peer, (str, IPv4Network, IPv6Network, IPv4Address, IPv6Address)):  # a number would pass
            raise TypeError(f"got the peer {peer!r}, expected a network as a str or an object of ipaddress")
        try:
            found.append(ip_network(peer))
        except ValueError as error:
            raise ValueError(f"got the peer {peer!r}, expected a network such as '10.0.0.0/8': {error}") from None
    return tuple(found)


@dataclass(slots=True)
class Seen:
    """What of a request differs behind proxies: see :func:`seen_by_proxies`. The attributes are those of a head."""

    client: tuple[str, int] | None
    scheme: str
    server: tuple[str, int | None] | None
    root_path: str
    host: str | None = None
    """The Host field; None if it stays as it was sent."""
    route: str | None = None
    """The field X-Forwarded-For; None if it is missing."""


def seen_by_proxies(head: HeadLike, trusted: TrustedProxies) -> RequestHead:
    """The head of the request as the first of the trusted proxies has received it.

    - ``client``: the address from X-Forwarded-For or ``for``, and its port, or 0 if the proxy does not tell it. An
      obfuscated name (``_hidden``, RFC 7239 section 6.3) is kept, text that is not the name of a node becomes
      ``unknown``.
    - ``scheme``: that of X-Forwarded-Proto or ``proto``, if it is ``http``, ``https``, ``ws`` or ``wss``. For a
      websocket it is ``ws`` or ``wss``, otherwise ``http`` or ``https``.
    - ``Host`` and ``server``: those of X-Forwarded-Host or ``host``, with the port of X-Forwarded-Port. ``Host`` does
      not have the default port of the scheme.
    - ``root_path``: that of X-Forwarded-Prefix, if it begins with exactly one slash.
    - ``X-Forwarded-For``: the addresses that trusted proxies have told. Without any, the field is missing.

    A field with fewer entries than proxies that add one was sent past them, and counts as missing. What is missing or
    not valid changes nothing. :class:`~cardan.ProxyFix` does this for an application under a server. It is for a server
    of one's own, which makes the head itself:

    >>> from cardan.core import RequestHead, TrustedProxies, seen_by_proxies
    >>> sent = [(b"Host", b"a.example"), (b"X-Forwarded-For", b"192.0.2.7")]
    >>> sent.append((b"X-Forwarded-Proto", b"https"))
    >>> head = RequestHead(headers=sent, client=("10.0.0.1", 4711))
    >>> seen = seen_by_proxies(head, TrustedProxies(peers=["10.0.0.0/8"]))
    >>> seen.client, seen.scheme
    (('192.0.2.7', 0), 'https')
    """
    seen = look_behind(head, trusted)
    told = {"x-forwarded-for": seen.route} if seen.host is None else {"host": seen.host, "x-forwarded-for": seen.route}
    return RequestHead(
        method=head.method,
        path=head.path,
        query_string=head.query_string,
        headers=_with_fields(head.headers, told),
        scheme=seen.scheme,
        http_version=head.http_version,
        root_path=seen.root_path,
        raw_path=head.raw_path,
        server=seen.server,
        client=seen.client,
        remote_user=head.remote_user,
        concurrency=head.concurrency,
    )


def look_behind(head: HeadLike, trusted: TrustedProxies) -> Seen:
    """Only what differs in the head that :func:`seen_by_proxies` gives, for an adapter that changes its own head."""
    headers = head.headers
    seen = Seen(head.client, head.scheme, head.server, head.root_path)
    if not trusted.believe(seen.client):
        return seen
    hops: list[tuple[str, int]] = []
    proto = host = None
    if trusted.forwarded:
        elements = _elements(headers, trusted.forwarded)
        hops = [_node(element.for_ or _UNKNOWN) for element in elements]
        if elements:
            proto, host = elements[0].proto, elements[0].host
    else:
        hops = [_node(entry) for entry in _entries(headers, "X-Forwarded-For", trusted.x_for)]
        proto = _entry(headers, "X-Forwarded-Proto", trusted.x_proto)
        host = _entry(headers, "X-Forwarded-Host", trusted.x_host)
    port = _port(_entry(headers, "X-Forwarded-Port", trusted.x_port))
    prefix = _entry(headers, "X-Forwarded-Prefix", trusted.x_prefix)
    if hops:
        seen.client = hops[0]
        seen.route = ", ".join([name for name, _ in hops])
    if proto is not None and (is_secure := _IS_SECURE.get(proto.lower())) is not None:
        plain = "ws" if seen.scheme in ("ws", "wss") else "http"
        seen.scheme = plain + "s" if is_secure else plain
    if host is not None or port is not None:
        seen.host, seen.server = _authority(host, headers.get("Host"), port, seen.scheme, seen.server)
    if prefix is not None and _is_prefix(prefix):
        seen.root_path = prefix.encode("latin-1", "replace").decode("utf-8", "replace").rstrip("/")
    return seen


# --- the entries of a field ---


def _entries(headers: HeadersView, name: str, count: int) -> list[str]:
    """The last ``count`` entries of a field; none if it has fewer. Quotes mean nothing in these fields: otherwise one
    that a client sends would hide the entry of a proxy.
    """
    if not count:
        return []
    entries = [entry for each in headers.get(name, "").split(",") if (entry := each.strip(OWS))]
    return entries[-count:] if len(entries) >= count else []


def _entry(headers: HeadersView, name: str, count: int) -> str | None:
    entries = _entries(headers, name, count)
    return entries[0] if entries else None


def _elements(headers: HeadersView, count: int) -> list[ForwardedElement]:
    """The last ``count`` elements of Forwarded (RFC 7239 section 4); none if it has fewer.

    The field is read from the right, because a quote that a client has sent and not closed would otherwise hide the
    element of a proxy.
    """
    value = headers.get("Forwarded", "")
    members: list[str] = []
    end = len(value)
    while end >= 0 and len(members) < count:
        start = _start_of_member(value, end)
        if member := value[start:end].strip(OWS):
            members.append(member)
        end = start - 1
    if len(members) < count:
        return []
    return [_element(member) for member in reversed(members)]


def _start_of_member(value: str, end: int) -> int:
    """Where the member of a list begins that ends at ``end``: behind the last comma that is not in quotes."""
    at, is_quoted = end, False
    while at > 0:
        at -= 1
        char = value[at]
        if char == '"':
            last = at
            while at > 0 and value[at - 1] == "\\":
                at -= 1
            if not is_quoted or (last - at) % 2 == 0:  # no backslash escapes it
                is_quoted = not is_quoted
        elif char == "," and not is_quoted:
            return at + 1
    return 0


def _element(member: str) -> ForwardedElement:
    found = Forwarded.from_header(member)
    return found[0] if len(found) == 1 else ForwardedElement()


# --- what an entry says ---


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _node(text: str) -> tuple[str, int]:
    """Name and port of a node (RFC 7239 section 6). X-Forwarded-For also has IPv6 addresses without brackets.

    >>> _node("[2001:db8::1]:4711"), _node("2001:db8::1"), _node("_hidden:_port"), _node("<b>")
    (('2001:db8::1', 4711), ('2001:db8::1', 0), ('_hidden', 0), ('unknown', 0))
    """
    if _is_address(text):
        return text, 0
    name, port = split_node(text) or (_UNKNOWN, None)
    if _is_address(name) or _is_obfuscated(name):
        return name, _port(port) or 0
    return _UNKNOWN, 0


def _is_address(text: str) -> bool:
    # the module ipaddress takes any text as a zone (RFC 4007), which means nothing on another machine
    return _ipv4(text) is not None or (":" in text and "%" not in text and _address(text) is not None)


def _is_obfuscated(name: str) -> bool:
    return name[:1] == "_" and name.isascii() and name[1:].translate(_OBFUSCATING).isalnum()


_OBFUSCATING: Final = {ord("."): "x", ord("_"): "x", ord("-"): "x"}  # they may stand beside letters and digits


def _port(text: str | None) -> int | None:
    """A port; None for text that is none."""
    if text is None or not (text.isascii() and text.isdigit() and len(text) <= 5):
        return None
    port = int(text)
    return port if 0 < port <= MAX_PORT else None


def _authority(
    host: str | None, sent: str | None, port: int | None, scheme: str, server: tuple[str, int | None] | None
) -> tuple[str | None, tuple[str, int | None] | None]:
    """The Host field and the server: for the ``host`` and the ``port`` that proxies tell, and the Host that was sent.

    A host that is not valid becomes the Host field all the same, so that ``trusted_hosts`` refuses it.
    """
    authority = sent if host is None else host
    parts = split_host(authority) if authority is not None else None
    if parts is None:
        if port is not None and host is None and server is not None and server[1] is not None:
            server = server[0], port
        return authority, server
    name, own = parts
    if port is None:
        port = own
    authority = valid_host(name if port is None else f"{name}:{port}", scheme)
    if host is not None:
        server = name.strip("[]"), DEFAULT_PORTS.get(scheme) if port is None else port
    elif server is not None and server[1] is not None:
        server = server[0], port
    return authority, server


def _is_prefix(prefix: str) -> bool:
    """Whether a URL may begin with ``prefix``. One with two slashes, or a backslash, could lead to another host."""
    return prefix[0] == "/" and prefix[1:2] != "/" and "\\" not in prefix


def _with_fields(headers: HeadersView, told: dict[str, str | None]) -> HeadersView:
    """``headers`` with other values of the fields in ``told``, whose names are in lower case; None removes a field."""
    pairs = [(name.lower(), value) for name, value in headers.items() if name.lower() not in told]
    pairs += [(name, value) for name, value in told.items() if value is not None]
    return ScopeHeaders([(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in pairs])
