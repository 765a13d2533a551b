"""The bytes of a form's fields and of its file names, which need not be UTF-8, on both protocols."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cardan import Request, Response
from cardan.core.forms import Form, parse_form
from cardan.exceptions import BodyNotLoaded
from cardan.testing import PROTOCOLS, AsyncClient, Client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cardan import FileStorage

protocols = pytest.mark.parametrize("protocol", PROTOCOLS)

URL = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=B"


def part(disposition: bytes, data: bytes, more: bytes = b"") -> bytes:
    return b"--B\r\nContent-Disposition: form-data; " + disposition + more + b"\r\n\r\n" + data + b"\r\n"


LATIN1 = part(b'name="b"', b"\xe4", b"\r\nContent-Type: text/plain; charset=iso-8859-1")
FORM = (
    part(b'name="a"', b"caf\xe9")
    + part(b'name="a"', b"caf\xc3\xa9")
    + LATIN1
    + part(b'name="f"; filename="caf\xe9.txt"', b"file")
    + part(b'name="c"', b"plain")
    + b"--B--\r\n"
)
FIELDS = [("a", b"caf\xe9"), ("a", b"caf\xc3\xa9"), ("b", b"\xe4"), ("c", b"plain")]


def listed(request: Request) -> Response:
    return Response(repr([*request.form_bytes.items(multi=True)]))


async def alisted(request: Request) -> Response:
    await request.load()
    return listed(request)


class Lenient(Request):
    def load_form(self) -> None:
        super().load_form()


BODIES: dict[str, tuple[str, bytes, list[tuple[str, bytes]]]] = {
    "urlencoded": (URL, b"a=caf%E9&a=%C3%A9&b=+x&c", [("a", b"caf\xe9"), ("a", b"\xc3\xa9"), ("b", b" x"), ("c", b"")]),
    "urlencoded, UTF-8": (URL, b"a=caf%C3%A9", [("a", b"caf\xc3\xa9")]),
    "urlencoded, another charset": (f"{URL}; charset=iso-8859-1", b"a=%E4", [("a", b"\xe4")]),
    "urlencoded, large": (URL, b"a=" + b"%E9" * 70_000 + b"&b=1", [("a", b"\xe9" * 70_000), ("b", b"1")]),
    "multipart": (MULTIPART, FORM, FIELDS),
    "multipart, empty": (MULTIPART, b"--B--\r\n", []),
    "multipart, UTF-8": (MULTIPART, part(b'name="a"', b"caf\xc3\xa9") + b"--B--", [("a", b"caf\xc3\xa9")]),
    "multipart, large": (
        MULTIPART,
        part(b'name="z"', b"\xff" * 200_000) + FORM,
        [("z", b"\xff" * 200_000), *FIELDS],
    ),
    "no form": ("text/plain", b"\xff", []),
}  # fmt: skip


@protocols
@pytest.mark.parametrize("request_class", [Request, Lenient])
@pytest.mark.parametrize("handler", [listed, alisted])
@pytest.mark.parametrize("name", BODIES)
def test_the_bytes_of_fields(protocol: Any, request_class: Any, handler: Any, name: str) -> None:
    """Each value as it was before it was decoded, grouped by name as in ``form``, whatever charset it is in.

    RFC 7578 section 5.1.2 and WHATWG URL section 5.1: what is not UTF-8 reads as U+FFFD in ``form``.
    """
    if protocol == "wsgi" and handler is alisted:
        handler = listed
    content_type, body, expected = BODIES[name]
    app = request_class.application(handler)
    with Client(app, protocol) as client:
        assert client.post("/", content=body, headers={"Content-Type": content_type}).text == repr(expected)

        def pieces() -> Iterator[bytes]:
            step = max(1, len(body) // 7)
            for at in range(0, len(body), step):
                yield body[at : at + step]

        assert client.post("/", content=pieces(), headers={"Content-Type": content_type}).text == repr(expected)


def test_made_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading ``form`` makes no bytes. ``form_bytes`` makes them when it is first read, once, and cannot be changed."""
    made: list[int] = []
    raw = Form.raw

    def counted(form: Form, index: int) -> bytes:
        made.append(index)
        return raw(form, index)

    monkeypatch.setattr(Form, "raw", counted)
    request = Request.from_values("/", method="POST", data={"a": "1"})
    assert request.form["a"] == "1"
    assert made == []
    assert request.form_bytes["a"] == b"1"
    assert request.form_bytes is request.form_bytes
    assert made == [0]
    with pytest.raises(TypeError):
        request.form_bytes["a"] = b"2"  # type: ignore[index]


async def unloaded(request: Request) -> Response:
    with pytest.raises(BodyNotLoaded, match="form_bytes"):
        request.form_bytes.get("a")
    return Response("ok")


def test_before_load() -> None:
    """In an ``async def`` handler, ``form_bytes`` can be read after ``load()``, as ``form`` can."""

    async def main() -> None:
        async with AsyncClient(Request.application(unloaded)) as client:
            response = await client.post("/", content=b"a=1", headers={"Content-Type": URL})
        assert response.text == "ok"

    import anyio

    anyio.run(main)


NAMES: list[tuple[bytes, bytes]] = [
    (b'filename="caf\xe9.txt"', b"caf\xe9.txt"),
    (b'filename="caf\xc3\xa9.txt"', b"caf\xc3\xa9.txt"),
    (b'filename="plain.txt"', b"plain.txt"),
    (b'filename="a%22\xe9.txt"', b'a"\xe9.txt'),
    (b'filename="a\\"\xe9.txt"', b'a"\xe9.txt'),
    (b'filename="C:\\dir\\\xe9.txt"', b"\xe9.txt"),
    (b"filename=\xe9.txt", b"\xe9.txt"),
    (b'filename=""', b""),
    (b"filename*=UTF-8''caf%E9.txt", b"caf\xe9.txt"),
    (b"filename*=iso-8859-1''caf%E9.txt", b"caf\xe9.txt"),
    (b"filename=\"\xe9.txt\"; filename*=UTF-8''b.txt", b"\xe9.txt"),
    (b'filename="a;\r\n \xe9.txt"', b"a; \xe9.txt"),
    (b"filename*0*=UTF-8''a%C3%A9; filename*1=\"\xe9\"", b"a\xc3\xa9\xe9"),
]


@pytest.mark.parametrize(("sent", "expected"), NAMES)
def test_the_bytes_of_file_names(sent: bytes, expected: bytes) -> None:
    """A file name has its bytes as well, with the escapes undone that are undone in its text (RFC 7578 section 4.2)."""
    body = part(b'name="f"; ' + sent, b"x") + b"--B--\r\n"
    form = parse_form(MULTIPART, body)
    (_, file), *_ = form.files
    assert file.filename_bytes == expected
    assert file.filename == expected.decode("utf-8", "replace") or b"*" in sent


def names(request: Request) -> Response:
    file: FileStorage = request.files["f"]
    assert file.filename == "caf\ufffd.txt"
    return Response(repr(file.filename_bytes))


def names_of_parts(request: Request) -> Response:
    return Response(repr([one.filename_bytes for one in request.iter_parts()]))


@protocols
def test_file_names_of_a_request(protocol: Any) -> None:
    """Files, and the parts of a body that is read part by part, have the bytes of their names."""
    headers = {"Content-Type": MULTIPART}
    with Client(Request.application(names), protocol) as client:
        assert client.post("/", content=FORM, headers=headers).text == repr(b"caf\xe9.txt")
    with Client(Request.application(names_of_parts), protocol) as client:
        assert client.post("/", content=FORM, headers=headers).text == repr([None, None, None, b"caf\xe9.txt", None])


def test_a_file_that_no_form_has_given() -> None:
    """``filename_bytes`` of a file that was not parsed from a form is its name as UTF-8, or None if it has no name."""
    from cardan import FileStorage

    assert FileStorage(filename="ä.txt").filename_bytes == "ä.txt".encode()
    assert FileStorage(filename="\ud800").filename_bytes == b"\xed\xa0\x80"  # a name that is not text is no error
    assert FileStorage().filename_bytes is None


class Strict(Request):
    form_rules = "strict"


@protocols
@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        (URL, 200), (f"{URL}; charset=utf-8", 200), (f'{URL}; Charset="UTF8"', 200), (f"{URL};x=y", 200),
        (f"{URL}; charset=iso-8859-1", 400), (f"{URL};CHARSET=windows-1252", 400),
        (f'{URL};a=b; charset="koi8-r"', 400),
        (f"{URL}; charset=", 400), (f"{URL}; charset=utf-8; charset=latin-1", 400),
    ],
)  # fmt: skip
def test_a_form_that_declares_another_charset(protocol: Any, content_type: str, status: int) -> None:
    """Strict mode refuses a urlencoded form that is said to be in another charset than UTF-8 (WHATWG URL section 5.1).

    In default mode it is read as UTF-8, and its bytes tell what was sent.
    """
    headers = {"Content-Type": content_type}
    with Client(Strict.application(listed), protocol) as client:
        assert client.post("/", content=b"a=1", headers=headers).status_code == status
    with Client(Request.application(listed), protocol) as client:
        assert client.post("/", content=b"a=1", headers=headers).text == "[('a', b'1')]"
