"""What is sent as early hints: the values of Link, or nothing."""

from __future__ import annotations

from typing import Any

import pytest

from cardan.core._informational import Informational, early_hints, early_links
from cardan.datastructures import Link, Links

STYLE = Link("/a.css", rel="preload", **{"as": "style"})


@pytest.mark.parametrize("version", ["1.1", "2", "3"])
def test_links_and_their_texts(version: str) -> None:
    """A link is an object or its text; ``response.link``, which is a sequence of links, can be given as it is."""
    text = "</a.css>; rel=preload; as=style"
    assert early_links([STYLE, "</b.js>; rel=preload"], version) == [text, "</b.js>; rel=preload"]
    assert early_links(iter([STYLE]), version) == [text]
    assert early_links(Links([STYLE]), version) == [text]
    assert early_links([], version) == []


@pytest.mark.parametrize("version", ["1.0", "0.9"])
def test_old_clients_get_none(version: str) -> None:
    """A client of HTTP/1.0 must not be sent a 1xx (RFC 9110 section 15.2). What is wrong is an error all the same."""
    assert early_links([STYLE], version) == []
    with pytest.raises(ValueError, match="expected no control characters"):
        early_links(["</a>\r\nSet-Cookie: a=b"], version)


@pytest.mark.parametrize(
    ("links", "error", "text"),
    [
        ("</a>", TypeError, "got links = .*, expected an iterable of links"),
        (STYLE, TypeError, "got links = .*, expected an iterable of links"),
        ([b"</a>"], TypeError, "got a link of type bytes, expected Link or str"),
        (["</ü.css>; rel=preload"], ValueError, "got the link .*, expected a value of the field Link"),
        (["/a.css"], ValueError, "got the link '/a.css', expected a value of the field Link"),
        ([""], ValueError, "expected a value of the field Link"),
        (["</\u20ac>"], ValueError, "expected characters up to U[+]00FF"),
    ],
)
def test_mistakes(links: Any, error: type[Exception], text: str) -> None:
    """What is not a link, or must not stand in a header field, is an error before anything is sent."""
    with pytest.raises(error, match=text):
        early_links(links, "1.1")


def test_a_103() -> None:
    """Early hints are a 103 with one field for each link (RFC 8297 section 2)."""
    assert early_hints(["</a>", "</b>"]) == Informational(103, [("Link", "</a>"), ("Link", "</b>")])
    assert Informational(102).headers == []
