"""The decision on conditional requests: RFC 9110 sections 13 and 14, every row of the specification's table."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cardan
from cardan.core import Request, RequestHead, Response
from cardan.core._response import WholeAnswer
from cardan.core._response.conditional import MAX_RANGES, Conditions, Decision, Representation, decide
from cardan.core.fields._dates import parse_date
from cardan.core.structures import Headers
from cardan.datastructures import IfRange
from cardan.exceptions import PreconditionFailed
from cardan.http import check_preconditions, http_date, is_resource_modified
from tests.corpora import corpus_json

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
EARLIER, AT_NOON, LATER = (f"Thu, 01 Jan 2026 {hour}:00:00 GMT" for hour in (11, 12, 13))
V1 = Representation(etag='"v1"', last_modified=NOON, length=10)
NONE = Decision()


def asked(**fields: str) -> Conditions:
    return Conditions.from_headers(Headers({name.replace("_", "-"): value for name, value in fields.items()}))


ROWS: list[tuple[str, Conditions, Representation, int | None]] = [
    ("If-Match: *, resource exists", asked(if_match="*"), V1, None),
    ("If-Match: *, there is none", asked(if_match="*"), Representation(exists=False), 412),
    ("If-Match equal", asked(if_match='"v0", "v1"'), V1, None),
    ("If-Match other", asked(if_match='"v0"'), V1, 412),
    ("If-Match strong, resource weak", asked(if_match='"v1"'), Representation(etag='W/"v1"'), 412),
    ("If-Match weak", asked(if_match='W/"v1"'), V1, 412),
    ("If-Match, resource without ETag", asked(if_match='"v1"'), Representation(), 412),
    ("If-Match that is garbage", asked(if_match="v1"), V1, 412),
    ("If-Match holds: If-Unmodified-Since ignored", asked(if_match='"v1"', if_unmodified_since=EARLIER), V1, None),
    ("If-Match holds and If-None-Match equal", asked(if_match='"v1"', if_none_match='"v1"'), V1, 304),
    ("If-Unmodified-Since older than Last-Modified", asked(if_unmodified_since=EARLIER), V1, 412),
    ("If-Unmodified-Since equal", asked(if_unmodified_since=AT_NOON), V1, None),
    ("If-Unmodified-Since, no Last-Modified", asked(if_unmodified_since=EARLIER), Representation(), None),
    ("If-Unmodified-Since that is no date", asked(if_unmodified_since="yesterday"), V1, None),
    ("If-None-Match equal", asked(if_none_match='"v0", "v1"'), V1, 304),
    ("If-None-Match weakly equal", asked(if_none_match='W/"v1"'), V1, 304),
    ("If-None-Match, resource weakly equal", asked(if_none_match='"v1"'), Representation(etag='W/"v1"'), 304),
    ("If-None-Match other", asked(if_none_match='"v0"'), V1, None),
    ("If-None-Match other: If-Modified-Since ignored", asked(if_none_match='"v0"', if_modified_since=LATER), V1, None),
    ("If-None-Match: *, resource exists", asked(if_none_match="*"), V1, 304),
    ("If-None-Match: *, there is none", asked(if_none_match="*"), Representation(exists=False), None),
    ("If-Modified-Since equal", asked(if_modified_since=AT_NOON), V1, 304),
    ("If-Modified-Since later", asked(if_modified_since=LATER), V1, 304),
    ("If-Modified-Since older", asked(if_modified_since=EARLIER), V1, None),
    ("If-Modified-Since, no Last-Modified", asked(if_modified_since=LATER), Representation(), None),
    ("If-Modified-Since that overflows", asked(if_modified_since=f"Thu, 10 Dec 2009 13:57:2{'9' * 20} GMT"), V1, None),
    ("If-None-Match matches and Range", asked(if_none_match='"v1"', range="bytes=0-1"), V1, 304),
    ("not 2xx", asked(if_none_match='"v1"'), Representation(status=404, etag='"v1"'), None),
]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(("row", "conditions", "there", "status"), ROWS, ids=[row[0] for row in ROWS])
def test_table(method: str, row: str, conditions: Conditions, there: Representation, status: int | None) -> None:
    """RFC 9110 section 13.2.2, over GET and HEAD."""
    assert decide(method, conditions, there) == Decision(status)


@pytest.mark.parametrize(("row", "conditions", "there", "status"), ROWS, ids=[row[0] for row in ROWS])
def test_table_for_unsafe_methods(row: str, conditions: Conditions, there: Representation, status: int | None) -> None:
    """Where GET says 304 another method says 412, but for If-Modified-Since, which counts for GET and HEAD alone."""
    only_date = conditions.if_none_match is None and conditions.if_match is None
    expected = status if status != 304 else None if only_date else 412
    assert decide("PUT", conditions, there) == Decision(expected)


@pytest.mark.parametrize("method", ["OPTIONS", "CONNECT", "TRACE"])
def test_methods_without_a_representation(method: str) -> None:
    """Section 13.2.1: preconditions are ignored."""
    assert decide(method, asked(if_match='"v0"', if_none_match="*"), V1) == NONE


RANGES: list[tuple[str, list[tuple[int, int]] | int | None]] = [
    ("bytes=0-3", [(0, 4)]),
    ("bytes=0-", [(0, 10)]),
    ("bytes=9-", [(9, 10)]),
    ("bytes=5-100", [(5, 10)]),
    ("bytes=-3", [(7, 10)]),
    ("bytes=-1000", [(0, 10)]),
    ("bytes=0-0,-1", [(0, 1), (9, 10)]),
    ("bytes=8-9,0-1", [(8, 10), (0, 2)]),
    ("bytes=0-1,100-200", [(0, 2)]),
    ("bytes=-0", 416),
    ("bytes=100-", 416),
    ("bytes=10-", 416),
    ("bytes=10-11,20-", 416),
    ("bytes=5-2", None),
    ("bytes=a-b", None),
    ("bytes=", None),
    ("bytes", None),
    ("items=0-1", None),
    ("bytes=0-4,3-7", [(0, 8)]),
    ("bytes=0-1,2-3", [(0, 4)]),
    ("bytes=2-3,0-1", [(0, 4)]),
    ("bytes=8-9,0-1,2-3", [(8, 10), (0, 4)]),
    ("bytes=2-3,8-9,0-1", [(0, 4), (8, 10)]),
    ("bytes=1-1,0-3", [(0, 4)]),
    ("bytes=0-0,0-0", [(0, 1)]),
    ("bytes=0-1,-3,8-20", [(0, 2), (7, 10)]),
    ("bytes=0-1,3-4", [(0, 2), (3, 5)]),
    ("bytes=0-4,5-", [(0, 10)]),
    ("bytes=" + ",".join(f"{n}-{n}" for n in range(10)), [(0, 10)]),
    ("bytes=0-5,3-9", None),
    ("bytes=0-,0-,0-", None),
    ("bytes=0-,1-,2-,3-,4-", None),
    ("bytes=" + ",".join(["0-0"] * 11), None),
    ("bytes=" + ",".join(f"{n}-{n}" for n in range(0, 10, 2)), None),
    ("bytes=0-0," + "9" * 400 + "-", [(0, 1)]),
]


@pytest.mark.parametrize(("value", "expected"), RANGES, ids=[row[0][:40] for row in RANGES])
def test_ranges(value: str, expected: list[tuple[int, int]] | int | None) -> None:
    """Section 14.2, of ten bytes: a list is a 206 with these ranges, a number a status, None everything."""
    decision = decide("GET", asked(range=value), V1)
    if isinstance(expected, list):
        assert decision == Decision(206, expected)
    else:
        assert decision == Decision(expected)


@pytest.mark.parametrize("value", [value for value, _ in RANGES])
def test_ranges_are_for_get(value: str) -> None:
    """Section 14.2: on HEAD, on another status than 200, without a known length a Range is ignored."""
    conditions = asked(range=value)
    assert decide("HEAD", conditions, V1) == NONE
    assert decide("PUT", conditions, V1) == NONE
    for there in (Representation(status=404, length=10), Representation(status=201, length=10), Representation()):
        assert decide("GET", conditions, there) == NONE


def test_number_of_ranges() -> None:
    """At most 16 parts are sent; more are answered with the whole. The ranges are counted when they were merged."""
    large = Representation(length=10_000_000)

    def ask(count: int, size: int) -> Decision:
        specs = ",".join(f"{n * 1000}-{n * 1000 + size - 1}" for n in range(count))
        return decide("GET", asked(range="bytes=" + specs), large)

    assert len(ask(MAX_RANGES, 500).ranges) == MAX_RANGES == 16
    assert ask(MAX_RANGES + 1, 500) == NONE
    assert ask(10_000, 500) == NONE
    assert ask(900, 1000) == Decision(206, [(0, 900_000)])
    assert ask(900, 1100) == Decision(206, [(0, 900_100)])


def test_a_download_in_pieces_that_overlap() -> None:
    """Section 15.3.7.2: ranges that overlap or touch are one part, and one part is no multipart/byteranges."""
    large = Representation(length=10_000_000, any_order=False)
    for value in ("bytes=0-4095,4090-8191", "bytes=0-4095,4096-8191", "bytes=4096-8191,0-4095"):
        assert decide("GET", asked(range=value), large) == Decision(206, [(0, 8192)])


def test_small_ranges_of_a_large_body() -> None:
    """Up to 16 small ranges are served if they do not have more bytes than the whole. Around each of more than four
    parts, 100 bytes are counted, too.
    """
    value = "bytes=" + ",".join(f"{n * 10}-{n * 10}" for n in range(8))
    expected = [(n * 10, n * 10 + 1) for n in range(8)]
    assert decide("GET", asked(range=value), Representation(length=10_000)) == Decision(206, expected)
    assert decide("GET", asked(range=value), Representation(length=808)) == Decision(206, expected)
    assert decide("GET", asked(range=value), Representation(length=807)) == NONE


@pytest.mark.parametrize(("count", "serves"), [(4, True), (5, False)])
def test_a_few_small_ranges(count: int, serves: bool) -> None:
    """What stands around up to four parts is not counted: a player asks for the ends of a short file in this way."""
    value = "bytes=" + ",".join(f"{n * 10}-{n * 10}" for n in range(count))
    decision = decide("GET", asked(range=value), Representation(length=100))
    assert decision.status == (206 if serves else None)
    whole = "bytes=" + ",".join(f"{n * 2}-{n * 2}" for n in range(2)) + ",5-"
    assert decide("GET", asked(range=whole), Representation(length=10)).status == 206


@pytest.mark.parametrize(("status", "decided"), [(199, None), (200, 304), (299, 304), (300, None), (404, None)])
def test_conditions_are_for_success(status: int, decided: int | None) -> None:
    """Section 13.2.1: preconditions are ignored if the response without them is not a 2xx."""
    assert decide("GET", asked(if_none_match="*"), Representation(status=status)) == Decision(decided)


def test_a_query_is_safe() -> None:
    """QUERY selects a representation as GET does (RFC 10008 section 2): 304, and not 412. Ranges are defined for GET
    alone (RFC 9110 section 14.2). Methods are case-sensitive.
    """
    assert decide("QUERY", asked(if_none_match='"v1"'), V1) == Decision(304)
    assert decide("QUERY", asked(if_modified_since=AT_NOON), V1) == Decision(304)
    assert decide("QUERY", asked(if_match='"v0"'), V1) == Decision(412)
    assert decide("QUERY", asked(range="bytes=0-1"), V1) == NONE
    assert decide("get", asked(if_none_match='"v1"'), V1) == Decision(412)


def test_what_is_assumed_of_a_representation() -> None:
    """A representation that nothing is said of exists, with 200, and gives its ranges in any order. A naive datetime is
    in UTC, and fractions of a second do not count, because no date of HTTP has them (section 5.6.7).
    """
    there = Representation(etag='"v1"', length=10, last_modified=NOON.replace(tzinfo=None, microsecond=999_999))
    assert (there.status, there.exists, there.any_order, there.last_modified) == (200, True, True, NOON)
    assert decide("GET", asked(if_match="*"), there) == NONE
    assert decide("GET", asked(range="bytes=8-9,0-1"), there) == Decision(206, [(8, 10), (0, 2)])
    assert decide("GET", asked(if_modified_since=AT_NOON), there) == Decision(304)


@pytest.mark.parametrize("value", ["bytes=0-", "bytes=0-0", "bytes=0-499", "bytes=-5", "bytes=7-9,0-", "bytes=-0,-1"])
def test_all_of_nothing(value: str) -> None:
    """Ranges that reach the beginning of an empty representation ask for all of it: 200. Section 14.4 has no
    Content-Range for no bytes.
    """
    assert decide("GET", asked(range=value), Representation(length=0)) == NONE


@pytest.mark.parametrize("value", ["bytes=-0", "bytes=1-", "bytes=1-5", "bytes=5-,-0"])
def test_ranges_of_nothing(value: str) -> None:
    """Ranges behind the beginning of an empty representation are not satisfiable: 416 (section 14.1.2)."""
    assert decide("GET", asked(range=value), Representation(length=0)) == Decision(416)


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 30)), min_size=1, max_size=20), st.integers(1, 80))
def test_merged_ranges(ranges: list[tuple[int, int]], length: int) -> None:
    """The parts have every byte that was asked for, each once, and no other. None touches another one."""
    value = "bytes=" + ",".join(f"{start}-{start + count - 1}" for start, count in ranges)
    decision = decide("GET", asked(range=value), Representation(length=length))
    sent = [position for start, stop in decision.ranges for position in range(start, stop)]
    wanted = {position for start, count in ranges for position in range(start, start + count) if position < length}
    assert decision.status in ((206, None) if wanted else (416,))
    assert sorted(sent) == (sorted(wanted) if decision.status == 206 else [])
    assert not {start for start, _ in decision.ranges} & {stop for _, stop in decision.ranges}


def test_stream_needs_ascending_ranges() -> None:
    """What flows by once can only be cut front to back."""
    stream = Representation(length=10, any_order=False)
    assert decide("GET", asked(range="bytes=0-1,4-5"), stream) == Decision(206, [(0, 2), (4, 6)])
    assert decide("GET", asked(range="bytes=4-5,0-1"), stream) == NONE
    assert decide("GET", asked(range="bytes=4-5,2-3,0-1"), stream) == Decision(206, [(0, 6)])
    assert decide("GET", asked(range="bytes=4-5,0-1,2-3"), stream) == Decision(206, [(0, 6)])


@pytest.mark.parametrize(
    ("value", "serves"),
    [
        ('"v1"', True), ('W/"v1"', False), ('"v2"', False), (AT_NOON, True), (EARLIER, False), (LATER, False),
        ("Thursday, 01-Jan-26 12:00:00 GMT", True), ("garbage, really", False), ("", False), (" \t", False),
    ],
)  # fmt: skip
def test_if_range(value: str, serves: bool) -> None:
    """Section 13.1.5: a date must be equal and strong, an entity tag is compared strongly; else everything. An empty
    field names no representation.
    """
    decision = decide("GET", asked(range="bytes=0-1", if_range=value), V1)
    assert decision == (Decision(206, [(0, 2)]) if serves else NONE)
    just_now = Representation(etag='"v1"', last_modified=NOON, length=10, date=NOON)
    only_tags = serves and value.startswith('"')
    assert decide("GET", asked(range="bytes=0-1", if_range=value), just_now).status == (206 if only_tags else None)
    weak = Representation(etag='W/"v1"', length=10)
    assert decide("GET", asked(range="bytes=0-1", if_range='"v1"'), weak) == NONE


def test_the_dates_of_a_representation() -> None:
    """A naive datetime as ``date`` is in UTC, as ``last_modified`` is. The last second of the year 9999, after which
    there is no date, is compared as every other one.
    """
    for date, serves in ((NOON + timedelta(seconds=1), True), (NOON, False)):
        there = Representation(last_modified=NOON, length=10, date=date.replace(tzinfo=None))
        assert there.date == date
        assert decide("GET", asked(range="bytes=0-1", if_range=AT_NOON), there).status == (206 if serves else None)
    last = Representation(last_modified=datetime(9999, 12, 31, 23, 59, 59), length=10)
    assert decide("GET", asked(range="bytes=0-1", if_range="Fri, 31 Dec 9999 23:59:59 GMT"), last) == NONE


@pytest.mark.parametrize("row", range(24))
def test_jshttp_fresh(row: int) -> None:
    """The corpus of the fresh library: 304 where it says fresh."""
    deviations = json.loads((Path(__file__).parent / "deviations.json").read_text())["jshttp-fresh"]
    case = corpus_json("jshttp-fresh")[row]
    request, response = case["args"]
    modified = parse_date(response.get("last-modified"))
    decision = decide(
        "GET", Conditions.from_headers(Headers(request)), Representation(200, response.get("etag"), modified)
    )
    assert (decision.status == 304) is (case["result"] != (str(row) in deviations))


def _request(method: str, **fields: str) -> Request:
    return Request(RequestHead(method, headers=Headers({name.replace("_", "-"): v for name, v in fields.items()})))


@pytest.mark.parametrize(("value", "kind"), [("yesterday", ValueError), ("", ValueError), (5, TypeError)])
def test_what_is_no_date_is_refused(value: Any, kind: type[Exception]) -> None:
    """A ``last_modified`` that is no date raises: without it the condition would be left out, and an update lost (RFC
    9110 section 13.1.4).
    """
    with pytest.raises(kind, match=r"^got last_modified = "):
        check_preconditions(_request("PUT", if_unmodified_since=AT_NOON), last_modified=value)
    with pytest.raises(kind, match=r"^got last_modified = "):
        is_resource_modified({"HTTP_IF_MODIFIED_SINCE": AT_NOON}, last_modified=value)


def test_check_preconditions() -> None:
    """Before a PUT: 412 if another client has changed the resource, nothing if the request may go on."""
    check_preconditions(_request("PUT"), etag="v1")
    check_preconditions(_request("PUT", if_match='"v1"'), etag='"v1"')
    check_preconditions(_request("PUT", if_match='"v1"'), etag="v1")
    check_preconditions(_request("PUT", if_none_match="*"), exists=False)
    check_preconditions(_request("DELETE", if_unmodified_since=AT_NOON), last_modified=NOON)
    for request in (_request("PUT", if_match='"v1"'), _request("DELETE", if_unmodified_since=EARLIER)):
        with pytest.raises(PreconditionFailed):
            check_preconditions(request, etag="v2", last_modified=NOON)
    with pytest.raises(PreconditionFailed):
        check_preconditions(_request("PUT", if_none_match="*"))


@given(st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0")), st.sampled_from(["GET", "HEAD", "PUT"]))
def test_garbage_is_decided(value: str, method: str) -> None:
    """No value of a conditional field raises: there is a decision, with a status that it may have."""
    assert decide(method, Conditions(*[value] * 6), V1).status in (None, 206, 304, 412, 416)


def _conditional(method: str, body: Any, **fields: str) -> Response:
    response = Response(body, headers={"ETag": '"v1"', "Content-Type": "text/plain"})
    return response.make_conditional(_request(method, **fields), accept_ranges=True, complete_length=10)


def test_make_conditional_is_the_decision() -> None:
    """The response becomes what was decided, in place."""
    assert _conditional("GET", b"0123456789", if_none_match='"v1"').status_code == 304
    partial = _conditional("GET", b"0123456789", range="bytes=2-4")
    assert (partial.status_code, partial.data, partial.headers["Content-Range"]) == (206, b"234", "bytes 2-4/10")
    assert isinstance(partial.outgoing("GET"), WholeAnswer)
    wrong = _conditional("GET", b"0123456789", range="bytes=10-")
    assert (wrong.status_code, wrong.headers["Content-Range"]) == (416, "bytes */10")
    assert wrong.text == "Range Not Satisfiable\n\nnone of the requested ranges can be satisfied\n"
    failed = _conditional("GET", b"0123456789", if_match='"v0"')
    assert (failed.status_code, failed.get_etag()) == (412, (None, None))
    assert failed.content_type == "text/plain; charset=utf-8"
    assert failed.text == "Precondition Failed\n\na precondition of the request does not hold\n"
    for response in (partial, wrong, failed):
        assert response.date is not None
        assert response.headers["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_make_conditional_is_for_get_and_head(method: str) -> None:
    """What was changed already cannot be taken back: check_preconditions() comes before."""
    response = Response("x", headers={"ETag": '"v1"'})
    assert response.make_conditional(_request(method, if_match='"v0"', range="bytes=0-0"), True) is response
    assert (response.status_code, "Date" in response.headers) == (200, False)


def test_make_conditional_takes_an_environ_and_a_scope() -> None:
    """As the original design has it, and its counterpart."""
    environ = {"REQUEST_METHOD": "GET", "HTTP_IF_NONE_MATCH": '"v1"'}
    scope = {"type": "http", "method": "GET", "headers": [(b"if-none-match", b'"v1"')]}
    for request in (environ, scope):
        response = Response("x", headers={"ETag": '"v1"'}).make_conditional(request)
        assert response.status_code == 304
        assert "Accept-Ranges" not in response.headers


def test_stream_is_not_consumed() -> None:
    """make_conditional of a stream decides without its body; the finalizer does not send it on a 304."""

    def body() -> Any:
        raise AssertionError("the body was begun")
        yield b""

    response = Response(body(), headers={"ETag": '"v1"'})
    response.make_conditional(_request("GET", if_none_match='"v1"'))
    assert [type(event).__name__ for event in response.iter_events("GET")] == ["Head", "End"]


@pytest.mark.parametrize("when", [datetime(2026, 1, 1, 12, 0, 0, 500_000, tzinfo=UTC), datetime(2026, 1, 1, 12)])
def test_a_time_that_no_date_of_http_can_say(when: datetime) -> None:
    """Law: a time with fractions of a second, or a naive one (in UTC), is not newer than the date written of it."""
    date = http_date(when)
    environ = {"REQUEST_METHOD": "GET", "HTTP_IF_MODIFIED_SINCE": date}
    assert not is_resource_modified(environ, last_modified=when)
    put = cardan.Request.from_values("/", method="PUT", headers={"If-Unmodified-Since": date})
    check_preconditions(put, last_modified=when)
    check_preconditions(put, last_modified=http_date(when))
    with pytest.raises(PreconditionFailed):
        check_preconditions(put, last_modified=when + timedelta(seconds=1))
    assert IfRange.from_header(date).matches(last_modified=when)
    response = Response("x")
    response.last_modified = when
    assert response.make_conditional(environ).status_code == 304


def test_last_modified_is_a_date_in_the_past() -> None:
    """Last-Modified is never later than the time at which it is set, and never text that is no date of HTTP."""
    response = Response("x")
    future = datetime.now(UTC) + timedelta(days=1)
    for when in (future, future.timestamp(), future.date() + timedelta(days=1), http_date(future)):
        response.last_modified = when
        written = parse_date(response.headers["Last-Modified"])
        assert written is not None
        assert written <= datetime.now(UTC)
    response.last_modified = before = http_date(0)
    for garbage in ("", "yesterday", "2026-01-01T12:00:00Z", "0"):
        with pytest.raises(ValueError, match=f"^got last_modified = '{garbage}', expected a date of HTTP$"):
            response.last_modified = garbage
    assert response.headers["Last-Modified"] == before


def test_check_preconditions_takes_what_make_conditional_takes() -> None:
    """Law: the conditions are read from a request, an environ and a scope alike; anything else is a TypeError."""
    scope = {"type": "http", "method": "PUT", "headers": [(b"if-match", b'"v1"')]}
    for request in (_request("PUT", if_match='"v1"'), {"REQUEST_METHOD": "PUT", "HTTP_IF_MATCH": '"v1"'}, scope):
        check_preconditions(request, etag="v1")
        with pytest.raises(PreconditionFailed):
            check_preconditions(request, etag="v2")
    with pytest.raises(TypeError, match="got int, expected a request"):
        check_preconditions(5)  # type: ignore[arg-type]


@pytest.mark.parametrize(("value", "parts"), [("bytes=0-1", 1), ("bytes=0-1,5-6", 2), ("bytes=0-1,5-6,9-9", 3)])
@pytest.mark.parametrize("is_file", [False, True])
def test_the_coding_of_ranges(value: str, parts: int, is_file: bool) -> None:
    """One range is one of the coded bytes and has their Content-Encoding. Of several, each part says it, and the
    multipart body, which is not coded, does not (RFC 9110 sections 8.4 and 14.6).
    """

    class File:
        length = 10

        def __iter__(self) -> Any:
            raise AssertionError("it gives its ranges")

        def ranged(self, start: int, stop: int) -> list[bytes]:
            return [b"0123456789"[start:stop]]

        def close(self) -> None: ...

    body: Any = File() if is_file else b"0123456789"
    response = Response(body, headers={"Content-Encoding": "gzip", "Content-Type": "text/x"})
    response.make_conditional(_request("GET", range=value), accept_ranges=True)
    sent = b"".join(response.iter_encoded())
    assert (response.status_code, response.headers["Content-Length"]) == (206, str(len(sent)))
    if parts == 1:
        assert (sent, response.headers["Content-Encoding"]) == (b"01", "gzip")
    else:
        assert "Content-Encoding" not in response.headers
        assert sent.count(b"\r\nContent-Encoding: gzip\r\n") == parts
        assert sent.count(b"\r\n\r\n") == parts
