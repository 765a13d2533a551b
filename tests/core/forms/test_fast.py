"""FormReader.take: the form that the steps make of the same bytes, or None."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardan.core import HTTPException
from cardan.core._limits import Limits
from cardan.core.drive import Read, run
from cardan.core.forms import Form, FormReader, MultipartDecoder, parse_form
from cardan.core.forms import _head as heads
from cardan.core.forms import _plan as plans
from cardan.core.forms._machine import MultipartMachine
from cardan.exceptions import MultipartError

TYPE = "multipart/form-data; boundary=BOUND"
URL = "application/x-www-form-urlencoded"
SMALL = Limits(max_form_parts=3, max_form_memory_size=30, max_form_memory_total=70, max_content_length=300)
HEAD = b'--BOUND\r\nContent-Disposition: form-data; name="'
NAMES = st.sampled_from(
    [b"a", b"name-of_1", b"a[]", b"%22", b"\xc3\xa9", b"\xff", b'a"; filename="x', b'a"\r\nX: y; z="']
)
VALUES = st.one_of(st.binary(max_size=40), st.sampled_from([b"", b"\r\n--BOUND", b"\r\n\r\n", b"\xef\xbf\xbd"]))
MULTIPART = st.builds(
    lambda parts, end: b"".join(HEAD + name + b'"\r\n\r\n' + value + b"\r\n" for name, value in parts) + end,
    st.lists(st.tuples(NAMES, VALUES), max_size=4),
    st.sampled_from([b"--BOUND--\r\n", b"--BOUND--", b"--BOUND", b"--BOUND--\r\nx", b""]),
)
PAIRS = st.builds(
    b"".join, st.lists(st.sampled_from([b"a", b"=", b"&", b"+", b"%41", b"%", b"%3D", b"\xff", b"\r\n", b"\0"]))
)


def take(kind: str, body: bytes, **options: Any) -> Form | None:
    """The form in ``body``, parsed at once."""
    return FormReader(kind, len(body), **options).take(body, True)


def outcome(make: Any) -> Any:
    """What a form says, or how it was refused."""
    try:
        form = make()
    except HTTPException:
        return "refused"  # where two things are wrong, which is named depends on the cut
    raw = [form.raw(index) for index in range(len(form.fields))]
    special = [(index, field.headers) for index, field in form.special.items()]
    headers = {index: [*found.items()] for index, found in special if found is not None and len(found) > 1}
    return form.fields, [(name, file.filename, file.read()) for name, file in form.files], raw, headers


@given(kind=st.sampled_from([TYPE, URL]), body=st.one_of(MULTIPART, PAIRS), strict=st.booleans(), small=st.booleans())
@settings(max_examples=600, deadline=None)
def test_it_says_what_the_machines_say(kind: str, body: bytes, strict: bool, small: bool) -> None:
    """A form in one piece is the form of the same bytes in many: fields, raw values, refusals."""
    options: Any = {"form_rules": "strict" if strict else "default", "limits": SMALL if small else Limits()}
    expected = outcome(lambda: parse_form(kind, [body[at : at + 1] for at in range(len(body))], **options))
    assert outcome(lambda: parse_form(kind, body, **options)) == expected
    steps = iter([body])
    perform = lambda step: next(steps, b"") if type(step) is Read else None  # noqa: E731
    if b"filename" not in body:
        assert outcome(lambda: run(FormReader(kind, None, **options).run(), perform)) == expected
    form = take(kind, body, **options)
    assert form is None or outcome(lambda: form) == expected


@pytest.mark.parametrize("kind", ["text/plain", TYPE + "\u00e9", TYPE + "x" * 200, "", "multipart/form-data"])
def test_another_content_type_is_not_for_it(kind: str) -> None:
    """What is no form, or has no usable boundary, is left to the steps."""
    assert take(kind, HEAD + b'a"\r\n\r\n1\r\n--BOUND--\r\n') is None


@pytest.mark.parametrize(
    "kind", [TYPE, TYPE.replace("=BOUND", '="BOUND"'), TYPE + "; x=y", TYPE[:20].upper() + TYPE[20:]]
)
def test_every_spelling_of_the_content_type_is_taken(kind: str) -> None:
    """Quotes, other parameters and upper case change nothing."""
    form = take(kind, HEAD + b'a"\r\n\r\n1\r\n--BOUND--\r\n')
    assert form is not None
    assert form.fields == [("a", "1")]


@pytest.mark.parametrize("kind", [TYPE, URL])
def test_what_is_not_known_to_be_the_whole_body_is_not_for_it(kind: str) -> None:
    """A body of another length than was declared, one that may go on, an empty one, one that exceeds its limit."""
    body = HEAD + b'a"\r\n\r\n1\r\n--BOUND--\r\n' if kind == TYPE else b"a=1&b=2"
    size = len(body)
    assert take(kind, body) is not None
    assert FormReader(kind, None).take(body, True) is not None
    assert FormReader(kind, None).take(body, False) is None
    for length in (0, size - 1, size + 1):
        assert FormReader(kind, length).take(body, True) is None
    assert FormReader(kind, None).take(b"", True) is None
    assert take(kind, body, limits=Limits(max_content_length=size)) is not None
    assert take(kind, body, limits=Limits(max_content_length=size - 1)) is None


def test_a_form_of_very_many_names_does_not_drive_out_those_of_others() -> None:
    """Of the heads of one chunk at most MEMO_NEW are remembered."""
    body = b"".join(HEAD + b'only%d"\r\n\r\n1\r\n' % index for index in range(300)) + b"--BOUND--\r\n"
    heads._MEMO.clear()
    assert len(parse_form(TYPE, body).fields) == 300
    assert len(heads._MEMO) == heads.MEMO_NEW
    assert len(MultipartDecoder("BOUND").feed(body)) == 300
    assert len(heads._MEMO) == 2 * heads.MEMO_NEW


def test_a_boundary_after_junk_is_refused_wherever_the_junk_was_cut() -> None:
    """The boundary must begin a line, also where it begins a chunk."""
    body = b"x" * 50 + HEAD + b'a"\r\n\r\n1\r\n--BOUND--\r\n'
    for chunks in ([body], [body[:50], body[50:]]):
        with pytest.raises(MultipartError, match="within a line"):
            parse_form(TYPE, chunks)


def test_a_field_that_waits_has_its_state() -> None:
    """``state`` after a chunk does not depend on the path; nor what is said of a body that ends there."""
    part = HEAD + b'a"\r\n\r\n' + b"1" * 60 + b"\r\n"
    body = part * 20 + b"--BOUND--\r\n"
    MultipartDecoder("BOUND").feed(body)
    for at in range(len(part), len(body)):
        straight, table = MultipartDecoder("BOUND"), MultipartMachine("BOUND")
        begin = [*straight.feed(body[:at])]
        assert begin == table.feed(body[:at])
        assert straight.state == table.state
        assert len(begin + straight.feed(body[at:])) == 20


def test_the_headers_of_a_text_part_are_kept() -> None:
    """Law: :attr:`Form.special` has the fields whose head has more than one line, as the steps give them."""
    body = HEAD + b'a"\r\n\r\n1\r\n' + HEAD + b'b"\r\nContent-Type: text/plain\r\n\r\n2\r\n--BOUND--\r\n'
    form = take(TYPE, body)
    assert form is not None
    assert form.special.keys() == {1}
    assert form.special[1].headers["Content-Type"] == "text/plain"


def test_a_reader_with_its_own_run_gets_every_form() -> None:
    """Law: nothing is parsed at once by a subclass that overrides ``run``."""

    class Own(FormReader):
        def run(self) -> Any:
            return (yield from super().run())

    body = HEAD + b'a"\r\n\r\n1\r\n--BOUND--\r\n'
    assert FormReader(TYPE, len(body)).take(body, True) is not None
    assert Own(TYPE, len(body)).take(body, True) is None
    assert FormReader(URL, 3).take(b"a=1", True) is not None
    assert Own(URL, 3).take(b"a=1", True) is None


def test_plans_are_kept_within_bounds() -> None:
    """A program that makes new limits for each request does not fill the memory with their plans: at most 64 are kept.
    Equal limits and modes of different objects have different plans.
    """
    limits = [Limits(max_files=number) for number in range(200)]
    for each in limits:
        assert plans.plan_for(each, False).files == each.max_files
        assert plans.plan_for(each, True).strict
        assert not plans.plan_for(each, False).strict
    assert len(plans._plans) <= 64
