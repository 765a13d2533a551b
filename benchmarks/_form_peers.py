"""Runs each parser of forms with the least code that its documentation needs.

Each function takes the body in chunks, parses all of it, and returns the number of fields and files, so that a parser
that stops early is noticed. If a parser lacks a feature or is not installed, it is not in the table.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

__all__ = ["BOUNDARY", "CONTENT_TYPE", "PUSH", "URLENCODED", "WHOLE", "Parse"]

BOUNDARY = "----WebKitFormBoundaryTkr3kCBQlBe1nrhc"
CONTENT_TYPE = f"multipart/form-data; boundary={BOUNDARY}"
URL = "application/x-www-form-urlencoded"

Parse = Callable[[list[bytes]], int]
PUSH: dict[str, Parse] = {}
"""Sans-IO parsers: they take bytes and return events."""
WHOLE: dict[str, Parse] = {}
"""Whole forms: files stored as the library stores them."""
URLENCODED: dict[str, Parse] = {}


class Stream(io.RawIOBase):
    """The chunks as a file."""

    def __init__(self, chunks: list[bytes]) -> None:
        self.chunks = iter(chunks)
        self.rest = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if size < 0:
            return self.rest + b"".join(self.chunks)
        data = self.rest or next(self.chunks, b"")
        self.rest = data[size:]
        return data[:size]


def stream(chunks: list[bytes]) -> Any:
    """The chunks as a file."""
    return io.BytesIO(chunks[0]) if len(chunks) == 1 else Stream(chunks)


def finish(coroutine: Any) -> Any:
    """Run a coroutine that never has to wait, and return its result."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    raise RuntimeError("it waited")


def add_cardan() -> None:
    from spooling import spool

    from cardan.core._limits import Limits
    from cardan.core.forms import Field, FileEnd, MultipartDecoder, UrlencodedDecoder, parse_form

    def push(chunks: list[bytes]) -> int:
        decoder = MultipartDecoder(BOUNDARY)
        count = 0
        for chunk in chunks:
            for event in decoder.feed(chunk):
                if type(event) is Field or type(event) is FileEnd:
                    count += 1
        decoder.close()
        return count

    def whole(chunks: list[bytes]) -> int:
        form = parse_form(CONTENT_TYPE, chunks)
        return len(form.fields) + len(form.files)

    def urlencoded(chunks: list[bytes]) -> int:
        return len(parse_form(URL, chunks, limits=_MANY).fields)

    _MANY = Limits(max_form_parts=None, max_form_memory_size=None, max_form_memory_total=None)

    def push_urlencoded(chunks: list[bytes]) -> int:
        decoder = UrlencodedDecoder(limits=_MANY)
        count = sum([len(decoder.feed(chunk)) for chunk in chunks])
        return count + len(decoder.close())

    PUSH["cardan"] = push
    WHOLE["cardan"] = whole
    WHOLE["cardan (spooled)"] = partial(spool, CONTENT_TYPE)
    URLENCODED["cardan"] = urlencoded
    URLENCODED["cardan (push)"] = push_urlencoded


def add_multipart() -> None:
    from multipart import MultipartParser, MultipartSegment, PushMultipartParser, parse_form_data

    def push(chunks: list[bytes]) -> int:
        count = 0
        with PushMultipartParser(BOUNDARY, max_segment_count=10**6) as parser:
            for chunk in chunks:
                for event in parser.parse(chunk):
                    if type(event) is MultipartSegment:
                        count += 1
        return count

    def whole(chunks: list[bytes]) -> int:
        parts = MultipartParser(stream(chunks), BOUNDARY, part_limit=10**6).parts()
        for part in parts:
            if not part.filename:
                part.value  # noqa: B018 - decodes it
            else:
                part.close()
        return len(parts)

    def urlencoded(chunks: list[bytes]) -> int:
        body = b"".join(chunks)
        environ = {
            "REQUEST_METHOD": "POST",
            "CONTENT_TYPE": URL,
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
        }
        form, _ = parse_form_data(environ, part_limit=10**6, mem_limit=2**27, memory_limit=2**27)
        return len(list(form.iterallitems()))

    PUSH["multipart"] = push
    WHOLE["multipart"] = whole
    URLENCODED["multipart"] = urlencoded


def add_python_multipart() -> None:
    import logging

    from python_multipart import FormParser
    from python_multipart.multipart import MultipartParser, QuerystringParser

    logging.getLogger("python_multipart").setLevel(logging.ERROR)

    def push(chunks: list[bytes]) -> int:
        counts = [0]

        def end() -> None:
            counts[0] += 1

        def ignore(*args: Any) -> None:
            pass

        names = ("on_part_begin", "on_headers_finished", "on_end", "on_header_begin", "on_header_end")
        callbacks: dict[str, Any] = dict.fromkeys(names, ignore)
        callbacks |= {"on_part_data": ignore, "on_header_field": ignore, "on_header_value": ignore, "on_part_end": end}
        parser = MultipartParser(BOUNDARY.encode(), callbacks)
        for chunk in chunks:
            parser.write(chunk)
        parser.finalize()
        return counts[0]

    def whole(chunks: list[bytes]) -> int:
        items: list[Any] = []
        parser = FormParser("multipart/form-data", items.append, items.append, boundary=BOUNDARY)
        for chunk in chunks:
            parser.write(chunk)
        parser.finalize()
        parser.close()
        return len(items)

    def urlencoded(chunks: list[bytes]) -> int:
        counts = [0]

        def end() -> None:
            counts[0] += 1

        parser = QuerystringParser(
            {"on_field_end": end, "on_field_name": lambda d, s, e: d[s:e], "on_field_data": lambda d, s, e: d[s:e]}
        )
        for chunk in chunks:
            parser.write(chunk)
        parser.finalize()
        return counts[0]

    PUSH["python-multipart"] = push
    WHOLE["python-multipart"] = whole
    URLENCODED["python-multipart (undecoded)"] = urlencoded


def add_werkzeug() -> None:
    from werkzeug.formparser import FormDataParser
    from werkzeug.sansio.multipart import Data, Epilogue, MultipartDecoder, NeedData

    def push(chunks: list[bytes]) -> int:
        decoder = MultipartDecoder(BOUNDARY.encode(), max_parts=None)
        count = 0
        for chunk in [*chunks, None]:
            decoder.receive_data(chunk)
            event = decoder.next_event()
            while not isinstance(event, Epilogue | NeedData):
                if isinstance(event, Data) and not event.more_data:
                    count += 1
                event = decoder.next_event()
        return count

    def whole(chunks: list[bytes]) -> int:
        parser = FormDataParser(max_form_parts=None, silent=False)
        _, form, files = parser.parse(
            stream(chunks), "multipart/form-data", sum(map(len, chunks)), {"boundary": BOUNDARY}
        )
        count = len(list(form.items(multi=True))) + len(list(files.items(multi=True)))
        for _, file in files.items(multi=True):
            file.close()
        return count

    def urlencoded(chunks: list[bytes]) -> int:
        _, form, _ = FormDataParser(silent=False, max_form_memory_size=None).parse(stream(chunks), URL, None, {})
        return len(list(form.items(multi=True)))

    PUSH["werkzeug"] = push
    WHOLE["werkzeug"] = whole
    URLENCODED["werkzeug"] = urlencoded


def add_streaming_form_data() -> None:
    from streaming_form_data import StreamingFormDataParser
    from streaming_form_data.targets import NullTarget

    names = [f"field{index}" for index in range(100)]

    class Counted(NullTarget):
        counts = 0

        def on_finish(self) -> None:
            Counted.counts += 1

    def push(chunks: list[bytes]) -> int:
        parser = StreamingFormDataParser(headers={"Content-Type": CONTENT_TYPE})
        Counted.counts = 0
        for name in names:
            parser.register(name, Counted())
        for chunk in chunks:
            parser.data_received(chunk)
        return Counted.counts

    PUSH["streaming-form-data"] = push


def add_baize() -> None:
    from urllib.parse import parse_qsl

    from baize.datastructures import UploadFile
    from baize.multipart import Data, Epilogue, MultipartDecoder, NeedData
    from baize.multipart_helper import parse_stream

    def push(chunks: list[bytes]) -> int:
        decoder = MultipartDecoder(BOUNDARY.encode(), "utf8")
        count = 0
        for chunk in chunks:
            decoder.receive_data(chunk)
            event = decoder.next_event()
            while not isinstance(event, Epilogue | NeedData):
                if isinstance(event, Data) and not event.more_data:
                    count += 1
                event = decoder.next_event()
        return count

    def whole(chunks: list[bytes]) -> int:
        items = parse_stream(iter(chunks), BOUNDARY.encode(), "utf8", file_factory=UploadFile, max_form_parts=10**6)
        for _, item in items:
            if isinstance(item, UploadFile):
                item.close()
        return len(items)

    def urlencoded(chunks: list[bytes]) -> int:  # what its request does
        return len(parse_qsl(b"".join(chunks).decode("latin-1"), keep_blank_values=True))

    PUSH["baize"] = push
    WHOLE["baize"] = whole
    URLENCODED["baize"] = urlencoded


def add_emmett() -> None:
    from emmett_core._emmett_core import MultiPartReader

    def whole(chunks: list[bytes]) -> int:
        parser = MultiPartReader(CONTENT_TYPE)
        for chunk in chunks:
            parser.parse(chunk)
        count = 0
        for _, is_file, value in parser.contents():
            if not is_file:
                value.decode()
            count += 1
        return count

    PUSH["emmett-core (whole)"] = whole
    WHOLE["emmett-core"] = whole


def add_starlette() -> None:
    from starlette.datastructures import Headers
    from starlette.formparsers import FormParser, MultiPartParser

    headers = Headers({"content-type": CONTENT_TYPE})

    async def body(chunks: list[bytes]) -> Any:
        for chunk in chunks:
            yield chunk
        yield b""

    async def parse(chunks: list[bytes], parser: Any) -> int:
        form = await parser.parse()
        count = len(form.multi_items())
        if len(chunks) > 8:
            await form.close()
        return count

    def whole(chunks: list[bytes]) -> int:
        parser = MultiPartParser(headers, body(chunks), max_fields=10**6)
        if len(chunks) > 8:  # it writes to disk in worker threads
            import anyio

            return anyio.run(parse, chunks, parser)
        return int(finish(parse(chunks, parser)))

    def urlencoded(chunks: list[bytes]) -> int:
        parser = FormParser(headers, body(chunks), max_fields=10**6, max_part_size=2**27)
        return len(finish(parser.parse()).multi_items())

    WHOLE["starlette"] = whole
    URLENCODED["starlette"] = urlencoded


def add_django() -> None:
    from django.conf import settings

    if not settings.configured:
        settings.configure(DATA_UPLOAD_MAX_NUMBER_FIELDS=None, DATA_UPLOAD_MAX_MEMORY_SIZE=2**27)
    from django.core.files.uploadhandler import MemoryFileUploadHandler, TemporaryFileUploadHandler
    from django.http import QueryDict
    from django.http.multipartparser import MultiPartParser

    def whole(chunks: list[bytes]) -> int:
        meta = {"CONTENT_TYPE": CONTENT_TYPE, "CONTENT_LENGTH": sum(map(len, chunks))}
        handlers = [MemoryFileUploadHandler(), TemporaryFileUploadHandler()]
        form, files = MultiPartParser(meta, stream(chunks), handlers, "utf-8").parse()
        count = sum(len(values) for _, values in [*form.lists(), *files.lists()])
        for _, values in files.lists():
            for file in values:
                file.close()
        return count

    def urlencoded(chunks: list[bytes]) -> int:
        return sum(len(values) for _, values in QueryDict(b"".join(chunks), encoding="utf-8").lists())

    WHOLE["django"] = whole
    URLENCODED["django"] = urlencoded


def add_falcon() -> None:
    from falcon.media import MultipartFormHandler, URLEncodedFormHandler

    handler, url_handler = MultipartFormHandler(), URLEncodedFormHandler()
    handler.parse_options.max_body_part_count = 0

    def whole(chunks: list[bytes]) -> int:
        count = 0
        for part in handler.deserialize(stream(chunks), CONTENT_TYPE, sum(map(len, chunks))):
            if part.filename is None:
                part.text  # noqa: B018 - reads it
            else:
                while part.stream.read(65536):
                    pass
            count += 1
        return count

    def urlencoded(chunks: list[bytes]) -> int:
        form = url_handler.deserialize(stream(chunks), URL, None)
        return sum([len(value) if isinstance(value, list) else 1 for value in form.values()])

    WHOLE["falcon (files unread)"] = whole
    URLENCODED["falcon"] = urlencoded


def add_standard_library() -> None:
    from urllib.parse import parse_qsl

    def urlencoded(chunks: list[bytes]) -> int:
        return len(parse_qsl(b"".join(chunks).decode(), keep_blank_values=True))

    URLENCODED["parse_qsl"] = urlencoded


for add in (
    add_cardan,
    add_multipart,
    add_python_multipart,
    add_werkzeug,
    add_streaming_form_data,
    add_baize,
    add_emmett,
    add_starlette,
    add_django,
    add_falcon,
    add_standard_library,
):
    with suppress(ImportError):
        add()
