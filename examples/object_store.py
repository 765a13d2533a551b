"""Uploads go to an S3-compatible object store while they arrive; nothing is on the
disk, or whole in memory.

    OBJECT_STORE=http://127.0.0.1:9000/uploads python -m uvicorn object_store:app

A file is sent as a multipart upload of S3: it is created, its parts are uploaded, and
it is completed. Only one part is in memory, and the client is read no faster than the
store takes the parts. If the form fails, nothing remains in the store. The steps are
written once, as generators of HTTP requests. ``Sink`` and ``AsyncSink`` send them.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING
from uuid import uuid4

import httpx
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from cardan import Application, Request, Response
from cardan.core.drive import arun, run

if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import TypeAlias

    from cardan.core.forms import FileStart

    Requests: TypeAlias = Generator[httpx.Request, httpx.Response, None]

BUCKET = os.environ.get("OBJECT_STORE", "http://127.0.0.1:9000/uploads")
PART_SIZE = 5 * 1024 * 1024  # S3 takes no smaller part but the last one
SIGNER = S3SigV4Auth(
    Credentials(
        os.environ.get("AWS_ACCESS_KEY_ID", "key"),
        os.environ.get("AWS_SECRET_ACCESS_KEY", "secret"),
    ),
    "s3",
    os.environ.get("AWS_REGION", "us-east-1"),
)


def signed(method: str, url: str, body: bytes = b"") -> httpx.Request:
    """A request to the store, with the signature that S3 wants."""
    request = AWSRequest(method, url, data=body)
    SIGNER.add_auth(request)
    headers = dict(request.headers.items())
    return httpx.Request(method, url, headers=headers, content=body)


class Upload:
    """One upload as the requests that make it.

    Each method is a generator: it yields requests and gets the answers.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.buffer = bytearray()
        self.upload_id = ""
        self.etags: list[str] = []
        self.is_complete = False

    def add(self, data: bytes) -> Requests:
        """Keep ``data``, and send every part that is large enough."""
        self.buffer += data
        while len(self.buffer) >= PART_SIZE:
            yield from self.send_part()

    def send_part(self) -> Requests:
        """Send the next part. The upload is created before its first one."""
        if not self.upload_id:
            created = yield signed("POST", f"{self.url}?uploads=")
            self.upload_id = re.findall("<UploadId>(.+?)</UploadId>", created.text)[0]
        part, number = bytes(self.buffer[:PART_SIZE]), len(self.etags) + 1
        del self.buffer[:PART_SIZE]
        query = f"partNumber={number}&uploadId={self.upload_id}"
        sent = yield signed("PUT", f"{self.url}?{query}", part)
        self.etags.append(sent.headers["ETag"])

    def complete(self) -> Requests:
        """Send what is left, and make the object of all parts."""
        if self.buffer or not self.etags:
            yield from self.send_part()
        parts = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>"
            for number, etag in enumerate(self.etags, 1)
        )
        body = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
        made = yield signed("POST", f"{self.url}?uploadId={self.upload_id}", body)
        # S3 may find an error after it has sent the status 200
        if "<CompleteMultipartUploadResult" not in made.text:
            got = made.text[:200]
            raise OSError(f"got {got!r} from the store, expected a complete upload")
        self.is_complete = True

    def abort(self) -> Requests:
        """Leave nothing in the store: neither parts, nor the object if the form
        fails after this file.
        """
        if self.is_complete:
            yield signed("DELETE", self.url)
        elif self.upload_id:
            yield signed("DELETE", f"{self.url}?uploadId={self.upload_id}")


class Sink:
    """Sends an upload with a client that blocks.

    ``write`` returns when the store has the part.
    """

    client = httpx.Client(timeout=30)

    def __init__(self, url: str) -> None:
        self.upload = Upload(url)

    def send(self, request: httpx.Request) -> httpx.Response:
        """The store's answer; an error status is raised, and the form fails."""
        return self.client.send(request).raise_for_status()

    def write(self, data: bytes) -> None:
        """Take the next bytes of the file."""
        run(self.upload.add(data), self.send)

    def close(self) -> None:
        """The file is complete."""
        run(self.upload.complete(), self.send)

    def abort(self) -> None:
        """The form has failed, perhaps after this file was complete."""
        run(self.upload.abort(), self.send)


class AsyncSink:
    """The same for ``async def`` handlers."""

    def __init__(self, url: str, client: httpx.AsyncClient) -> None:
        self.upload = Upload(url)
        self.client = client

    async def send(self, request: httpx.Request) -> httpx.Response:
        """The store's answer."""
        return (await self.client.send(request)).raise_for_status()

    async def write(self, data: bytes) -> None:
        """Take the next bytes of the file."""
        await arun(self.upload.add(data), self.send)

    async def close(self) -> None:
        """The file is complete."""
        await arun(self.upload.complete(), self.send)

    async def abort(self) -> None:
        """The form has failed."""
        await arun(self.upload.abort(), self.send)


class StoringRequest(Request):
    """A request whose files are stored by :class:`Sink`.

    The names of objects are ours, not those of the client.
    """

    def make_file_sink(self, part: FileStart) -> Sink:
        """The sink of one file."""
        return Sink(f"{BUCKET}/{uuid4()}")


class AsyncStoringRequest(Request):
    """A request whose files are stored by :class:`AsyncSink`, all of them over one
    client.
    """

    store: httpx.AsyncClient

    def make_file_sink(self, part: FileStart) -> AsyncSink:
        """The sink of one file."""
        return AsyncSink(f"{BUCKET}/{uuid4()}", self.store)


def answer(request: Request) -> Response:
    """The number of bytes of each file."""
    files = request.files.items(multi=True)
    return Response.from_json({file.filename: file.size for _, file in files}, 201)


def upload(request: StoringRequest) -> Response:
    """The handler for threads."""
    return answer(request)


async def aupload(request: AsyncStoringRequest) -> Response:
    """The handler for the event loop."""
    async with httpx.AsyncClient(timeout=30) as request.store:
        await request.load()
    return answer(request)


sync_app = Application(upload, request_class=StoringRequest)
app = Application(aupload, request_class=AsyncStoringRequest)
