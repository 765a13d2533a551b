"""What others have collected: recordings of real clients, browsers' test suites, other parsers' fixtures.

Every body is decoded at every cut, and refused when truncated anywhere; what it says is what the corpus expects, but
for the deviations that deviations.json lists with their reasons. A deviation that is none any more fails.
"""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from cardan.core.forms import parse_form, parse_urlencoded
from tests import corpora
from tests.core.forms.forms import assert_the_same_parts, flat, make_machine
from tests.core.machines import assert_cuts_do_not_matter, outcome

DEVIATIONS: dict[str, dict[str, str]] = json.loads(Path(__file__).with_name("deviations.json").read_text("utf-8"))


def load(name: str, path: str = "cases.json") -> list[Any]:
    """A corpus for parametrize; one empty case where it is absent, which then skips."""
    if not (corpora.ROOT / name / path).is_file():
        return [pytest.param(None, id="absent")]
    cases = corpora.corpus_json(name, path)
    cases = cases["recordings"] if isinstance(cases, dict) else cases
    return [pytest.param(case, id=str(case.get("id") or f"{path[:9]}-{index}")) for index, case in enumerate(cases)]


def present(corpus: str, case: Any) -> Any:
    """The case, or a skip."""
    if case is None:
        corpora.corpus(corpus)
    return case


def decode(content_type: str, body: bytes) -> Any:
    """What the decoder makes of a body: flat, and the same however it is cut. The decoder of any multipart agrees."""
    assert_the_same_parts(content_type, body)
    splits = 2048 if len(body) <= 2048 else 200
    return flat(assert_cuts_do_not_matter(lambda: make_machine(content_type), body, splits=splits))


def assert_truncation_is_refused(content_type: str, body: bytes) -> None:
    """Every cut that takes away more than what follows the closing boundary is an error."""
    end = body.rindex(b"--") + 2
    for at in range(end):
        assert outcome(lambda: make_machine(content_type), [body[:at]]) == "MultipartError", at


def judge(corpus: str, id: str, agrees: bool, got: Any) -> None:
    """``agrees``, or the deviation is listed with its reason."""
    reason = DEVIATIONS.get(corpus, {}).get(id)
    if reason is None:
        assert agrees, got
    else:
        assert not agrees, f"{corpus} {id} agrees now: take it off deviations.json ({reason})"


def test_every_deviation_has_a_reason() -> None:
    """Each deviation from a corpus has a sentence that gives the reason."""
    assert all(len(reason) > 20 for rows in DEVIATIONS.values() for reason in rows.values())


def recorded_form(case: Any) -> list[Any]:
    """The fields and files that the client was given, as this client and this encoding can send them."""
    meta = corpora.corpus_json("client-recordings-2026")["meta"]
    client, charset = case["id"], case.get("accept_charset", "utf-8")
    files = [(f["name"], f["filename"], b64decode(f["content_b64"])) for f in meta["intended_files"]]
    fields = [tuple(field) for field in meta["intended_fields"]]
    if client.startswith(("Chromium", "Mozilla")):
        files.append(("nofile", "", b""))
    if client.startswith(("curl", "aiohttp")):  # could not be told to send that name
        fields = [field for field in fields if '"' not in field[0]]
    if client.startswith("curl"):
        files = [file for file in files if '"' not in file[1]]
    if "escape" in client:
        return [("up", 'q"uote ☃;.txt', None)]
    if "chunked" in client:
        return files[:1]
    if "urlencoded" in client:
        files = (
            [] if not client.startswith(("Chromium", "Mozilla")) else [(name, filename) for name, filename, _ in files]
        )

    def sent(text: str) -> str:
        return text.encode(charset, "xmlcharrefreplace").decode("utf-8", "replace")

    return [tuple(sent(one) if isinstance(one, str) else one for one in item) for item in [*fields, *files]]


@pytest.mark.parametrize("case", load("client-recordings-2026"))
def test_client_recordings(case: Any) -> None:
    """What browsers and HTTP clients put on the wire for one awkward form: every field and file, none lost or split."""
    case = present("client-recordings-2026", case)
    content_type = case["headers"].get("content-type") or case["headers"].get("Content-Type")
    body = b64decode(case["body_b64"])
    got = decode(content_type, body)
    if case["kind"] == "multipart":
        assert_truncation_is_refused(content_type, body)
    expected = recorded_form(case)
    if expected[0][-1] is None:
        expected = [(*expected[0][:2], got[0][2])]
    judge("client-recordings-2026", case["id"], got == expected, got)


def as_received(case: Any) -> bytes:
    """The body, its transfer coding undone and no more of it than its Content-Length says."""
    body = b64decode(case["body_b64"])
    headers = case["request_headers"]
    if headers.get("Transfer-Encoding") != "chunked":
        return body[: int(headers.get("Content-Length", len(body)))]
    chunks = []
    while body:
        size, _, body = body.partition(b"\r\n")
        if int(size, 16) == 0:
            break
        chunks.append(body[: int(size, 16)])
        body = body[int(size, 16) + 2 :]
    return b"".join(chunks)


@pytest.mark.parametrize("case", load("perl-http-body"))
def test_perl_http_body(case: Any) -> None:
    """Safari 1.3, Lynx, Konqueror, Firefox, IE 6, Opera 8."""
    case = present("perl-http-body", case)
    body = as_received(case)
    if case["kind"] == "octetstream":
        assert make_machine(case["content_type"]) is None
        return
    got = decode(case["content_type"], body)
    assert isinstance(got, list), got
    if case["kind"] == "multipart":
        assert_truncation_is_refused(case["content_type"], body)
    expect = case["expect"]
    if expect["ok"] is None:
        return
    fields: dict[str, list[str]] = {}
    sizes: dict[str, list[int]] = {}
    for item in got:
        if len(item) == 2:
            fields.setdefault(item[0], []).append(item[1].encode().decode("latin-1"))
        elif item[1]:
            sizes.setdefault(item[0], []).append(len(item[2]))
    listed = {name: value if isinstance(value, list) else [value] for name, value in expect["param"].items()}
    uploads = {name: one if isinstance(one, list) else [one] for name, one in (expect["upload"] or {}).items()}
    judge("perl-http-body", case["id"], fields == listed, fields)
    assert sizes == {name: [int(one["size"]) for one in ones] for name, ones in uploads.items()}


@pytest.mark.parametrize("case", load("python-multipart-http"))
def test_python_multipart_http(case: Any) -> None:
    """Another parser's fixtures: parts in order, or an error."""
    case = present("python-multipart-http", case)
    got = decode(case["content_type"], b64decode(case["body_b64"]))
    expect = case["expect"]
    expected: Any = "MultipartError"
    if expect["ok"]:
        expected = [
            (p["name"], b64decode(p["value_b64"]).decode())
            if p["type"] == "field"
            else (p["name"], p["filename"], b64decode(p["value_b64"]))
            for p in expect["parts"]
        ]
    judge("python-multipart-http", case["id"], got == expected, got)


@pytest.mark.parametrize("case", load("werkzeug-browser-multipart"))
def test_werkzeug_browser_multipart(case: Any) -> None:
    """Firefox 3, Opera 8, WebKit 3, IE 6 and 7: every listed part."""
    case = present("werkzeug-browser-multipart", case)
    body = b64decode(case["body_b64"])
    got = decode(case["content_type"], body)
    agrees = isinstance(got, list) and all(is_there(part, got) for part in case["expect"]["parts"])
    judge("werkzeug-browser-multipart", case["id"], agrees, got)


def is_there(expected: Any, got: list[Any]) -> bool:
    """Whether a part that the corpus lists is among the decoded ones."""
    name = expected.get("filename") or expected.get("filename_contains")
    value = b64decode(expected["value_b64"]) if "value_b64" in expected else expected.get("value")
    for item in got:
        if item[0] == expected["name"] and (name is None or item[1] == name):
            return value is None or item[-1] == value
    return False


def as_windows_1252(case: Any) -> dict[str, str]:
    """What a browser sends of a form in windows-1252, read as UTF-8: entities, and U+FFFD for what is above 127."""
    if case["form_encoding"] == "utf-8":
        return {}
    return {
        name: case["field"][name].encode("windows-1252", "xmlcharrefreplace").decode("utf-8", "replace")
        for name in ("name", "filename")
        if name in case["field"]
    }


@pytest.mark.parametrize("case", load("wpt-form-submission", "multipart-formdata.json"))
def test_wpt_multipart(case: Any) -> None:
    """Bodies that every conforming browser sends: what the page's author put in comes back."""
    case = present("wpt-form-submission", case)
    body = b64decode(case["body_b64"])
    got = decode(case["content_type"], body)
    field = {**case["roundtrip"], **as_windows_1252(case)}
    value = case["wire"]["value_latin1"]
    expected = (field["name"], field["filename"], value.encode("latin-1")) if "filename" in field else None
    if expected is None:
        expected = (field["name"], value.encode("latin-1").decode())
    judge("wpt-form-submission", f"{case['description']} ({case['form_encoding']})", got == [expected], got)
    if isinstance(got, list):
        assert_truncation_is_refused(case["content_type"], body)


@pytest.mark.parametrize("case", load("wpt-form-submission", "fileapi-send-file-formdata.json"))
def test_wpt_fileapi(case: Any) -> None:
    """Files whose names are awkward: three parts each, in the form that undoes the browser's escapes."""
    case = present("wpt-form-submission", case)
    body = b64decode(case["body_b64"])
    got = decode(case["content_type"], body)
    expected = [
        (p["name"], p["filename"], p["value"].encode()) if "filename" in p else (p["name"], p["value"])
        for p in case["expected_html_unescaped"]
    ]
    judge("wpt-form-submission", f"fileapi {case['file_base_name']}", got == expected, got)


@pytest.mark.parametrize("case", load("wpt-form-submission", "urlencoded.json"))
def test_wpt_urlencoded_submission(case: Any) -> None:
    """A urlencoded body as browsers submit it has the fields that web-platform-tests expect."""
    case = present("wpt-form-submission", case)
    decoded = (
        case["decoded"]
        or {  # in windows-1252: entities, and %E1, which is no UTF-8
            "a%26%23601%3Bb=c%26%2365533%3Bd": [["a&#601;b", "c&#65533;d"]],
            "%E1=%26%23128169%3B": [["\ufffd", "&#128169;"]],
        }[case["body"]]
    )
    assert decode("application/x-www-form-urlencoded", case["body"].encode()) == [tuple(pair) for pair in decoded]


@pytest.mark.parametrize("charset", ["", "; charset=windows-1252", "; charset=shift_jis"])
@pytest.mark.parametrize("case", load("wpt-urlencoded", "urlencoded-parser.json"))
def test_wpt_urlencoded_parser(case: Any, charset: str) -> None:
    """The standard's own cases; the charset parameter changes nothing."""
    case = present("wpt-urlencoded", case)
    body = case["input"].encode()
    expected = [tuple(pair) for pair in case["output"]]
    assert decode(f"application/x-www-form-urlencoded{charset}", body) == expected
    assert parse_urlencoded(body) == expected
    assert parse_form(f"application/x-www-form-urlencoded{charset}", body).fields == expected
