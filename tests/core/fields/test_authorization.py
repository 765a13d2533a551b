"""Credentials: Basic, Bearer, Digest, and whatever else has a token or parameters."""

from __future__ import annotations

import copy
import hashlib
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardan.core.fields.authorization import Authorization, Challenge, read_parameters
from tests.corpora import corpus_json

printable = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=12)
latin = st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"]), max_size=12)
tokens = st.text("abcxyz-", min_size=1, max_size=6)
token68 = st.from_regex(r"[A-Za-z0-9\-._~+/]{1,20}={0,2}", fullmatch=True)


@pytest.mark.parametrize("row", range(2))
def test_basic_of_the_rfc(row: int) -> None:
    """RFC 7617 sections 2 and 2.1: ASCII and UTF-8."""
    case = corpus_json("rfc-examples")["rfc7617_basic"][row]
    auth = Authorization.from_header(case["header"])
    assert auth is not None
    assert (auth.type, auth.username, auth.password) == ("basic", case["user"], case["password"])
    assert auth.to_header() == case["header"]


def test_digest_of_the_rfc() -> None:
    """RFC 7616 section 3.9.1: what is read is enough to compute the response."""
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
    """RFC 7616 section 3.4: ``username*``."""
    auth = Authorization.from_header("Digest username*=UTF-8''J%C3%A4s%C3%B8n%20Doe, realm=\"x\"")
    assert auth is not None
    assert auth.username == "Jäsøn Doe"
    auth = Authorization("digest", {"username*": "UTF-8''J%C3%A4s", "realm": "x"})
    assert auth.to_header() == "Digest username*=UTF-8''J%C3%A4s, realm=\"x\""


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
    """RFC 9110 section 11.4: a scheme with a token68 or with parameters."""
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
    """What is not base64, not UTF-8, without a colon, with control characters; no token and no parameters."""
    assert Authorization.from_header(header) is None


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters=":"), max_size=12), printable)
def test_basic_comes_back(username: str, password: str) -> None:
    """Any name without a colon, any password."""
    auth = Authorization("basic", {"username": username, "password": password})
    assert Authorization.from_header(auth.to_header()) == auth


@given(tokens, st.dictionaries(tokens, latin, min_size=1, max_size=4))
def test_parameters_come_back(scheme: str, parameters: dict[str, str]) -> None:
    """Quoted where they must be, and by Digest's rules."""
    for auth in (Authorization("x-" + scheme, parameters), Challenge("x-" + scheme, parameters)):
        assert type(auth).from_header(auth.to_header()) == auth
    digest = Challenge("digest", parameters)
    assert Challenge.from_header(digest.to_header()) == digest


@given(tokens, token68)
def test_tokens_come_back(scheme: str, token: str) -> None:
    """Whatever RFC 9110 section 11.2 calls a token68."""
    auth = Authorization("x-" + scheme, token=token)
    assert Authorization.from_header(auth.to_header()) == auth
    bearer = Authorization("bearer", token=token)
    assert Authorization.from_header(str(bearer)) == bearer


@pytest.mark.parametrize(
    "auth",
    [
        Authorization("basic", {"username": "a:b", "password": ""}),
        Authorization("basic", {"username": "a", "password": "\n"}),
        Authorization("bearer", token="a b"),
        Authorization("bearer", token="a\r\nX: y"),
        Authorization("x", {"a b": "c"}),
        Authorization("x", {"a": "\n"}),
        Authorization("digest", {"qop": "auth, auth-int"}),
        Challenge("basic", {"realm": "€"}),
    ],
)
def test_what_cannot_be_written_is_refused(auth: Authorization) -> None:
    """Neither in a token nor in a parameter."""
    with pytest.raises(ValueError, match=r"^got "):
        auth.to_header()


def test_a_scheme_is_a_token() -> None:
    """And nothing else."""
    with pytest.raises(ValueError, match=r"^got authentication scheme 'a b', expected a token$"):
        Authorization("a b")


def test_access() -> None:
    """By attribute, by item, by get; None for what is not there."""
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
    """Names in lower case; what is no pair is skipped."""
    assert read_parameters('A=1, b, c d=2, e="f"') == {"a": "1", "e": "f"}


def test_space_around_a_field() -> None:
    """Space around a field value is none of it (RFC 9110 section 5.5): Basic has both parts or is None."""
    padded = Authorization.from_header("\t Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ== \t")
    assert padded is not None
    assert (padded.username, padded.password) == ("Aladdin", "open sesame")
    assert Authorization.from_header("\tBasic a=b") is None


@pytest.mark.parametrize("name", ["J%C3%A4s%C3%B8n", "%E2%82%AC", "%C1"])
def test_an_extended_user_name_is_written_alone(name: str) -> None:
    """RFC 7616 section 3.4: username and username* are not sent together; any name that was read can be written."""
    field = f"Digest username*=UTF-8''{name}"
    value = Authorization.from_header(field)
    assert value is not None
    assert value.username
    assert value.to_header() == field
    assert Authorization.from_header(value.to_header()) == value
