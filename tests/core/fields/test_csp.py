"""Content-Security-Policy."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardan.core.fields._csp import ContentSecurityPolicy
from cardan.core.structures import Headers

names = st.text("abcxyz-019", min_size=1, max_size=8)
sources = st.lists(st.text("abc'*:/.-", min_size=1, max_size=6), max_size=3).map(" ".join)


@pytest.mark.parametrize(
    ("header", "policies"),
    [
        (None, []),
        ("", []),
        (";; , ;", []),
        ("default-src 'self'; IMG-SRC * data:", [{"default-src": "'self'", "img-src": "* data:"}]),
        ("sandbox; upgrade-insecure-requests;", [{"sandbox": "", "upgrade-insecure-requests": ""}]),
        ("a x; a y", [{"a": "x"}]),
        ("a x, b y,", [{"a": "x"}, {"b": "y"}]),
        ("  a   x  y ;", [{"a": "x  y"}]),
        ("a_b x; a \xe9; b y", [{"b": "y"}]),
    ],
)
def test_reading(header: str | None, policies: list[dict[str, str]]) -> None:
    """Several policies and directives without a value are kept, and the first of several equal directives counts (CSP
    Level 3, sections 2.2.1 and 2.2.2).
    """
    csp = ContentSecurityPolicy.from_header(header)
    assert list(csp.policies) == policies
    assert dict(csp) == (policies[0] if policies else {})


def test_attributes() -> None:
    """Directives can be set as text, as sources and as flags, and can be removed."""
    csp = ContentSecurityPolicy({"default-src": ["'self'", "https:"]})
    csp.img_src = "*"
    csp.upgrade_insecure_requests = True
    csp.sandbox = ""
    assert csp.to_header() == "default-src 'self' https:; img-src *; upgrade-insecure-requests; sandbox"
    assert (csp.default_src, csp.sandbox, csp.script_src, csp.upgrade_insecure_requests) == (
        "'self' https:",
        "",
        None,
        True,
    )
    csp.upgrade_insecure_requests = False
    csp.sandbox = None
    del csp.img_src
    assert csp.to_header() == "default-src 'self' https:"
    assert (
        ContentSecurityPolicy.default_src.__doc__
        == "The sources of ``default-src``, None if the policy lacks the directive."
    )


def test_live() -> None:
    """A change of the first policy keeps the other policies. Removing the last directive removes the field."""
    headers = Headers([("Content-Security-Policy", "a x"), ("Content-Security-Policy", "b y; c")])
    one = ContentSecurityPolicy.bound(headers, "Content-Security-Policy")
    two = ContentSecurityPolicy.bound(headers, "Content-Security-Policy")
    one["d"] = ["z", "w"]
    two.add_policy({"E": "v"})
    assert headers.getlist("Content-Security-Policy") == ["a x; d z w, b y; c, e v"]
    del one["a"]
    del one["D"]
    assert headers["Content-Security-Policy"] == "b y; c, e v"
    assert (len(two), "c" in two, "e" in two, two["B"]) == (2, True, False, "y")
    two.clear()
    one.clear()
    assert "Content-Security-Policy" not in headers
    assert not one


@pytest.mark.parametrize(
    ("name", "value"), [("a b", ""), ("a;", ""), ("a", "x; y"), ("a", "x, y"), ("a", "é"), ("a", "\n")]
)
def test_what_cannot_be_written_is_refused(name: str, value: str) -> None:
    """A name or value that would end the directive, the policy or the field is refused."""
    csp = ContentSecurityPolicy({"x": "y"})
    with pytest.raises(ValueError, match=r"^got "):
        csp[name] = value
    with pytest.raises(ValueError, match=r"^got "):
        ContentSecurityPolicy({name: value})
    assert csp.to_header() == "x y"


@given(st.lists(st.dictionaries(names, sources, min_size=1, max_size=3), max_size=3))
def test_policies_come_back(policies: list[dict[str, str]]) -> None:
    """Policies that are written and parsed again are equal."""
    csp = ContentSecurityPolicy()
    for policy in policies:
        csp.add_policy(policy)
    assert list(ContentSecurityPolicy.from_header(csp.to_header()).policies) == policies


SOURCES = (
    "base-uri child-src connect-src default-src font-src form-action frame-ancestors frame-src img-src manifest-src "
    "media-src navigate-to object-src plugin-types prefetch-src report-to report-uri require-trusted-types-for sandbox "
    "script-src script-src-attr script-src-elem style-src style-src-attr style-src-elem trusted-types worker-src"
)


@pytest.mark.parametrize("name", SOURCES.split())
def test_every_directive_with_a_value_is_an_attribute(name: str) -> None:
    """The attribute of a directive has its name with underscores (CSP Level 3 section 6, Trusted Types, and directives
    of earlier levels): it reads and writes just this one.
    """
    attribute = name.replace("-", "_")
    csp = ContentSecurityPolicy()
    assert getattr(csp, attribute) is None
    setattr(csp, attribute, ["a", "b"])
    assert csp.to_header() == f"{name} a b"
    assert getattr(csp, attribute) == "a b"
    delattr(csp, attribute)
    assert csp.to_header() == ""


@pytest.mark.parametrize("name", ["upgrade-insecure-requests", "block-all-mixed-content"])
def test_every_directive_without_a_value_is_a_flag(name: str) -> None:
    """The attribute of a directive without a value is a bool (Upgrade Insecure Requests, Mixed Content)."""
    attribute = name.replace("-", "_")
    csp = ContentSecurityPolicy()
    assert getattr(csp, attribute) is False
    setattr(csp, attribute, True)
    assert csp.to_header() == name
    assert getattr(csp, attribute) is True
    setattr(csp, attribute, False)
    assert csp.to_header() == ""


def test_every_attribute_has_its_row() -> None:
    """The two tests above have every directive of the class."""
    flags = {"upgrade_insecure_requests", "block_all_mixed_content"}
    public = {name for name, value in vars(ContentSecurityPolicy).items() if type(value).__name__ == "_Directive"}
    assert public == {name.replace("-", "_") for name in SOURCES.split()} | flags


def test_an_empty_policy_is_none() -> None:
    """A policy without a directive is not added, and one whose last directive was removed is gone; others stay."""
    csp = ContentSecurityPolicy({"default-src": "a"})
    csp.add_policy({})
    assert csp.policies == ({"default-src": "a"},)
    csp.add_policy({"Img-Src": ["b", "c"]})
    assert csp.to_header() == "default-src a, img-src b c"
    del csp.default_src
    assert csp.policies == ({"img-src": "b c"},)
    del csp["IMG-SRC"]
    assert (csp.policies, bool(csp), csp.to_header()) == ((), False, "")
