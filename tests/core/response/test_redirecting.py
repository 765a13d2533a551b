"""redirect()."""

from __future__ import annotations

import pytest

from cardan.core import Response, redirect


@pytest.mark.parametrize("code", [201, 301, 302, 303, 305, 307, 308])
def test_codes(code: int) -> None:
    """RFC 9110 section 15.4; the location as a URI."""
    response = redirect("/ä?a=1&b=2", code)
    assert (response.status_code, response.location) == (code, "/%C3%A4?a=1&b=2")
    assert "/ä?a=1&amp;b=2" in response.text


@pytest.mark.parametrize("code", [200, 202, 300, 304, 306, 309, 404])
def test_other_codes(code: int) -> None:
    """``redirect()`` refuses a status that is no redirect, such as 304."""
    with pytest.raises(ValueError, match=f"got redirect status {code}, expected one of"):
        redirect("/", code)


def test_the_page() -> None:
    """Clients that do not follow show a page with a link, whose title is the phrase of the status. The usual status is
    302 (Found).
    """
    response = redirect("/ä")
    assert (response.status, response.content_type) == ("302 Found", "text/html; charset=utf-8")
    assert response.text == (
        "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n"
        '<meta name=viewport content="width=device-width, initial-scale=1">\n'
        '<meta name=color-scheme content="light dark">\n'
        "<title>Found</title>\n<h1>Found</h1>\n"
        '<p>You are being sent to <a href="/%C3%A4">/ä</a>.</p>\n'
    )
    assert "<title>See Other</title>\n<h1>See Other</h1>" in redirect("/", 303).text


def test_page_is_escaped() -> None:
    """A location that a user gave is no markup."""
    assert "<script>" not in redirect('/"><script>').text


@pytest.mark.parametrize("location", ["/\\evil.example", "\\\\evil.example", " //evil.example", "/ä?b=1&c=[2]"])
def test_the_link_of_the_page(location: str) -> None:
    """The link on the page leads where Location leads. Browsers read a backslash in a link as a slash, and take spaces
    around it off (WHATWG URL section 4.4); the Location has both percent-encoded.
    """
    response = redirect(location)
    assert response.location is not None
    assert f'<a href="{response.location.replace("&", "&amp;")}">' in response.text


def test_class() -> None:
    """The class to make is an argument; a location that cannot be sent raises here."""

    class Mine(Response):
        pass

    assert type(redirect("/", response_class=Mine)) is Mine
    assert type(redirect("/", 303)) is Response
    with pytest.raises(ValueError, match="expected no control characters"):
        redirect("/\r\nSet-Cookie: a=b")
    with pytest.raises(ValueError, match="expected text without lone surrogates"):
        redirect("/\ud800")
