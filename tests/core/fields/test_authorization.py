"""Authorization: Basic, Bearer, Digest, and every other scheme with a token or with parameters."""

from __future__ import annotations

import copy
import hashlib
import pickle
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardan.core.fields._authorization import Authorization, Challenge, read_parameters
from tests.corpora import corpus_json

printable = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=12)
latin = st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"]), max_size=12)
tokens = st.text("abcxyz-", min_size=1, max_size=6)
token68 = st.from_regex(r"[A-Za-z0-9\-._~+/]{1,20}={0,2}", fullmatch=True)


@pytest.mark.parametrize("row", range(2))
def test_basic_of_the_rfc(row: int) -> None:
    """The examples of RFC 7617 sections 2 and 2.1, in ASCII and UTF-8, are parsed."""
    case = corpus_json("rfc-examples")["rfc7617_basic"][row]
    auth = Authorization.from_header(case["header"])
    assert auth is not None
    assert (auth.type, auth.username, auth.password) == ("basic", case["user"], case["password"])
    assert auth.to_header() == case["header"]


def test_digest_of_the_rfc() -> None:
    """The example of RFC 7616 section 3.9.1 is parsed, and the result is enough to compute the response."""
    case = corpus_json("rfc-examples")["rfc7616_digest"]
    auth = Authorization.from_header(
        'Digest username="{username}", realm="{realm}", uri="{uri}", algorithm=SHA-256, nonce="{nonce}", nc={nc}, '
        'cnonce="{cnonce}", qop={qop}, response="{response_sha256}", opaque="{opaque}"'.format(**case)
    )
    assert auth is not None

    def digest(*parts: str | None) -> str:
        return hashlib.sha256(":".join(map(str, parts)).encode()).hexdigest()

    secret = digest(auth.username, auth.realm, case["password"])
    assert auth["response"] == digest(secret, auth.nonce, auth.nc, auth.cnonce, auth.qop, digest("GET", auth.uri))
    assert Authorization.from_header(auth.to_header()) == auth
    assert "qop=auth," in auth.to_header()
    assert "algorithm=SHA-256," in auth.to_header()
    assert 'cnonce="' in auth.to_header()


def test_digest_with_an_extended_name() -> None:
    """``username*`` is decoded and given as ``username`` (RFC 7616 section 3.4)."""
    auth = Authorization.from_header("Digest username*=UTF-8''J%C3%A4s%C3%B8n%20Doe, realm=\"x\"")
    assert auth is not None
    assert auth.username == "Jäsøn Doe"
    auth = Authorization("digest", {"username*": "UTF-8''J%C3%A4s", "realm": "x"})
    assert auth.to_header() == "Digest username*=UTF-8''J%C3%A4s, realm=\"x\""
    undecodable = Authorization.from_header('Digest username*=Jason, realm="x"')
    assert undecodable is not None
    assert undecodable.username is None
    assert dict(undecodable.parameters) == {"username*": "Jason", "realm": "x"}


@pytest.mark.parametrize(
    ("header", "kind", "token", "parameters"),
    [
        ("Bearer abc.def-1~+/==", "bearer", "abc.def-1~+/==", {}),
        ("bearer  abc", "bearer", "abc", {}),
        ("Negotiate", "negotiate", None, {}),
        ("Negotiate YII=", "negotiate", "YII=", {}),
        ('Custom a=b, C="d, e",', "custom", None, {"a": "b", "c": "d, e"}),
        ("Custom a=1, a=2", "custom", None, {"a": "1"}),
        ("  Custom\tx", None, None, {}),
        (" Custom x ", "custom", "x", {}),
        ("basic QTpi", "basic", None, {"username": "A", "password": "b"}),
        ("Basic Og==", "basic", None, {"username": "", "password": ""}),
        ("Basic YTpiOmM=", "basic", None, {"username": "a", "password": "b:c"}),
        ("Basic QTpi ", "basic", None, {"username": "A", "password": "b"}),
    ],
)
def test_reading(header: str, kind: str | None, token: str | None, parameters: dict[str, str]) -> None:
    """A value is a scheme with a token68 or with parameters (RFC 9110 section 11.4)."""
    auth = Authorization.from_header(header)
    if kind is None:
        assert auth is None
        return
    assert auth is not None
    assert (auth.type, auth.token, auth.parameters) == (kind, token, parameters)


@pytest.mark.parametrize(
    "header",
    [
        None, "", " ", "Basic", "Basic é", "Basic \xe9\xe9", "Basic QQ==", "Basic QTpi!", "Basic Q", "Basic /zo=",
        "Basic QQA6Yg==", "Basic a=b", "Bearer a b", "Bearer é", "a,b c", "=", "Digest é",
    ],
)  # fmt: skip
def test_garbage_is_none(header: str | None) -> None:
    """Values that are not base64 or not UTF-8, lack a colon, or contain control characters give None. So does a scheme
    followed by text that is neither a token nor parameters.
    """
    assert Authorization.from_header(header) is None


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters=":"), max_size=12), printable)
def test_basic_comes_back(username: str, password: str) -> None:
    """Basic credentials with any user name without a colon and any password are parsed back."""
    auth = Authorization("basic", {"username": username, "password": password})
    assert Authorization.from_header(auth.to_header()) == auth


@given(tokens, st.dictionaries(tokens, latin, min_size=1, max_size=4))
def test_parameters_come_back(scheme: str, parameters: dict[str, str]) -> None:
    """Parameters are parsed back. They are quoted if it is necessary or if the rules of Digest require it."""
    for auth in (Authorization("x-" + scheme, parameters), Challenge("x-" + scheme, parameters)):
        assert type(auth).from_header(auth.to_header()) == auth
    digest = Challenge("digest", {**parameters, "realm": "a", "nonce": "b"})
    assert Challenge.from_header(digest.to_header()) == digest


@given(tokens, token68)
def test_tokens_come_back(scheme: str, token: str) -> None:
    """Every token68 (RFC 9110 section 11.2) is parsed back."""
    auth = Authorization("x-" + scheme, token=token)
    assert Authorization.from_header(auth.to_header()) == auth
    bearer = Authorization("bearer", token=token)
    assert Authorization.from_header(str(bearer)) == bearer


@pytest.mark.parametrize(
    "make",
    [
        lambda: Authorization("basic", {"username": "a:b", "password": ""}),
        lambda: Authorization("basic", {"username": "a", "password": "\n"}),
        lambda: Authorization("basic", {"password": "a"}),
        lambda: Authorization("basic", {"username": "a", "password": "b", "realm": "c"}),
        lambda: Authorization("basic", token="YQ=="),
        lambda: Authorization("bearer", token="a b"),
        lambda: Authorization("bearer", token="a\r\nX: y"),
        lambda: Authorization("x", {"a b": "c"}),
        lambda: Authorization("x", {"a": "\n"}),
        lambda: Authorization("digest", {"qop": "auth, auth-int"}),
        lambda: Authorization("digest", {"qop": "auth"}, "tok"),
        lambda: Challenge("basic", {"realm": "€"}),
        lambda: Challenge("digest", {"realm": "a", "nonce": "b"}, "tok"),
    ],
)
def test_what_cannot_be_written_is_refused(make: Callable[[], object]) -> None:
    """The constructor refuses a token or parameter that a header field must not contain, parameters together with a
    token (RFC 9110 section 11.4), and what reading would not give.
    """
    with pytest.raises(ValueError, match=r"^got "):
        make()


@pytest.mark.parametrize(
    ("scheme", "parameters", "text"),
    [
        ("basic", {"charset": "UTF-8"}, "got a basic challenge without realm, expected realm (RFC 7617)"),
        ("digest", {"nonce": "a"}, "got a digest challenge without realm, expected realm (RFC 7616)"),
        ("digest", {"realm": "a"}, "got a digest challenge without nonce, expected nonce (RFC 7616)"),
    ],
)
def test_a_challenge_has_what_its_scheme_requires(scheme: str, parameters: dict[str, str], text: str) -> None:
    """A challenge of Basic has a realm (RFC 7617 section 2), one of Digest a realm and a nonce (RFC 7616 section 3.3).
    A challenge that was read may lack them, and can be written.
    """
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        Challenge(scheme, parameters)
    header = ", ".join(f'{name}="{value}"' for name, value in parameters.items())
    read = Challenge.from_header(f"{scheme} {header}")
    assert read is not None
    assert read.parameters == parameters
    assert Challenge.from_header(read.to_header()) == read


def test_the_error_of_bearer_is_quoted() -> None:
    """All parameters of a Bearer or DPoP challenge are written with quotes, as in the examples of RFC 6750 section 3
    and RFC 9449 section 7.1.
    """
    dpop = Challenge("dpop", {"error": "invalid_token", "algs": "ES256"})
    assert dpop.to_header() == 'Dpop error="invalid_token", algs="ES256"'
    challenge = Challenge("bearer", {"realm": "example", "error": "invalid_token"})
    assert challenge.to_header() == 'Bearer realm="example", error="invalid_token"'
    assert Challenge("bearer", {"scope": "openid"}).to_header() == 'Bearer scope="openid"'


def test_the_token_of_basic_is_decoded() -> None:
    """What reading folds, constructing folds: the token of Basic gives user name and password (RFC 7617 section 2)."""
    assert Authorization("Basic", token="QWxhZGRpbjpvcGVuIHNlc2FtZQ==") == Authorization(
        "basic", {"username": "Aladdin", "password": "open sesame"}
    )
    assert Authorization("basic", {"username": "a"}).password == ""
    assert Authorization("digest", {"username*": "UTF-8''%e2%82%ac"}).username == "€"


def test_a_scheme_is_a_token() -> None:
    """A scheme that is not a token is refused."""
    with pytest.raises(ValueError, match=r"^got authentication scheme 'a b', expected a token$"):
        Authorization("a b")


def test_access() -> None:
    """A parameter is read as an attribute, as an item and with ``get()``; a missing one is None."""
    auth = Authorization("X", {"Realm": "r", "a": None})
    assert (auth.type, auth.realm, auth["REALM"], auth.get("realm"), auth.get("x", "d")) == ("x", "r", "r", "r", "d")
    assert auth.nonsense is None
    assert auth["nonsense"] is None
    assert "realm" in auth
    assert "a" not in auth
    assert repr(auth) == "<Authorization x>"
    assert auth != "x"
    assert hash(auth) == hash(Authorization("x", {"realm": "r"}))
    with pytest.raises(AttributeError):
        auth._private
    for twin in (copy.copy(auth), copy.deepcopy(auth), pickle.loads(pickle.dumps(auth))):
        assert twin == auth
    assert Challenge("negotiate").to_header() == "Negotiate"


def test_parameters_alone() -> None:
    """Names of parameters are given in lower case. Members that are not pairs are skipped."""
    assert read_parameters('A=1, b, c d=2, e="f"') == {"a": "1", "e": "f"}


def test_space_around_a_field() -> None:
    """White space around a field value is ignored (RFC 9110 section 5.5). Basic credentials have both parts or give
    None.
    """
    padded = Authorization.from_header("\t Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ== \t")
    assert padded is not None
    assert (padded.username, padded.password) == ("Aladdin", "open sesame")
    assert Authorization.from_header("\tBasic a=b") is None


@pytest.mark.parametrize("name", ["J%C3%A4s%C3%B8n", "%E2%82%AC", "%C1"])
def test_an_extended_user_name_is_written_alone(name: str) -> None:
    """``username`` and ``username*`` are not sent together (RFC 7616 section 3.4). Every name that was parsed can be
    written.
    """
    field = f"Digest username*=UTF-8''{name}"
    value = Authorization.from_header(field)
    assert value is not None
    assert value.username
    assert value.to_header() == field
    assert Authorization.from_header(value.to_header()) == value


@pytest.mark.parametrize("name", ["algorithm", "charset", "nc", "stale", "userhash", "qop"])
def test_parameters_of_digest_that_are_written_without_quotes(name: str) -> None:
    """RFC 7616 sections 3.3 and 3.4 list the parameters of Digest that are written without quotes. The ``qop`` of a
    challenge is a list, which has quotes.
    """
    auth = Authorization("digest", {"realm": "a", name: "b"})
    assert auth.to_header() == f'Digest realm="a", {name}=b'
    challenge = Challenge("digest", {"realm": "a", "nonce": "n", name: "b"})
    expected = '"b"' if name == "qop" else "b"
    assert challenge.to_header() == f'Digest realm="a", nonce="n", {name}={expected}'


@pytest.mark.parametrize("name", ["username", "realm", "uri", "response", "cnonce", "nonce", "opaque", "domain", "x"])
def test_parameters_of_digest_that_are_written_with_quotes(name: str) -> None:
    """All other parameters of Digest have quotes, a token too (RFC 7616 sections 3.3 and 3.4)."""
    assert Authorization("digest", {name: "b"}).to_header() == f'Digest {name}="b"'


@pytest.mark.parametrize("name", ["realm", "scope", "error", "error_description", "error_uri"])
@pytest.mark.parametrize("scheme", ["bearer", "dpop"])
def test_every_parameter_of_bearer_and_dpop_has_quotes(scheme: str, name: str) -> None:
    """As RFC 6750 section 3 and RFC 9449 section 7.1 write them. Other schemes write only ``realm`` so (RFC 9110
    section 11.5).
    """
    assert Challenge(scheme, {name: "b"}).to_header() == f'{scheme.title()} {name}="b"'
    other = '"b"' if name == "realm" else "b"
    assert Challenge("x", {name: "b"}).to_header() == f"X {name}={other}"


@pytest.mark.parametrize("cls", [Authorization, Challenge])
def test_an_object_without_its_constructor(cls: type[Authorization | Challenge]) -> None:
    """An object whose constructor did not run, which debuggers and copiers may see, lacks its attributes."""
    empty = cls.__new__(cls)
    assert [hasattr(empty, name) for name in ("type", "token", "parameters")] == [False, False, False]


def test_what_is_shown_of_credentials() -> None:
    """``repr()`` shows the scheme alone: a token, a password or a response does not get into a log."""
    assert repr(Authorization("bearer", token="secret")) == "<Authorization bearer>"
    assert repr(Authorization("basic", {"username": "a", "password": "secret"})) == "<Authorization basic>"


def test_two_names_of_a_user() -> None:
    """``username`` counts where ``username*`` is sent beside it; a comma after a token is a list's."""
    auth = Authorization.from_header("Digest username=a, username*=UTF-8''b")
    assert auth is not None
    assert auth.username == "a"
    made = Authorization("digest", dict(auth.parameters))
    assert made == auth
    assert made.to_header() == "Digest username=\"a\", username*=UTF-8''b"
    token = Authorization.from_header("Custom abc=,")
    assert token is not None
    assert (token.token, dict(token.parameters)) == ("abc=", {})


def test_what_is_wrong_with_credentials_is_said() -> None:
    """The error names the rule of the RFC, and no secret."""
    with pytest.raises(ValueError, match=r"^got digest with parameters and a token, expected one of them"):
        Authorization("digest", {"a": "secret"}, "secret")
    for parameters in ({"username": "a:b"}, {"username": "a\n"}, {"username": "a", "password": "secret\0"}):
        with pytest.raises(ValueError, match=r"^got basic credentials with a control character, or "):
            Authorization("basic", parameters)
