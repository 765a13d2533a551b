"""WWW-Authenticate: lists of challenges."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardan.core.fields._authorization import Challenge
from cardan.core.fields._www_authenticate import WWWAuthenticate
from cardan.core.structures import Headers
from tests.corpora import corpus_json

DEVIATIONS = json.loads((Path(__file__).parent / "deviations.json").read_text(encoding="utf-8"))

tokens = st.text("abcxyz-", min_size=1, max_size=6)
latin = st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"]), max_size=12)
token68 = st.from_regex(r"[A-Za-z0-9\-._~+/]{1,20}={0,2}", fullmatch=True)
challenges = st.builds(Challenge, tokens, st.dictionaries(tokens, latin, max_size=3)) | st.builds(
    Challenge, tokens, st.none(), token68
)


def test_the_corpus() -> None:
    """tchttpauth: every valid row that is parsed is written back. The other rows give what deviations.json lists."""
    deviations = DEVIATIONS["tchttpauth"]["rows"]
    rows = corpus_json("tchttpauth")
    for row in rows:
        header = re.sub(r"\r?\n[ \t]+", " ", row["header_latin1"])  # unfolded by the server (RFC 9112 section 5.2)
        parsed = WWWAuthenticate.from_header(header)
        found = [[challenge.type, dict(challenge.parameters)] for challenge in parsed]
        if row["id"] in deviations:
            assert found == deviations[row["id"]], row["id"]
        else:
            assert [kind for kind, _ in found] == EXPECTED.get(row["id"], ["basic"]), row["id"]
            assert all("realm" in parameters for _, parameters in found), row["id"]
        assert WWWAuthenticate.from_header(parsed.to_header()) == parsed
    assert len(rows) == 29
    assert deviations.keys() <= {row["id"] for row in rows}


EXPECTED = {
    "multibasicunknown": ["basic", "newauth"],
    "multibasicunknown2": ["newauth", "basic"],
    "multidisgscheme": ["newauth", "basic"],
    "unknown": ["newauth"],
}


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (None, []),
        ("", []),
        ('realm="x", Basic', [("basic", None, {})]),
        ("Negotiate", [("negotiate", None, {})]),
        ("Negotiate abc, a=b", [("negotiate", None, {"a": "b"})]),
        ("Negotiate YII==, Basic realm=x", [("negotiate", "YII==", {}), ("basic", None, {"realm": "x"})]),
        ('Basic realm = x , charset\t="UTF-8"', [("basic", None, {"realm": "x", "charset": "UTF-8"})]),
        ("A, B, C x=1, y=2, D", [("a", None, {}), ("b", None, {}), ("c", None, {"x": "1", "y": "2"}), ("d", None, {})]),
        ('A t="B x=1, C", B', [("a", None, {"t": "B x=1, C"}), ("b", None, {})]),
        (",, A ,,", [("a", None, {})]),
        ("é, /", []),
    ],
)
def test_reading(header: str | None, found: list[tuple[str, str | None, dict[str, str]]]) -> None:
    """A comma separates challenges, and parameters of one challenge (RFC 9110 section 11.6.1)."""
    parsed = WWWAuthenticate.from_header(header)
    assert [(item.type, item.token, dict(item.parameters)) for item in parsed] == found


@given(st.lists(challenges, max_size=4))
def test_challenges_come_back(items: list[Challenge]) -> None:
    """Several challenges that are written are parsed back in order."""
    challenge = WWWAuthenticate(items)
    assert list(WWWAuthenticate.from_header(challenge.to_header())) == items


def test_the_first_one() -> None:
    """A field with one challenge has the attributes of this challenge."""
    challenge = WWWAuthenticate("Basic", {"realm": "staff"})
    assert (challenge.type, challenge.realm, challenge["realm"], challenge.token) == ("basic", "staff", "staff", None)
    assert challenge.parameters == {"realm": "staff"}
    assert "realm" in challenge
    assert challenge[0] in challenge
    assert challenge.to_header() == 'Basic realm="staff"'
    empty = WWWAuthenticate()
    assert (empty.type, empty.realm, empty.token, empty.parameters, bool(empty)) == (None, None, None, {}, False)
    assert WWWAuthenticate("Negotiate", token="abc=").to_header() == "Negotiate abc="


def test_live() -> None:
    """The challenges are a list that writes every change to the field. Removing the last one removes the field."""
    headers = Headers()
    one = WWWAuthenticate.bound(headers, "WWW-Authenticate")
    two = WWWAuthenticate.bound(headers, "WWW-Authenticate")
    one.set_basic("x")
    two.append(Challenge("bearer"))
    one.insert(0, Challenge("negotiate"))
    assert headers["WWW-Authenticate"] == 'Negotiate, Basic realm="x", charset=UTF-8, Bearer'
    assert len(two) == 3
    assert two[:2] == [Challenge("negotiate"), Challenge("basic", {"realm": "x", "charset": "UTF-8"})]
    del one[1:]
    two[0] = Challenge("x")
    assert headers["WWW-Authenticate"] == "X"
    one.set_digest("r", "n", ("auth", "auth-int"), "o", "SHA-256", stale=True)
    assert headers["WWW-Authenticate"] == (
        'Digest realm="r", nonce="n", qop="auth, auth-int", opaque="o", algorithm=SHA-256, stale=true'
    )
    with pytest.raises(ValueError, match=r"^got "):
        two.append(Challenge("x", {"a": "\n"}))
    two.clear()
    assert "WWW-Authenticate" not in headers


def test_several_fields() -> None:
    """Each of several fields may have several challenges (RFC 9110 section 11.6.1)."""
    headers = Headers([("WWW-Authenticate", "A"), ("WWW-Authenticate", "B, C")])
    assert [item.type for item in WWWAuthenticate.bound(headers, "www-authenticate")] == ["a", "b", "c"]


def test_the_defaults_of_the_challenges() -> None:
    """``set_basic()`` has a realm of its own and asks for UTF-8 (RFC 7617 section 2.1). ``set_digest()`` has the
    quality of protection ``auth``, and says nothing that is optional: not ``stale``, ``opaque`` or ``algorithm`` (RFC
    7616 section 3.3).
    """
    challenge = WWWAuthenticate()
    challenge.set_basic()
    assert challenge.to_header() == 'Basic realm="authentication required", charset=UTF-8'
    challenge.set_digest("r", "n")
    assert challenge.to_header() == 'Digest realm="r", nonce="n", qop="auth"'
    challenge.set_digest("r", "n", algorithm="MD5", stale=True)
    assert challenge.to_header() == 'Digest realm="r", nonce="n", qop="auth", algorithm=MD5, stale=true'
    challenge.set_digest("r", "n", qop=iter(["auth", "auth-int"]), opaque="o")
    assert challenge.to_header() == 'Digest realm="r", nonce="n", qop="auth, auth-int", opaque="o"'


def test_the_quality_of_protection_is_a_list_of_tokens() -> None:
    """``qop`` has one token or more (RFC 7616 section 3.3). A str is an iterable of letters, and is refused."""
    challenge = WWWAuthenticate()
    with pytest.raises(ValueError, match=r"^got no qop, expected one token or more"):
        challenge.set_digest("r", "n", qop=())
    with pytest.raises(TypeError, match=r"^got qop = 'auth', expected an iterable of tokens"):
        challenge.set_digest("r", "n", qop="auth")
    assert not challenge
