"""EnvironHeaders and ScopeHeaders, the two views of a request's headers, behave alike."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Mapping
from typing import Any, assert_type

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardan.core._exceptions import BadRequest, BadRequestKeyError
from cardan.core.structures import (
    EnvironHeaders,
    Headers,
    HeadersView,
    ScopeHeaders,
)
from cardan.core.structures import (
    _header_rules as header_rules,
)
from cardan.core.structures import (
    _scope_headers as scope_headers,
)

Raw = list[tuple[bytes, bytes]]


def from_environ(raw: Raw) -> EnvironHeaders:
    """Return the environ that a WSGI server makes: fields of one name are joined, and other items stand beside them."""
    joined: dict[str, list[str]] = {}
    for name, value in raw:
        key = name.decode("latin-1").upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        joined.setdefault(key, []).append(value.decode("latin-1"))
    environ: dict[str, Any] = {"REQUEST_METHOD": "GET", "wsgi.input": object(), "SERVER_NAME": "x"}
    environ.update({key: ("; " if key == "HTTP_COOKIE" else ", ").join(values) for key, values in joined.items()})
    return EnvironHeaders(environ)


VIEWS = {"environ": from_environ, "scope": ScopeHeaders}


@pytest.fixture(params=VIEWS)
def view(request: pytest.FixtureRequest) -> Callable[[Raw], HeadersView]:
    made: Callable[[Raw], HeadersView] = VIEWS[request.param]
    return made


RAW: Raw = [
    (b"host", b"example.com"),
    (b"content-type", b"text/plain"),
    (b"content-length", b"12"),
    (b"accept", b"text/html"),
    (b"cookie", b"a=1"),
    (b"accept", b"*/*"),
    (b"cookie", b"b=2"),
    (b"x-empty", b""),
    (b"x-latin", b"\xe9\xff"),
]


@pytest.mark.parametrize("name", ["host", "Host", "HOST", "hOsT"])
def test_names_are_found_in_any_case(view: Callable[[Raw], HeadersView], name: str) -> None:
    """A field is found under its name in any case (RFC 9110 section 5.1)."""
    headers = view(RAW)
    assert headers[name] == headers.get(name) == "example.com"
    assert headers.getlist(name) == headers.get_all(name) == ["example.com"]
    assert name in headers


def test_several_fields_read_as_one(view: Callable[[Raw], HeadersView]) -> None:
    """Several fields of one name are joined with a comma (RFC 9110 section 5.3), cookies with a semicolon (RFC 9113
    section 8.2.3).
    """
    headers = view(RAW)
    assert headers["accept"] == "text/html, */*"
    assert headers["cookie"] == "a=1; b=2"
    assert ", ".join(headers.getlist("accept")) == "text/html, */*"
    assert "; ".join(headers.getlist("cookie")) == "a=1; b=2"


def test_a_missing_field(view: Callable[[Raw], HeadersView]) -> None:
    """``headers[name]`` raises a KeyError that becomes a 400 response, ``get()`` gives the default, and nothing else
    raises.
    """
    headers = view(RAW)
    with pytest.raises(BadRequestKeyError) as caught:
        headers["X-None"]
    assert isinstance(caught.value, KeyError)
    assert isinstance(caught.value, BadRequest)
    assert headers.get("X-None") is None
    assert headers.get("X-None", "d") == "d"
    assert headers.getlist("X-None") == []
    assert "X-None" not in headers
    assert 5 not in headers  # type: ignore[comparison-overlap]
    for odd in ("", "\u20ac", "a b", "wsgi.input", "HTTP_HOST", "SERVER_NAME", "REQUEST_METHOD", "x\0"):
        assert headers.get(odd) is None


def test_types(view: Callable[[Raw], HeadersView]) -> None:
    """``type=`` converts the value. ValueError and TypeError give the default; other exceptions reach the caller."""
    headers = view(RAW)
    assert assert_type(headers.get("Content-Length", 0, type=int), int) == 12
    assert assert_type(headers.get("Content-Length", type=int), int | None) == 12
    assert assert_type(headers.get("Host"), str | None) == "example.com"
    assert assert_type(headers.get("Host", ""), str) == "example.com"
    assert headers.get("Host", 7, type=int) == 7
    assert headers.get("Host", 7, int) == 7
    assert headers.get("X-None", 7, type=int) == 7
    assert headers.get("Host", "d", type=lambda value: len(None)) == "d"  # type: ignore[arg-type]
    assert headers.getlist("Host", type=int) == []
    assert assert_type(headers.getlist("Content-Length", type=int), list[int]) == [12]
    with pytest.raises(ZeroDivisionError):
        headers.get("Host", type=lambda value: 1 // 0)


def test_iteration_gives_title_case(view: Callable[[Raw], HeadersView]) -> None:
    """Iteration gives each name once, in Title-Case. The view is a complete mapping."""
    headers = view(RAW)
    names = {"Host", "Content-Type", "Content-Length", "Accept", "Cookie", "X-Empty", "X-Latin"}
    assert sorted(headers) == sorted(headers.keys()) == sorted(names)
    assert len(headers) == len(headers.items()) == len(names)
    assert dict(headers) == dict(headers.items()) == {name: headers[name] for name in names}
    assert sorted(headers.values()) == sorted(headers[name] for name in names)
    assert sorted(headers.to_wsgi_list()) == sorted(headers.items())
    assert isinstance(headers, Mapping)


def test_empty_values(view: Callable[[Raw], HeadersView]) -> None:
    """An empty field exists, except the two that PEP 3333 lets a server set to an empty string."""
    headers = view([(b"x-empty", b""), (b"content-type", b""), (b"content-length", b"")])
    assert headers["X-Empty"] == ""
    assert list(headers) == ["X-Empty"]
    assert len(headers) == 1
    assert headers.get("Content-Type") is None
    assert headers.getlist("Content-Length") == []
    assert "content-type" not in headers


def test_no_fields(view: Callable[[Raw], HeadersView]) -> None:
    """A view without fields is false, and gives no names and no pairs."""
    headers = view([])
    assert not headers
    assert list(headers) == []
    assert headers.to_wsgi_list() == []
    assert str(headers) == "\r\n"


def test_octets_are_latin_1(view: Callable[[Raw], HeadersView]) -> None:
    """Each byte becomes one character (PEP 3333). No byte raises, and no byte ends a line."""
    value = bytes(range(0x21, 0x100)) + b" \x0b\x0c\x1c\x85x"
    headers = view([(b"x-a", value)])
    assert headers["X-A"].encode("latin-1") == value
    assert len(headers.getlist("X-A")) == 1


CHANGES: list[Callable[[Any], object]] = [
    lambda h: h.__setitem__("A", "b"),
    lambda h: h.__delitem__("Host"),
    lambda h: h.__ior__({}),
    lambda h: h.add("A", "b"),
    lambda h: h.add_header("A", "b", c="d"),
    lambda h: h.clear(),
    lambda h: h.extend({}),
    lambda h: h.pop("Host", None),
    lambda h: h.popitem(),
    lambda h: h.remove("Host"),
    lambda h: h.set("A", "b"),
    lambda h: h.setdefault("A", "b"),
    lambda h: h.setlist("A", []),
    lambda h: h.setlistdefault("A", []),
    lambda h: h.update({}),
]


@pytest.mark.parametrize("change", CHANGES)
def test_views_cannot_be_changed(view: Callable[[Raw], HeadersView], change: Callable[[Any], object]) -> None:
    """Every method that changes headers raises TypeError, and the error text names ``copy()``."""
    headers = view(RAW)
    before = headers.to_wsgi_list()
    with pytest.raises(TypeError, match=r"^(Environ|Scope)Headers cannot be changed; change its copy\(\)$"):
        change(headers)
    assert headers.to_wsgi_list() == before


def test_copies(view: Callable[[Raw], HeadersView]) -> None:
    """``copy()`` gives Headers with all fields, which can be changed. ``copy.copy()`` gives the view itself."""
    headers = view(RAW)
    changed = assert_type(headers.copy(), Headers)
    assert changed == headers
    changed["Host"] = "b"
    assert headers["Host"] == "example.com"
    assert copy.copy(headers) is headers
    assert copy.deepcopy(headers) == headers
    assert pickle.loads(pickle.dumps(headers)) == headers
    assert type(pickle.loads(pickle.dumps(headers, 0))) is type(headers)


def test_union(view: Callable[[Raw], HeadersView]) -> None:
    """``headers | mapping`` gives a changed copy."""
    headers = view(RAW)
    both = assert_type(headers | {"host": "b", "X-New": "1"}, Headers)
    assert both["Host"] == "b"
    assert both["X-New"] == "1"
    assert both["Cookie"] == "a=1; b=2"
    assert headers["Host"] == "example.com"
    with pytest.raises(TypeError):
        headers | [("A", "b")]  # type: ignore[operator]


def test_equality(view: Callable[[Raw], HeadersView]) -> None:
    """Containers of headers with the same fields are equal, whatever their class. No other object equals headers."""
    headers = view(RAW)
    for other in VIEWS.values():
        assert headers == other(list(reversed(RAW[:4])) + RAW[4:])
        assert headers != other(RAW[1:])
    assert headers == Headers([(name.decode().upper(), value.decode("latin-1")) for name, value in RAW])
    assert Headers(headers) == headers
    assert headers != dict(headers)
    with pytest.raises(TypeError, match="unhashable"):
        hash(headers)


def test_text(view: Callable[[Raw], HeadersView]) -> None:
    """``str()`` gives the fields as HTTP/1.1 writes them, ``repr()`` names the class."""
    headers = view([(b"host", b"a")])
    assert str(headers) == "Host: a\r\n\r\n"
    assert repr(headers) == f"{type(headers).__name__}([('Host', 'a')])"


@given(st.lists(st.tuples(st.sampled_from([b"a", b"x-b", b"cookie", b"content-type"]), st.binary(max_size=5))))
def test_both_views_are_equal(raw: Raw) -> None:
    """Header views of the same bytes are equal on both protocols."""
    # a WSGI server may join an empty Content-Type with another one or leave it out
    raw = [(name, value) for name, value in raw if value or name != b"content-type"]
    environ, scope = from_environ(raw), ScopeHeaders(raw)
    assert dict(environ) == dict(scope)
    assert environ == scope
    for name in ("A", "X-b", "Cookie", "Content-Type", "x"):
        assert environ.get(name) == scope.get(name)


def test_work_is_linear(view: Callable[[Raw], HeadersView], assert_linear: Callable[..., None]) -> None:
    """The work for 10,000 fields, of one name or of different names, grows with their number only, however often they
    are read.
    """

    def read(headers: HeadersView) -> object:
        names = list(headers)
        return [headers[name] for name in names], [headers.getlist(name) for name in names], dict(headers)

    assert_linear(lambda n: view([(b"cookie", b"a=1")] * n), read)
    assert_linear(lambda n: view([(b"x-%d" % i, b"1") for i in range(n)]), read)
    assert_linear(lambda n: view([(b"X-%d" % (i // 2), b"1") for i in range(n)]), read)


class TestEnviron:
    """Laws of EnvironHeaders alone."""

    def test_it_is_live(self) -> None:
        """A change of the environ is visible in the view."""
        environ = {"HTTP_A": "1"}
        headers = EnvironHeaders(environ)
        assert headers["A"] == "1"
        environ["HTTP_A"] = "2"
        environ["CONTENT_TYPE"] = "text/plain"
        assert dict(headers) == {"A": "2", "Content-Type": "text/plain"}

    def test_twins_of_the_content_fields_are_not_looked_at(self) -> None:
        """``HTTP_CONTENT_LENGTH`` in the environ is not read as Content-Length."""
        headers = EnvironHeaders({"HTTP_CONTENT_LENGTH": "5", "HTTP_CONTENT_TYPE": "a/b"})
        assert dict(headers) == {}
        assert headers.get("Content-Length") is None

    def test_an_error_that_is_not_of_the_name_is_raised(self) -> None:
        """A field of an environ that is no dict is not taken for a missing one."""
        with pytest.raises((AttributeError, TypeError)):
            EnvironHeaders(None).get("A")  # type: ignore[arg-type]

    def test_odd_keys(self) -> None:
        """Whatever keys an environ has, each name that iteration gives can be looked up."""
        odd = ["HTTP_", "HTTP_x", "HTTP_X-Y", "HTTP_\xe9", "HTTP_\xc9", "HTTP_\u20ac", "HTTP_A B", "HTTP_\u017f"]
        headers = EnvironHeaders(dict.fromkeys(odd, "1"))
        assert dict(headers) == {"\xc9": "1", "A B": "1"}
        assert len(headers) == 2

    def test_a_name_with_an_underscore_is_not_found(self) -> None:
        """``X_Forwarded_For`` does not give the field X-Forwarded-For, as on ASGI."""
        headers = EnvironHeaders({"HTTP_X_FORWARDED_FOR": "1.2.3.4"})
        assert headers.get("X-Forwarded-For") == "1.2.3.4"
        assert headers.get("X_Forwarded_For") is None
        assert headers.getlist("X_Forwarded-For") == []


class TestScope:
    """Laws of ScopeHeaders alone."""

    def test_getlist_keeps_what_the_protocol_kept(self) -> None:
        """``getlist()`` gives the values of several fields one by one, because nothing has joined them."""
        headers = ScopeHeaders(RAW)
        assert headers.getlist("Accept") == ["text/html", "*/*"]
        assert headers.getlist("cookie") == ["a=1", "b=2"]
        assert headers.copy().getlist("Accept") == ["text/html", "*/*"]
        assert pickle.loads(pickle.dumps(headers)).getlist("Accept") == ["text/html", "*/*"]

    @pytest.mark.parametrize("name", [b"X-A", b"x-a", b"X-a"])
    def test_names_in_upper_case_are_found(self, name: bytes) -> None:
        """The ASGI specification requires names in lower case. A field with an upper-case name is found too, even
        beside one in lower case.
        """
        headers = ScopeHeaders([(b"host", b"h"), (name, b"1")])
        assert headers["x-a"] == headers["X-A"] == "1"
        assert list(headers) == ["Host", "X-A"]
        twins = ScopeHeaders([(b"x-a", b"0"), (name, b"1")])
        assert twins["X-A"] == "0, 1"
        assert twins.getlist("X-A") == ["0", "1"]
        assert len(twins) == 1

    def test_many_names_leave_little_behind(self) -> None:
        """The memo of names is bounded. Usual names are found after many unusual ones."""
        for flood in range(5):
            ScopeHeaders([(b"x-%d-%d" % (flood, i), b"1") for i in range(1000)]).get("x")
            assert len(scope_headers._lower_names) <= 2 * header_rules.MEMO_ENTRIES
        assert ScopeHeaders([(b"host", b"h")])["Host"] == "h"

    def test_names_of_odd_bytes(self) -> None:
        """A name with unusual bytes raises no exception, neither in iteration nor in a look-up."""
        headers = ScopeHeaders([(b"\xc9\xff", b"1"), (b"", b"2"), (b"X_A", b"3")])
        assert headers["\xc9\xff"] == "1"
        assert len(dict(headers)) == 3
        assert headers[""] == "2"
        assert headers["x_a"] == "3"
        assert headers.get("x-a") is None

    @pytest.mark.parametrize("make", [tuple, iter, lambda raw: [list(pair) for pair in raw]])
    def test_any_iterable_of_pairs(self, make: Callable[[Raw], Any]) -> None:
        """Any iterable of two-item iterables is accepted, as the ASGI specification says."""
        headers = ScopeHeaders(make(RAW))
        assert headers["Accept"] == "text/html, */*"
        assert headers == ScopeHeaders(RAW)
        assert pickle.loads(pickle.dumps(headers)) == headers

    def test_the_list_is_left_alone(self) -> None:
        """The view does not change the list of the scope, which belongs to the server."""
        raw = [(b"X-A", b"1"), (b"x-a", b"2")]
        headers = ScopeHeaders(raw)
        headers.copy().add("X-B", "3")
        assert raw == [(b"X-A", b"1"), (b"x-a", b"2")]

    def test_nothing_is_decoded_before_it_is_asked_for(self) -> None:
        """A value is decoded only when it is read."""
        decoded: list[bytes] = []

        class Value(bytes):
            def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
                decoded.append(self)
                return super().decode(encoding, errors)

        headers = ScopeHeaders([(b"a", Value(b"1")), (b"b", Value(b"2"))])
        assert "b" in headers
        assert headers["b"] == "2"
        assert set(decoded) == {b"2"}


def test_what_clients_send_is_remembered_within_bounds() -> None:
    """Requests with ever new names, with very many or with long ones do not fill the memory of the process: names of at
    most 64 characters are remembered, 1024 of one request, until there are as many.
    """
    scope_headers._lower_names.clear()
    assert ScopeHeaders([(b"x-%d" % number, b"") for number in range(10_000)])["x-9999"] == ""
    assert len(scope_headers._lower_names) <= 1024
    for start in range(0, 5000, 100):
        assert ScopeHeaders([(b"y-%d" % number, b"") for number in range(start, start + 100)]).get("z") is None
    assert len(scope_headers._lower_names) <= 1024 + 100
    scope_headers._lower_names.clear()
    assert ScopeHeaders([(b"a" * 64, b"1"), (b"b" * 65, b"2")]).get("z") is None
    assert scope_headers._lower_names == {b"a" * 64}


def test_text_of_a_gateway() -> None:
    """Text is encoded as latin-1, or as UTF-8 if it has other characters; a lone surrogate becomes a question mark."""
    headers = scope_headers.received_headers(
        [("A", "\xe9"), ("B", "\u20ac"), ("C", "\u20ac\ud800"), (b"D", bytearray(b"e"))]
    )
    assert headers["a"].encode("latin-1") == b"\xe9"
    assert headers["b"].encode("latin-1") == "\u20ac".encode()
    assert headers["c"].encode("latin-1") == "\u20ac?".encode()
    assert headers["d"] == "e"
