"""One form, whichever way its bytes arrive: parsed at once, in steps, and byte by byte, at the way of the request.

The steps are the oracle of the fast path: whatever :meth:`FormReader.take` gives must be what they give. Every test
here asks public request classes for ``form`` and ``files``, on WSGI and on ASGI, and compares all ways.
"""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import cardan
from cardan.core.forms import FormReader
from tests.core.forms.strange_forms import CT, MULTIPART, URLENCODED, Row, form, part

from .form_requests import Refused, on_asgi, on_wsgi

if TYPE_CHECKING:
    from collections.abc import Callable

    from cardan.core.forms import Form

URL = "application/x-www-form-urlencoded"
MODES = ("default", "strict", "silent")


class StepReader(FormReader):
    """Parses every form in steps."""

    def take(self, data: bytes, ended: bool) -> Form | None:
        """No form is parsed at once."""
        return None


def in_steps(cls: type[cardan.Request]) -> type[cardan.Request]:
    """The same request class, whose forms are parsed in steps and whose files go through sinks."""

    class Steps(cls):  # type: ignore[misc, valid-type]
        def make_form_data_parser(self, content_length: int | None) -> FormReader:
            kind = self.headers.get("Content-Type", "")
            return StepReader(kind, content_length, limits=self.limits, form_rules=self.form_rules)

    return Steps


class OneByOne(io.BytesIO):
    """Gives one byte for each read, as a slow client does; of a large body a few more."""

    def read(self, size: int | None = -1, /) -> bytes:
        """One byte, whatever was asked for."""
        return super().read(step_of(self.getbuffer().nbytes))

    read1 = read


def step_of(size: int) -> int:
    """How many bytes a slow client sends at once: one, but a large body in no more than a thousand steps."""
    return 1 + size // 1000


def loaded(cls: type[cardan.Request], kind: str, body: bytes, chunks: list[bytes], *, declared: bool) -> Any:
    """What an ASGI request with these messages says after ``load()``, or how it was refused."""
    return asyncio.run(on_asgi(cls, kind, body, chunks, declared=declared))


def ways(cls: type[cardan.Request], kind: str, body: bytes) -> dict[str, Callable[[], Any]]:
    """Every way in which a body reaches the parser of a request, by name."""
    steps, half, step = in_steps(cls), len(body) // 2, step_of(len(body))
    singles = [body[at : at + step] for at in range(0, len(body), step)] or [b""]
    found: dict[str, Callable[[], Any]] = {}
    for declared in (True, False) if body else (False,):  # a Content-Length of 0 says that there is no body
        name = "declared" if declared else "chunked"
        for way, used in (("usual", cls), ("in steps", steps)):
            found |= {
                f"WSGI, {name}, {way}": lambda u=used, d=declared: on_wsgi(u, kind, body, io.BytesIO(body), declared=d),
                f"WSGI, {name}, {way}, byte by byte": lambda u=used, d=declared: on_wsgi(
                    u, kind, body, OneByOne(body), declared=d
                ),
                f"ASGI, {name}, {way}": lambda u=used, d=declared: loaded(u, kind, body, [body], declared=d),
                f"ASGI, {name}, {way}, two messages": lambda u=used, d=declared: loaded(
                    u, kind, body, [body[:half], body[half:]], declared=d
                ),
                f"ASGI, {name}, {way}, byte by byte": lambda u=used, d=declared: loaded(
                    u, kind, body, singles, declared=d
                ),
            }
    return found


def compare(cls: type[cardan.Request], kind: str, body: bytes) -> Any:
    """The outcome of all ways, which must be one. Which error a form with two faults gets may depend on the way."""
    outcomes = {name: way() for name, way in ways(cls, kind, body).items()}
    plain = {name: Refused if isinstance(outcome, Refused) else outcome for name, outcome in outcomes.items()}
    first = plain["WSGI, chunked, in steps, byte by byte"]
    assert plain == dict.fromkeys(plain, first)
    return outcomes


# --- forms that are generated ---

LIMITS = (
    "max_content_length", "max_form_memory_size", "max_form_memory_total", "max_form_parts", "max_part_header_size",
    "max_part_headers", "max_file_size", "max_files", "max_spool_memory", "max_file_memory", "max_boundary_size",
)  # fmt: skip
HEADS = st.sampled_from(
    [
        b'name="a"', b'name="\xc3\xa9"', b'name="\xff"', b'name="%22"', b'name=""', b"name=a", b'name="a"; x=y',
        b'name="b"; filename="x.txt"', b'name="b"; filename=" x "', b'name="c"; filename=""',
        b'name="d"; filename="C:\\x\\y.z"',
    ]
)  # fmt: skip
FIELDS = st.sampled_from(
    [
        b"", b"", b"\r\nX: y", b"\r\nContent-Type: text/plain", b"\r\nContent-Type: text/plain; charset=latin-1",
        b"\r\nContent-Length: 3", b"\r\n folded", b"\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4",
    ]
)  # fmt: skip
VALUES = st.one_of(
    st.binary(max_size=30), st.sampled_from([b"", b" v ", b"v\xfe", b"\r\n", b"\r\n\r\n", b"-", b"\r\n--B", b"\n"])
)
PARTS = st.builds(
    lambda head, fields, value: (
        b"--BOUND\r\nContent-Disposition: form-data; " + head + fields + b"\r\n\r\n" + value + b"\r\n"
    ),
    HEADS,
    FIELDS,
    VALUES,
)
BODIES = st.builds(
    lambda start, parts, end: start + b"".join(parts) + end,
    st.sampled_from([b"", b"", b"", b"\r\n", b"x\r\n"]),
    st.lists(PARTS, max_size=5),
    st.sampled_from([b"--BOUND--\r\n", b"--BOUND--\r\n", b"--BOUND--", b"--BOUND", b"--BOUND--\r\nx"]),
)
PAIRS = st.lists(
    st.sampled_from([b"a", b"b", b"=", b"&", b"+", b"%41", b"%3D", b"%26", b"%", b"%zz", b"\xff", b"%ff", b"\0", b" "])
).map(b"".join)
OWN_LIMITS = st.dictionaries(st.sampled_from(LIMITS), st.one_of(st.none(), st.integers(0, 60)), max_size=2)


FORMS = st.one_of(st.tuples(st.just(CT), BODIES), st.tuples(st.just(URL), PAIRS))


@given(form=FORMS, own=OWN_LIMITS, mode=st.sampled_from(MODES))
@settings(max_examples=120, phases=(Phase.explicit, Phase.reuse, Phase.generate))  # the forms are small as they are
def test_every_way_gives_the_same_form(form: tuple[str, bytes], own: dict[str, int | None], mode: str) -> None:
    """At once, in steps and byte by byte; with files, limits of one's own and all modes; on WSGI and ASGI."""
    compare(type("Own", (cardan.Request,), {**own, "form_rules": mode}), *form)


@pytest.mark.parametrize("mode", MODES)
def test_usual_forms(mode: str) -> None:
    """Twelve fields and six files arrive as they were sent, with the spaces around names, values and data."""
    cls = type("Own", (cardan.Request,), {"form_rules": mode})
    fields = [(f" f{index} ", f" value {index} ") for index in range(12)]
    files = [(f"u{index}", f" {index} ", b" data %d " % index) for index in range(6)]
    parts = [part(f'form-data; name="{name}"', value.encode()) for name, value in fields]
    parts += [part(f'form-data; name="{name}"; filename="{filename}"', data) for name, filename, data in files]
    for outcome in compare(cls, CT, form(*parts)).values():
        assert outcome[0] == fields
        assert [(found[0], found[1], found[5]) for found in outcome[1]] == files
    for space in ("+", "%20"):
        body = "&".join(f"{name}={value}" for name, value in fields).replace(" ", space).encode()
        for outcome in compare(cls, URL, body).values():
            assert outcome == (fields, [])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("row", [*MULTIPART, *URLENCODED], ids=lambda row: row.id)
def test_strange_forms(row: Row, mode: str) -> None:
    """The table of strange forms holds for a request, in whichever way its body arrives."""
    outcomes = compare(type("Own", (cardan.Request,), {"form_rules": mode}), row.content_type, row.body)
    expected = row.strict if mode == "strict" else row.default
    for outcome in outcomes.values():
        if isinstance(expected, str) and not (mode == "silent" and expected in ("MultipartError", "UrlencodedError")):
            assert isinstance(outcome, Refused)
        else:
            fields, files = outcome
            values = [] if isinstance(expected, str) or expected is None else expected
            assert [*fields, *((file[0], file[1], file[5]) for file in files)] == values


# --- limits ---

FILE = 'form-data; name="f"; filename="f.txt"'
HEAD = b'\r\nContent-Disposition: form-data; name="a"'
TWO_FILES = form(part(), part(FILE, b"x" * 50), part(FILE, b"y" * 40))
THREE_FIELDS = form(part(data=b"1" * 20), part(data=b"2" * 30), part('form-data; name="b"', b"\xc3\xa9" * 9))
PAIRS_OF_THREE = b"a=%41%42%43&b=" + b"x" * 30 + b"&a=%C3%A9"
COUNTED = [
    ("max_content_length", CT, TWO_FILES, len(TWO_FILES)),
    ("max_content_length", URL, PAIRS_OF_THREE, len(PAIRS_OF_THREE)),
    ("max_form_parts", CT, TWO_FILES, 3),
    ("max_form_parts", URL, PAIRS_OF_THREE, 3),
    ("max_files", CT, TWO_FILES, 2),
    ("max_file_size", CT, TWO_FILES, 50),
    ("max_form_memory_size", CT, THREE_FIELDS, 30),
    ("max_form_memory_size", URL, PAIRS_OF_THREE, 30),
    ("max_form_memory_total", CT, THREE_FIELDS, 3 + 20 + 30 + 18),
    ("max_form_memory_total", URL, PAIRS_OF_THREE, 3 + 3 + 30 + 2),
    ("max_part_header_size", CT, THREE_FIELDS, len(HEAD)),
    ("max_part_headers", CT, form(part(), part('form-data; name="a"', b"1", "X: y", "Z: 1")), 3),
    ("max_boundary_size", CT, THREE_FIELDS, 5),
]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("limit", "kind", "body", "size"), COUNTED, ids=[f"{row[0]}-{row[1][:9]}" for row in COUNTED])
def test_limits_of_ones_own(limit: str, kind: str, body: bytes, size: int, mode: str) -> None:
    """N and N + 1 are allowed and N - 1 is refused by name, every way; None allows everything."""
    usual = compare(type("Usual", (cardan.Request,), {"form_rules": mode}), kind, body)
    assert not any(isinstance(outcome, Refused) for outcome in usual.values())
    for allowed in (size, size + 1, None):
        assert compare(type("Own", (cardan.Request,), {limit: allowed, "form_rules": mode}), kind, body) == usual
    refused = compare(type("Own", (cardan.Request,), {limit: size - 1, "form_rules": mode}), kind, body)
    assert {outcome.limit for outcome in refused.values()} == {limit}
