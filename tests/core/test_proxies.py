"""What proxies tell, and how much of it is believed: one function from a request head to a request head."""

from __future__ import annotations

from ipaddress import IPv4Address, ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardan.core import BaseRequest, RequestHead, TrustedProxies, seen_by_proxies
from cardan.core.structures._environ_headers import EnvironHeaders

PEER = ("10.0.0.1", 5000)


def seen(trusted: TrustedProxies, *fields: tuple[str, str], **values: Any) -> RequestHead:
    """The head as the first trusted proxy has seen it, of a request with these fields."""
    pairs = [(name.lower().encode(), value.encode("latin-1")) for name, value in fields]
    head = RequestHead(**{"headers": pairs, "client": PEER, "server": ("internal", 8000), **values})
    return seen_by_proxies(head, trusted)


def only(**counts: Any) -> TrustedProxies:
    """Only what is named is trusted."""
    return TrustedProxies(**{"x_for": 0, "x_proto": 0, **counts})


# --- addresses ---

NODES = [
    ("192.0.2.7", ("192.0.2.7", 0)),
    ("192.0.2.7:4711", ("192.0.2.7", 4711)),
    ("2001:db8::1", ("2001:db8::1", 0)),
    ("[2001:db8::1]", ("2001:db8::1", 0)),
    ("[2001:db8::1]:4711", ("2001:db8::1", 4711)),
    ("::ffff:192.0.2.7", ("::ffff:192.0.2.7", 0)),
    ("unknown", ("unknown", 0)),
    ("Unknown", ("unknown", 0)),
    ("_hidden", ("_hidden", 0)),
    ("_SEVKISEK-1.x", ("_SEVKISEK-1.x", 0)),
    ("192.0.2.7:_port", ("192.0.2.7", 0)),
    ("_hidden:_port", ("_hidden", 0)),
    ("192.0.2.7:99999", ("192.0.2.7", 0)),
    ("192.0.2.7:0", ("192.0.2.7", 0)),
    ("192.0.2.7:65535", ("192.0.2.7", 65535)),
    ("192.0.2.7:65536", ("192.0.2.7", 0)),
    ("0.0.0.0", ("0.0.0.0", 0)),
    ("255.250.249.199", ("255.250.249.199", 0)),
    ("10.99.100.255", ("10.99.100.255", 0)),
    ("_a_b-c.d", ("_a_b-c.d", 0)),
    # what names no node is not shown to the application
    ("192.0.2.999", ("unknown", 0)),
    ("010.0.0.1", ("unknown", 0)),
    ("1.02.3.4", ("unknown", 0)),
    ("256.0.0.1", ("unknown", 0)),
    ("1.2.3", ("unknown", 0)),
    ("<script>", ("unknown", 0)),
    ("localhost", ("unknown", 0)),
    ("_", ("unknown", 0)),
    ("_\xe4", ("unknown", 0)),
    ("192.0.2.7:\xb2", ("unknown", 0)),
    ("_a b", ("unknown", 0)),
    ("[2001:db8::1", ("unknown", 0)),
    ("[::1]x", ("unknown", 0)),
    ("192.0.2.7:port", ("unknown", 0)),
    ('"192.0.2.7"', ("unknown", 0)),
]


@pytest.mark.parametrize(("entry", "client"), NODES)
def test_addresses_of_x_forwarded_for(entry: str, client: tuple[str, int]) -> None:
    """An entry has an address, IPv6 with and without brackets, and perhaps a port. A client without one has port 0."""
    assert seen(only(x_for=1), ("X-Forwarded-For", f"203.0.113.9, {entry}")).client == client


@pytest.mark.parametrize(("entry", "client"), [node for node in NODES if '"' not in node[0]])
def test_nodes_of_forwarded(entry: str, client: tuple[str, int]) -> None:
    """``for`` names a node as in RFC 7239 section 6, quoted if it has a colon; obfuscated names are kept."""
    fields = ("Forwarded", f'for=203.0.113.9, FOR="{entry}";proto=https;by=_me')
    assert seen(only(forwarded=1), fields).client == client


@given(st.ip_addresses(v=4).map(str) | st.from_regex(r"([0-9]{1,3}\.){3}[0-9]{1,3}", fullmatch=True, alphabet="0129.5"))
def test_addresses_are_those_of_the_standard_library(text: str) -> None:
    """The short way to recognise an IPv4 address agrees with the module ``ipaddress``."""
    try:
        expected = str(IPv4Address(text))
    except ValueError:
        expected = "unknown"
    assert seen(only(x_for=1), ("X-Forwarded-For", text)).client == (expected, 0)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_entries_are_counted_from_the_right(count: int) -> None:
    """With n proxies the n-th entry from the right is the client. What stands before it may be forged."""
    head = seen(only(x_for=count), ("X-Forwarded-For", "6.6.6.6, 3.3.3.3, 2.2.2.2:80,1.1.1.1"))
    hops = ["3.3.3.3", "2.2.2.2", "1.1.1.1"][-count:]
    assert head.client is not None
    assert head.client[0] == hops[0]
    assert BaseRequest(head).access_route == hops


@pytest.mark.parametrize("fields", [[], [("X-Forwarded-For", "1.1.1.1")], [("X-Forwarded-For", " , ,1.1.1.1,")]])
def test_too_few_entries(fields: list[tuple[str, str]]) -> None:
    """A field with fewer entries than proxies did not come through all of them: it counts as missing."""
    head = seen(only(x_for=2), *fields)
    assert (head.client, BaseRequest(head).access_route) == (PEER, [PEER[0]])


def test_each_field_has_its_own_number() -> None:
    """The first proxy may set the scheme, the second one the host, and both the address."""
    fields = [
        ("X-Forwarded-For", "6.6.6.6, 2.2.2.2, 1.1.1.1"),
        ("X-Forwarded-Proto", "http, https"),
        ("X-Forwarded-Host", "evil.example, outer.example, inner.example"),
        ("X-Forwarded-Port", "1, 8443, 80"),
        ("X-Forwarded-Prefix", "/evil, /outer, /inner"),
    ]
    trusted = TrustedProxies(x_for=2, x_proto=1, x_host=3, x_port=2, x_prefix=2)
    head = seen(trusted, *fields)
    assert (head.client, head.scheme, head.root_path) == (("2.2.2.2", 0), "https", "/outer")
    assert (head.headers["Host"], head.server) == ("evil.example:8443", ("evil.example", 8443))


def test_several_fields_of_one_name_are_one_list() -> None:
    """Fields of the same name are joined (RFC 9110 section 5.3): the field of the last proxy comes last."""
    head = seen(only(x_for=1), ("X-Forwarded-For", "6.6.6.6"), ("X-Forwarded-For", "1.1.1.1"))
    assert head.client == ("1.1.1.1", 0)


@pytest.mark.parametrize("forged", ['"', '"6.6.6.6', "\\", '6.6.6.6\\"', '",6.6.6.6', "for=6.6.6.6;"])
def test_a_quote_of_the_client_hides_no_entry(forged: str) -> None:
    """A client that sends half of a quoted string does not swallow what the proxy adds, in neither field."""
    head = seen(only(x_for=1), ("X-Forwarded-For", f"{forged}, 1.1.1.1"))
    assert head.client == ("1.1.1.1", 0)
    head = seen(only(forwarded=1), ("Forwarded", f'{forged}, for="1.1.1.1"'))
    assert head.client == ("1.1.1.1", 0)


# --- scheme, host, port, prefix ---


@pytest.mark.parametrize(
    ("proto", "own", "scheme"),
    [
        ("https", "http", "https"),
        ("HTTPS", "http", "https"),
        ("http", "https", "http"),
        ("wss", "http", "https"),
        ("https", "ws", "wss"),
        ("http", "wss", "ws"),
        ("wss", "ws", "wss"),
        ("ws", "wss", "ws"),
        ("ws", "https", "http"),
        ("WSS", "http", "https"),
        ("javascript", "http", "http"),
        ("on", "https", "https"),
        ("", "https", "https"),
    ],
)
def test_schemes(proto: str, own: str, scheme: str) -> None:
    """The scheme is http or https, for a websocket ws or wss. Any other word changes nothing."""
    assert seen(only(x_proto=1), ("X-Forwarded-Proto", proto), scheme=own).scheme == scheme
    assert seen(only(forwarded=1), ("Forwarded", f'for=_a;proto="{proto}"'), scheme=own).scheme == scheme


@pytest.mark.parametrize(
    ("host", "port", "scheme", "field", "server"),
    [
        ("a.example", None, "http", "a.example", ("a.example", 80)),
        ("a.example", None, "https", "a.example", ("a.example", 443)),
        ("a.example:443", None, "https", "a.example", ("a.example", 443)),
        ("a.example:80", None, "https", "a.example:80", ("a.example", 80)),
        ("a.example", "443", "https", "a.example", ("a.example", 443)),
        ("a.example", "80", "https", "a.example:80", ("a.example", 80)),
        ("a.example:1", "8443", "https", "a.example:8443", ("a.example", 8443)),
        ("[2001:db8::1]:8080", None, "http", "[2001:db8::1]:8080", ("2001:db8::1", 8080)),
        ("[2001:db8::1]", "443", "https", "[2001:db8::1]", ("2001:db8::1", 443)),
        (None, "443", "https", "inner.example", ("internal", 443)),
        (None, "8443", "https", "inner.example:8443", ("internal", 8443)),
        (None, "0", "https", "inner.example:8000", ("internal", 8000)),
        (None, "65535", "https", "inner.example:65535", ("internal", 65535)),
        (None, "1", "https", "inner.example:1", ("internal", 1)),
        (None, "65536", "https", "inner.example:8000", ("internal", 8000)),
        (None, "000443", "https", "inner.example:8000", ("internal", 8000)),
        (None, "\xb2", "https", "inner.example:8000", ("internal", 8000)),
        (None, "-1", "https", "inner.example:8000", ("internal", 8000)),
        (None, "http", "https", "inner.example:8000", ("internal", 8000)),
        # no valid host: the field shows it, so that trusted_hosts refuses it
        ("a/b", None, "https", "a/b", ("internal", 8000)),
        ("a/b", "443", "https", "a/b", ("internal", 8000)),
    ],
)
def test_hosts_and_ports(host: str | None, port: str | None, scheme: str, field: str, server: Any) -> None:
    """The host that the client asked for becomes Host and server, without the default port of the scheme."""
    told = (("X-Forwarded-Host", host), ("X-Forwarded-Port", port), ("X-Forwarded-Proto", scheme))
    fields = [("Host", "inner.example:8000"), *((name, value) for name, value in told if value is not None)]
    head = seen(only(x_proto=1, x_host=1, x_port=1), *fields)
    assert (head.headers["Host"], head.server) == (field, server)


def test_a_server_on_a_unix_socket() -> None:
    """A Unix socket has no port that a proxy could correct; a host that it tells replaces the socket."""
    path = ("/run/app.sock", None)
    assert seen(only(x_port=1), ("X-Forwarded-Port", "443"), server=path).server == path
    assert seen(only(x_host=1), ("X-Forwarded-Host", "a.example"), server=path).server == ("a.example", 80)
    for server in (path, None):
        head = seen(only(x_port=1), ("Host", "a.example"), ("X-Forwarded-Port", "443"), server=server)
        assert (head.headers["Host"], head.server) == ("a.example:443", server)


@pytest.mark.parametrize("sent", [(), (("Host", "a/b"),)])
def test_a_port_without_a_valid_host(sent: tuple[tuple[str, str], ...]) -> None:
    """The port that a proxy tells is that of the server also if the request has no Host, or one that is not valid."""
    head = seen(only(x_port=1), *sent, ("X-Forwarded-Port", "443"))
    assert (head.headers.get("Host"), head.server) == (dict(sent).get("Host"), ("internal", 443))
    for server in (("/run/app.sock", None), None):
        assert seen(only(x_port=1), *sent, ("X-Forwarded-Port", "443"), server=server).server == server


@pytest.mark.parametrize(
    ("prefix", "root"),
    [
        ("/app", "/app"),
        ("/app/", "/app"),
        ("/", ""),
        ("/caf\xc3\xa9", "/café"),
        ("/caf\xe9", "/caf\ufffd"),
        ("//evil.example", "/old"),
        ("/\\evil.example", "/old"),
        ("app", "/old"),
        ("http://evil.example", "/old"),
    ],
)
def test_prefixes(prefix: str, root: str) -> None:
    """The prefix replaces the root path. One with which a relative redirect would leave the site is ignored."""
    assert seen(only(x_prefix=1), ("X-Forwarded-Prefix", prefix), root_path="/old").root_path == root


def test_text_that_no_server_sends() -> None:
    """The values of an environ are bytes as latin-1 (PEP 3333). Where other characters stand in them nothing is raised:
    each becomes a question mark.
    """
    environ = {"HTTP_X_FORWARDED_PREFIX": "/\u20ac", "HTTP_X_FORWARDED_FOR": "_\u20ac", "HTTP_X": "a\u20ac"}
    head = seen_by_proxies(RequestHead(headers=EnvironHeaders(environ)), only(x_for=1, x_prefix=1))
    assert (head.root_path, head.client, head.headers["X"]) == ("/?", ("unknown", 0), "a?")


# --- Forwarded ---


def test_the_element_of_the_first_trusted_proxy_counts() -> None:
    """Address, scheme and host are those of one element: what the others say is about connections between proxies."""
    value = 'for=6.6.6.6;proto=ftp, for="[2001:db8::1]:80";proto=https;host="a.example:443", for=1.1.1.1;proto=http'
    head = seen(only(forwarded=2), ("Forwarded", value), ("Host", "inner"))
    assert (head.client, head.scheme, head.headers["Host"]) == (("2001:db8::1", 80), "https", "a.example")
    assert BaseRequest(head).access_route == ["2001:db8::1", "1.1.1.1"]
    nearer = seen(only(forwarded=1), ("Forwarded", value), ("Host", "inner"), scheme="https")
    assert (nearer.client, nearer.scheme, nearer.headers["Host"]) == (("1.1.1.1", 0), "http", "inner")


@pytest.mark.parametrize(
    ("value", "client"),
    [
        ("proto=https", ("unknown", 0)),
        ("for=", ("unknown", 0)),
        ("nonsense", ("unknown", 0)),
        ("for=1.1.1.1, nonsense", ("unknown", 0)),
        ("", PEER),
        (" , ", PEER),
        ('for="a, b", for="_x\\"y, for=1.1.1.1', ("1.1.1.1", 0)),
        ('secret="a, \\", b";for=1.1.1.1', ("1.1.1.1", 0)),
        ('secret="a, \\\\", for=1.1.1.1;x="\\\\"', ("1.1.1.1", 0)),
    ],
)
def test_odd_elements(value: str, client: tuple[str, int]) -> None:
    """An element counts as one, whatever it says; a comma inside of quotes separates nothing."""
    assert seen(only(forwarded=1), ("Forwarded", value)).client == client


def test_forwarded_is_used_in_place_of_the_others() -> None:
    """With ``forwarded``, X-Forwarded-For, -Proto and -Host may come from the client: they are not looked at."""
    forged = [("X-Forwarded-For", "6.6.6.6"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "evil.example")]
    trusted = TrustedProxies(x_for=1, x_proto=1, x_host=1, forwarded=1)
    for fields in ([("Forwarded", "for=1.1.1.1")], []):
        head = seen(trusted, *forged, *fields, ("Host", "inner"))
        assert (head.scheme, head.headers["Host"]) == ("http", "inner")
        assert head.client == (("1.1.1.1", 0) if fields else PEER)
        assert BaseRequest(head).access_route == (["1.1.1.1"] if fields else [PEER[0]])
    both = TrustedProxies(forwarded=1, x_prefix=1, x_port=1)
    head = seen(both, ("Forwarded", "for=_a;host=a.example"), ("X-Forwarded-Prefix", "/p"), ("X-Forwarded-Port", "81"))
    assert (head.root_path, head.headers["Host"]) == ("/p", "a.example:81")


# --- who is believed ---


@pytest.mark.parametrize(
    ("peers", "client", "believed"),
    [
        (None, PEER, True),
        (None, None, True),
        ([], PEER, False),
        (["10.0.0.0/8"], PEER, True),
        (["10.0.0.1"], PEER, True),
        ([ip_network("10.0.0.0/8")], PEER, True),
        ([ip_address("10.0.0.1")], PEER, True),
        ([ip_address("10.0.0.2")], PEER, False),
        ([ip_network("2001:db8::/32"), ip_address("2001:db9::7")], ("2001:db9::7", 1), True),
        (["192.168.0.0/16", "10.0.0.0/30"], PEER, True),
        (["10.0.0.0/8"], ("11.0.0.1", 1), False),
        (["10.0.0.0/8"], ("::ffff:10.2.3.4", 1), True),
        (["10.0.0.0/8"], ("::10.2.3.4", 1), False),
        (["2001:db8::/32"], ("2001:db8::7", 1), True),
        (["fe80::/10"], ("fe80::1%eth0", 1), True),
        (["10.0.0.0/8"], None, False),
        (["10.0.0.0/8"], ("/run/nginx.sock", 0), False),
        (["0.0.0.0/0", "::/0"], ("unknown", 0), False),
    ],
)
def test_peers(peers: Any, client: Any, believed: bool) -> None:
    """Only what connects from one of the networks is believed. Without ``peers`` everybody is."""
    fields = [
        ("X-Forwarded-For", "1.1.1.1"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "a.example"),
        ("X-Forwarded-Prefix", "/p"),
    ]
    head = seen(TrustedProxies(x_host=1, x_prefix=1, peers=peers), *fields, client=client)
    changed = head.client, head.scheme, head.headers.get("Host"), head.root_path
    assert changed == ((("1.1.1.1", 0), "https", "a.example", "/p") if believed else (client, "http", None, ""))
    assert head.headers.get("X-Forwarded-For") == ("1.1.1.1" if believed else None)


def test_what_is_believed_without_a_word() -> None:
    """By default one proxy is believed that sets X-Forwarded-For and X-Forwarded-Proto. Every other field may come from
    the client.
    """
    fields = [
        ("Host", "inner.example"),
        ("X-Forwarded-For", "1.1.1.1"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "evil.example"),
        ("X-Forwarded-Port", "666"),
        ("X-Forwarded-Prefix", "/evil"),
        ("Forwarded", "for=6.6.6.6;host=evil.example;proto=http"),
    ]
    head = seen(TrustedProxies(), *fields)
    assert (head.client, head.scheme) == (("1.1.1.1", 0), "https")
    assert (head.headers["Host"], head.server, head.root_path) == ("inner.example", ("internal", 8000), "")


def test_each_number_can_be_seen() -> None:
    """The repr has what was given and nothing that was made of it."""
    assert repr(TrustedProxies(x_port=2, peers=["10.0.0.0/8"])) == (
        "TrustedProxies(x_for=1, x_proto=1, x_host=0, x_port=2, x_prefix=0, forwarded=0, peers=['10.0.0.0/8'])"
    )


@pytest.mark.parametrize("name", ["x_for", "x_proto", "x_host", "x_port", "x_prefix", "forwarded"])
def test_every_number_is_checked(name: str) -> None:
    """Each number of proxies is an int of at least 0."""
    for value in (0, 1):
        assert getattr(TrustedProxies(**{name: value}), name) == value
    for wrong in (True, "1", 1.0, None):
        with pytest.raises(TypeError, match=f"^got {name}={wrong!r}, expected the number of proxies as an int$"):
            TrustedProxies(**{name: wrong})
    with pytest.raises(ValueError, match=f"^got {name}=-1, expected the number of proxies, 0 or more$"):
        TrustedProxies(**{name: -1})


@pytest.mark.parametrize("peer", [5, b"\x0a\x00\x00\x01", None, ("10.0.0.0", 8)])
def test_a_peer_of_another_type(peer: Any) -> None:
    """A number, which the module ``ipaddress`` would take for an address, is a mistake."""
    with pytest.raises(TypeError, match=r"^got the peer .*, expected a network as a str or an object of ipaddress$"):
        TrustedProxies(peers=[peer])


def test_everything_else_stays() -> None:
    """The function gives another head. What no proxy tells about is the same, and the first head has not changed."""
    head = RequestHead(
        "POST", "/x", b"q=1", [(b"Cookie", b"a=1"), (b"Cookie", b"b=2"), (b"X-Forwarded-For", b"1.1.1.1")],
        "http", "2", "/root", b"/root/x", ("internal", 8000), PEER, "ada", (True, False, True),
    )  # type: ignore[arg-type]  # fmt: skip
    after = seen_by_proxies(head, TrustedProxies())
    assert after.client == ("1.1.1.1", 0)
    assert head.client == PEER
    for name in ("method", "path", "query_string", "http_version", "root_path", "raw_path", "server", "remote_user"):
        assert getattr(after, name) == getattr(head, name)
    assert (after.concurrency, after.headers["Cookie"]) == ((True, False, True), "a=1; b=2")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"x_for": -1}, ValueError, "got x_for=-1, expected the number of proxies, 0 or more"),
        ({"forwarded": True}, TypeError, "got forwarded=True, expected the number of proxies as an int"),
        ({"x_host": "1"}, TypeError, "got x_host='1'"),
        ({"peers": "10.0.0.0/8"}, TypeError, "got peers = '10.0.0.0/8', expected an iterable of networks"),
        ({"peers": ["10.0.0.1/8"]}, ValueError, "got the peer '10.0.0.1/8', expected a network such as '10.0.0.0/8'"),
        ({"peers": ["proxy.local"]}, ValueError, "got the peer 'proxy.local'"),
    ],
)
def test_mistakes(options: dict[str, Any], error: type[Exception], message: str) -> None:
    """A number that is none, and a network that is none, are found when the application is made."""
    with pytest.raises(error, match=message):
        TrustedProxies(**options)


@pytest.mark.parametrize("zone", ["eth0", "<b>", "1 x", ""])
def test_an_address_with_a_zone_is_unknown(zone: str) -> None:
    """A zone (RFC 4007) names an interface of the proxy's machine, and may be any text. It is never passed on."""
    for trusted, field, entry in (
        (TrustedProxies(), b"X-Forwarded-For", f"fe80::1%{zone}"),
        (TrustedProxies(), b"X-Forwarded-For", f"[fe80::1%{zone}]:80"),
        (TrustedProxies(x_for=0, x_proto=0, forwarded=1), b"Forwarded", f'for="[fe80::1%{zone}]:80"'),
    ):
        head = RequestHead(headers=[(field, entry.encode())], client=("10.0.0.9", 5))
        assert seen_by_proxies(head, trusted).client == ("unknown", 0)
