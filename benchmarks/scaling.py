"""Scaling: how the cost of a request grows with the number of its headers, parameters, parts and so on.

    python benchmarks/scaling.py [--quick] [--json FILE]

Printed are microseconds for 10, 100, 1000 and more headers, parameters, cookies, fields, parts and ranges. The last
column is the time for each item with the largest number of items, divided by that with a tenth of it: about 1 is
linear. (A few items may be cheaper, because a small form is parsed at once, and a thousand names are remembered.)
Every result is checked.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from scenarios import SCENARIOS
from timing import arguments, calls, interleave, machine, print_table, write_json

from cardan import Request, Response
from cardan.core._response import WholeAnswer

COUNTS = (10, 100, 1_000, 10_000, 100_000)


class Large(Request):
    """A request without limits."""

    max_form_parts = max_files = None
    max_form_memory_total = None


def environ(**values: Any) -> dict[str, Any]:
    return {**SCENARIOS["hello"].environ(), **values}


def scope_headers(count: int) -> Callable[[], object]:
    scope = SCENARIOS["hello"].scope()
    scope["headers"] = [*((b"x-field-%d" % number, b"value") for number in range(count)), (b"x-last", b"yes")]

    def read() -> object:
        headers = Request(scope).headers
        assert [headers.get("X-Last") for _ in range(4)] == ["yes"] * 4
        return headers

    return read


def parameters(count: int) -> Callable[[], object]:
    made = environ(QUERY_STRING="&".join(f"name{number}=value%20{number}" for number in range(count)))

    def read() -> object:
        args = Request(made).args
        assert args[f"name{count - 1}"] == f"value {count - 1}"
        return args

    return read


def cookies(count: int) -> Callable[[], object]:
    made = environ(HTTP_COOKIE="; ".join(f"name{number}=value{number}" for number in range(count)))

    def read() -> object:
        found = Request(made).cookies
        assert found[f"name{count - 1}"] == f"value{count - 1}"
        return found

    return read


def _form(body: bytes, content_type: str, count: int, files: bool) -> Callable[[], object]:
    def read() -> object:
        made = environ(REQUEST_METHOD="POST", CONTENT_TYPE=content_type, CONTENT_LENGTH=str(len(body)))
        made["wsgi.input"] = BytesIO(body)
        with Large(made) as request:
            assert len(request.files if files else request.form) == count
        return request

    return read


def fields(count: int) -> Callable[[], object]:
    body = "&".join(f"name{number}=value%20{number}" for number in range(count)).encode()
    return _form(body, "application/x-www-form-urlencoded", count, False)


def parts(count: int) -> Callable[[], object]:
    part = b'--x\r\nContent-Disposition: form-data; name="name%d"\r\n\r\nvalue\r\n'
    body = b"".join(part % number for number in range(count)) + b"--x--\r\n"
    return _form(body, "multipart/form-data; boundary=x", count, False)


def files(count: int) -> Callable[[], object]:
    part = b'--x\r\nContent-Disposition: form-data; name="name%d"; filename="a"\r\n\r\nvalue\r\n'
    body = b"".join(part % number for number in range(count)) + b"--x--\r\n"
    return _form(body, "multipart/form-data; boundary=x", count, True)


def languages(count: int) -> Callable[[], object]:
    made = environ(HTTP_ACCEPT_LANGUAGE=", ".join(f"x-{number};q=0.5" for number in range(count)) + ", de")

    def read() -> object:
        assert Request(made).accept_languages.best_match(["en", "de"]) == "de"
        return made

    return read


def response_headers(count: int) -> Callable[[], object]:
    headers = [(f"X-Field-{number}", "value") for number in range(count)]

    def send() -> object:
        answer = Response("text", headers=headers).outgoing("GET")
        assert isinstance(answer, WholeAnswer)
        assert len(answer.headers) == count + 2
        return answer

    return send


ROWS = {
    "ASGI: look up a header": scope_headers,
    "query parameters": parameters,
    "cookies": cookies,
    "urlencoded fields": fields,
    "multipart fields": parts,
    "multipart files": files,
    "Accept-Language": languages,
    "response headers": response_headers,
}


def main() -> None:
    options = arguments(__doc__)
    counts = COUNTS[:2] if options.smoke else COUNTS[:4] if options.quick else COUNTS
    rounds, seconds = (1, 0.0) if options.smoke else (3, 0.005) if options.quick else (9, 0.02)
    result: dict[str, dict[str, float]] = {}
    for name, make in ROWS.items():
        times = interleave({str(count): calls(make(count)) for count in counts}, rounds=rounds, seconds=seconds)
        result[name] = {count: value * 1e6 for count, value in times.items()}
    print(", ".join(machine().values()))
    rows = []
    for name, times in result.items():
        first, last = (str(counts[-2]), str(counts[-1]))
        growth = (times[last] / int(last)) / (times[first] / int(first))
        rows.append([name, *(f"{value:.1f}" for value in times.values()), f"{growth:.2f}"])
    print_table(["scaling, us", *map(str, counts), "per item"], rows)
    write_json(options.json, {"unit": "us", "scaling": result})


if __name__ == "__main__":
    main()
