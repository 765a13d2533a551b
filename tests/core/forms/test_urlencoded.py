"""parse_urlencoded and UrlencodedDecoder: the WHATWG parser, its limits, what it costs to refuse."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardan.core._exceptions import MachineStateError, RequestEntityTooLarge
from cardan.core._limits import Limits
from cardan.core.forms import Field, UrlencodedDecoder, parse_form, parse_urlencoded
from cardan.core.forms._urlencoded import percent_decode, split_urlencoded
from tests.core.forms.forms import flat
from tests.core.machines import assert_cuts_do_not_matter, outcome, pieces_of

URL = "application/x-www-form-urlencoded"
BODIES = st.one_of(
    st.binary(max_size=60),
    st.lists(
        st.sampled_from(
            [b"a", b"=", b"&", b"+", b"%", b"%41", b"%zz", b"%4", b"\\", b"\\x41", b"\0", b"%00", b"\xc3", b"%C3%A9",
             b"\xff", b"%26", b"%3D", b"%25", b"%5C", b"a=1&b=2", b"\n", b"'"]
        ),
        max_size=16,
    ).map(b"".join),
)  # fmt: skip


def reference(body: bytes) -> list[tuple[bytes, bytes]]:
    """WHATWG URL section 5.1, as it is written."""
    output = []
    for sequence in body.split(b"&"):
        if not sequence:
            continue
        name, _, value = sequence.partition(b"=")
        output.append((decode(name.replace(b"+", b" ")), decode(value.replace(b"+", b" "))))
    return output


def decode(data: bytes) -> bytes:
    """WHATWG URL section 1.3, percent-decode."""
    return re.sub(rb"%([0-9A-Fa-f]{2})", lambda match: bytes([int(match[1], 16)]), data)


@given(body=BODIES)
@settings(max_examples=1000, deadline=None)
def test_the_standard(body: bytes) -> None:
    """Pairs are those of the standard's algorithm, as bytes and as text."""
    expected = reference(body)
    assert split_urlencoded(body) == expected
    assert parse_urlencoded(body) == [(n.decode("utf-8", "replace"), v.decode("utf-8", "replace")) for n, v in expected]


@given(data=BODIES)
@settings(max_examples=500, deadline=None)
def test_percent_decode(data: bytes) -> None:
    """What is no escape stays, a backslash is a backslash."""
    assert percent_decode(data) == decode(data)


@given(body=BODIES, strict=st.booleans())
@settings(max_examples=300, deadline=None)
def test_cuts(body: bytes, strict: bool) -> None:
    """Where a body is cut does not matter; in default mode the fields are the standard's, with their bytes."""
    form_rules: Any = "strict" if strict else "default"
    got = assert_cuts_do_not_matter(lambda: UrlencodedDecoder(form_rules=form_rules), body)
    if not strict:
        assert isinstance(got, list)
        assert [event.raw for event in got] == [value for _, value in reference(body)]


def test_long_bodies_are_decoded_as_they_come() -> None:
    """Past some 64 KiB what is complete is handed out: the decoder does not hold a long body."""
    body = b"&".join(b"name%d=%s" % (i, b"v" * 1000) for i in range(900))
    decoder = UrlencodedDecoder()
    held = 0
    events: list[Any] = []
    for chunk in pieces_of(body, 16_384):
        events += decoder.feed(chunk)
        held = max(held, sum(map(len, decoder._chunks)))
    events += decoder.close()
    assert flat(events) == parse_urlencoded(body)
    assert held < 90_000


LIMITS = [
    ("max_form_parts", 3, lambda n: b"&".join([b"a=1"] * n)),
    ("max_form_parts", 3, lambda n: b"&&" + b"&&".join([b"a"] * n) + b"&&"),
    ("max_form_memory_size", 50, lambda n: b"long-name-of-a-field=" + b"x" * n + b"&b=1"),
    ("max_form_memory_size", 50, lambda n: b"a=" + b"%41" * n),
    ("max_form_memory_total", 50, lambda n: b"ab=" + b"x" * (n - 8) + b"&cd=" + b"%41" * 4),
]


@pytest.mark.parametrize(("name", "allowed", "body"), LIMITS)
@pytest.mark.parametrize("form_rules", ["default", "strict", "silent"])
def test_limits(name: str, allowed: int, body: Any, form_rules: Any) -> None:
    """A form that reaches a limit is accepted, one that exceeds it by 1 is refused, however the body is cut."""
    limits = replace(Limits(), **{name: allowed})
    for size in (allowed - 1, allowed):
        assert isinstance(
            assert_cuts_do_not_matter(lambda: UrlencodedDecoder(limits=limits, form_rules=form_rules), body(size)), list
        )
        assert parse_form(URL, body(size), limits=limits, form_rules=form_rules).fields == parse_urlencoded(body(size))
    assert outcome(lambda: UrlencodedDecoder(limits=replace(limits, **{name: None})), [body(allowed + 1)]) == outcome(
        UrlencodedDecoder, [body(allowed + 1)]
    )
    for chunks in ([body(allowed + 1)], pieces_of(body(allowed + 1), 1)):
        with pytest.raises(RequestEntityTooLarge) as caught:
            parse_form(URL, chunks, limits=limits, form_rules=form_rules)
        assert (caught.value.limit, caught.value.allowed) == (name, allowed)


@pytest.mark.parametrize(
    ("chunk", "limit"),
    [
        (b"a=1&", "max_form_parts"),
        (b"x" * 4, "max_form_memory_total"),
        (b"%41x", "max_form_memory_total"),
        (b"%", "max_form_memory_total"),
        (b"%4", "max_form_memory_total"),
        (b"%%41", "max_form_memory_total"),
        (b"%zz=%", "max_form_memory_size"),
    ],
)
def test_a_hostile_body_is_refused_without_reading_on(chunk: bytes, limit: str) -> None:
    """A million pairs, or one pair of 50 MB, are refused once it is certain: little more than the limit is read.

    A ``%`` that begins no escape does not make a pair smaller.
    """
    decoder = UrlencodedDecoder(limits=Limits(max_form_memory_total=100_000, max_form_memory_size=90_000))
    fed = 0

    def feed_on() -> None:
        nonlocal fed
        while fed < 50_000_000:
            decoder.feed(chunk * 4096)
            fed += len(chunk) * 4096

    with pytest.raises(RequestEntityTooLarge) as caught:
        feed_on()
    assert caught.value.limit == limit
    assert fed < 500_000


@given(pieces=st.lists(st.sampled_from([b"%", b"4", b"z", b"%41", b"%zz"]), max_size=16), in_name=st.booleans())
@settings(max_examples=300, deadline=None)
def test_a_limit_is_noticed_at_the_byte_that_exceeds_it(pieces: list[bytes], in_name: bool) -> None:
    """A pair that arrives byte by byte is refused as soon as no further bytes could make it small enough."""
    text = b"".join(pieces)
    limits = Limits(max_form_memory_total=5)
    expected = next((at for at in range(1, len(text) + 1) if least_size(text[:at]) > (5 if in_name else 4)), None)
    decoder = UrlencodedDecoder(limits=limits)
    if not in_name:
        decoder.feed(b"a=")
    refused_at = None
    for at in range(1, len(text) + 1):
        try:
            decoder.feed(text[at - 1 : at])
        except RequestEntityTooLarge:
            refused_at = at
            break
    assert refused_at == expected


def least_size(text: bytes) -> int:
    """The size of the decoded text, if the rest of an escape that has begun still arrives."""
    return len(decode(re.sub(rb"%[0-9A-Fa-f]?\Z", b"x", text)))


def test_a_flood_of_separators_holds_nothing() -> None:
    """Empty pairs are no pairs: they are skipped, and not kept."""
    decoder = UrlencodedDecoder()
    for _ in range(200):
        assert decoder.feed(b"&" * 65_536) == []
        assert sum(map(len, decoder._chunks)) <= 65_536
    assert decoder.close() == []


def test_errors_latch_and_misuse_is_told() -> None:
    """After an error, every further call raises the same error. A call in the wrong state is an error, too."""
    decoder = UrlencodedDecoder(form_rules="strict")
    decoder.feed(b"a=%")
    with pytest.raises(Exception, match="expected it as '%25'") as first:
        decoder.close()
    with pytest.raises(type(first.value)) as again:
        decoder.feed(b"")
    assert again.value is first.value
    assert decoder.state == "failed"
    with pytest.raises(type(first.value)) as again:
        decoder.flush()
    assert again.value is first.value
    decoder = UrlencodedDecoder()
    assert decoder.state == "pairs"
    decoder.close()
    assert decoder.state == "closed"
    for call in (decoder.close, lambda: decoder.feed(b"a")):
        with pytest.raises(MachineStateError, match="in state 'closed'"):
            call()


def test_a_field_keeps_its_bytes() -> None:
    """Bytes that are not UTF-8 become U+FFFD in the text, and are kept as bytes. Urlencoded fields have no headers."""
    (event,) = [*(decoder := UrlencodedDecoder()).feed(b"a=%FF"), *decoder.close()]
    assert event == Field("a", "\ufffd", b"\xff", None)
    form = parse_form(URL, b"a=%FF&b=1")
    assert form.getlist_raw("a") == [b"\xff"]
    assert form.raw(1) == b"1"
