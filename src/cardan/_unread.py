"""UnreadRequest: an annotation for requests whose body was not read.

A type checker that reads it finds a forgotten ``load()``: names that need the body do not exist. At run time nothing is
checked, and nothing here is used but the class itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping, MutableMapping
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime

    from typing_extensions import TypeVar

    from ._request import BaseRequest, Request, StateAttribute
    from .core._limits import Limits
    from .core._request.head import HeadLike
    from .core._structured_fields.descriptor import DictionaryField, StructuredField
    from .core._structured_fields.known import Priority
    from .core._structured_fields.values import InnerList
    from .core.drive import AsyncStream
    from .core.fields._accept import EncodingAccept
    from .core.fields._accept_language import LanguageAccept
    from .core.fields._accept_media import MIMEAccept
    from .core.fields._authorization import Authorization
    from .core.fields._cache_control import RequestCacheControl
    from .core.fields._content_range import ContentRange
    from .core.fields._descriptors import HeaderField
    from .core.fields._etags import ETags
    from .core.fields._fetch_metadata import FetchDest, FetchMode, FetchSite
    from .core.fields._forwarded import Forwarded
    from .core.fields._header_set import HeaderSet
    from .core.fields._links import Link
    from .core.fields._prefer import Prefer
    from .core.fields._ranges import IfRange, Range
    from .core.fields._user_agent import UserAgent
    from .core.structures import ImmutableList, ImmutableMultiDict
    from .core.structures._headers import HeadersView
    from .files._spooling import Part

    R_co = TypeVar("R_co", bound=BaseRequest, covariant=True, default=Request)
else:
    from typing import TypeVar

    R_co = TypeVar("R_co", covariant=True)

__all__ = ["UnreadRequest"]


class UnreadRequest(Protocol[R_co]):
    """A request of which only the head and the names that stream the body exist: an annotation for type checkers.

    ``await request.load()`` gives the request with all names: a ``Request``, or an ``ApiRequest`` where the annotation
    is ``UnreadRequest[ApiRequest]``. It is optional: every handler, and ``Application.resolve``, may have it in place
    of the class. At run time the handler gets the request itself::

        @Request.application
        async def app(request: UnreadRequest) -> Response:
            if request.headers.get("X-Key") != "k":
                return Response("no", 401)                   # nothing of the body was read
            loaded = await request.load()                    # a Request
            return Response(loaded.form["a"])

    It has the attributes of the request line and the header fields, the limits and the other settings for the body,
    ``state``, and ``iter_data``, ``aiter_data``, ``iter_parts`` and ``aiter_parts``. Names that are deprecated are left
    out, and so are attributes that a subclass of ``Request`` adds: they are there after ``load()``.
    """

    # A request class may narrow a setting (to int, say); only Any is compatible with each of them.
    body_timeout: Any
    drain_timeout: Any
    form_rules: Any
    max_boundary_size: Any
    max_content_length: Any
    max_data_memory: Any
    max_drain_size: Any
    max_file_memory: Any
    max_file_size: Any
    max_files: Any
    max_form_memory_size: Any
    max_form_memory_total: Any
    max_form_parts: Any
    max_part_header_size: Any
    max_part_headers: Any
    max_spool_memory: Any
    shallow: Any
    trusted_hosts: Any

    # --- header fields ---

    accept_encodings: ClassVar[HeaderField[EncodingAccept, EncodingAccept | str]]
    accept_languages: ClassVar[HeaderField[LanguageAccept, LanguageAccept | str]]
    accept_mimetypes: ClassVar[HeaderField[MIMEAccept, MIMEAccept | str]]
    access_control_request_headers: ClassVar[HeaderField[HeaderSet, HeaderSet | str]]
    access_control_request_method: ClassVar[HeaderField[str | None, str]]
    authorization: ClassVar[HeaderField[Authorization | None, Authorization]]
    cache_control: ClassVar[HeaderField[RequestCacheControl, RequestCacheControl | str]]
    content_encoding: ClassVar[HeaderField[str | None, str]]
    content_range: ClassVar[HeaderField[ContentRange, ContentRange | str]]
    date: ClassVar[HeaderField[datetime | None, datetime]]
    early_data: ClassVar[HeaderField[bool, bool]]
    forwarded: ClassVar[HeaderField[Forwarded, Forwarded | str]]
    if_match: ClassVar[HeaderField[ETags, ETags | str]]
    if_modified_since: ClassVar[HeaderField[datetime | None, datetime]]
    if_none_match: ClassVar[HeaderField[ETags, ETags | str]]
    if_range: ClassVar[HeaderField[IfRange, IfRange | str]]
    if_unmodified_since: ClassVar[HeaderField[datetime | None, datetime]]
    content_digest: ClassVar[DictionaryField[Mapping[str, bytes]]]
    repr_digest: ClassVar[DictionaryField[Mapping[str, bytes]]]
    want_content_digest: ClassVar[DictionaryField[Mapping[str, int]]]
    want_repr_digest: ClassVar[DictionaryField[Mapping[str, int]]]
    prefer: ClassVar[HeaderField[Prefer, Prefer | str]]
    priority: ClassVar[DictionaryField[Priority]]
    signature: ClassVar[DictionaryField[Mapping[str, bytes]]]
    signature_input: ClassVar[DictionaryField[Mapping[str, InnerList]]]
    idempotency_key: ClassVar[StructuredField[str | None, str]]
    last_event_id: ClassVar[HeaderField[str | None, str]]
    max_forwards: ClassVar[HeaderField[int | None, int]]
    origin: ClassVar[HeaderField[str | None, str]]
    range: ClassVar[HeaderField[Range | None, Range]]
    referrer: ClassVar[HeaderField[str | None, str]]
    sec_fetch_dest: ClassVar[HeaderField[FetchDest | None, FetchDest]]
    sec_fetch_mode: ClassVar[HeaderField[FetchMode | None, FetchMode]]
    sec_fetch_site: ClassVar[HeaderField[FetchSite | None, FetchSite]]
    sec_fetch_user: ClassVar[HeaderField[bool, bool]]
    user_agent: ClassVar[HeaderField[UserAgent, UserAgent]]
    state: ClassVar[StateAttribute]

    # --- the request line, and what is known of the connection ---

    @property
    def access_route(self) -> ImmutableList[str]:
        """The addresses from the client to the last proxy that X-Forwarded-For lists."""
        ...

    @property
    def args(self) -> ImmutableMultiDict[str, str]:
        """The parameters of the query string (WHATWG URL section 5.1)."""
        ...

    @property
    def base_url(self) -> str:
        """The URL without its query, an IRI."""
        ...

    @property
    def client(self) -> tuple[str, int] | None:
        """Address and port of the peer."""
        ...

    @property
    def content_length(self) -> int | None:
        """The declared length of the body in bytes."""
        ...

    @property
    def content_type(self) -> str | None:
        """The Content-Type as sent, None without one."""
        ...

    @property
    def cookies(self) -> ImmutableMultiDict[str, str]:
        """The cookies (RFC 6265 section 5.4)."""
        ...

    @property
    def disconnected(self) -> bool:
        """Whether the client is known to have left."""
        ...

    @property
    def environ(self) -> dict[str, Any]:
        """The WSGI environ."""
        ...

    @property
    def full_path(self) -> str:
        """Path and query as text."""
        ...

    @property
    def head(self) -> HeadLike:
        """The request line and the header fields, from the environ or scope."""
        ...

    @property
    def headers(self) -> HeadersView:
        """The header fields, read-only."""
        ...

    @property
    def host(self) -> str:
        """The Host (RFC 9110 section 7.2) without the default port of the scheme."""
        ...

    @property
    def host_url(self) -> str:
        """Scheme and host with a slash, an IRI: ``http://example.com/``."""
        ...

    @property
    def http_version(self) -> str:
        """``1.0``, ``1.1``, ``2`` or ``3``."""
        ...

    @property
    def is_json(self) -> bool:
        """Whether the Content-Type is ``application/json`` or ``application/*+json`` (RFC 6839 section 3.1)."""
        ...

    @property
    def is_multiprocess(self) -> bool:
        """Whether other processes may run the same application (PEP 3333)."""
        ...

    @property
    def is_multithread(self) -> bool:
        """Whether the application may be called by other threads at the same time (PEP 3333)."""
        ...

    @property
    def is_run_once(self) -> bool:
        """Whether the server expects to call the application only once (PEP 3333)."""
        ...

    @property
    def is_secure(self) -> bool:
        """Whether the scheme is ``https`` (or ``wss``)."""
        ...

    @property
    def limits(self) -> Limits:
        """All limits of this request as one value, built from the attributes of the class and of the request."""
        ...

    @property
    def method(self) -> str:
        """The method, as it was sent. Methods are case-sensitive (RFC 9110 section 9.1): ``get`` is not ``GET``."""
        ...

    @property
    def mimetype(self) -> str:
        """The media type in lower case, without parameters."""
        ...

    @property
    def mimetype_params(self) -> Mapping[str, str]:
        """The parameters of the Content-Type (RFC 9110 section 8.3.1), names in lower case."""
        ...

    @property
    def path(self) -> str:
        """The decoded path below ``root_path``."""
        ...

    @property
    def query_string(self) -> bytes:
        """The part of the URL after the ``?``, still encoded."""
        ...

    @property
    def raw_path(self) -> bytes | None:
        """The path as it was sent, still encoded."""
        ...

    @property
    def remote_addr(self) -> str | None:
        """The address of the peer: the client, or the last proxy."""
        ...

    @property
    def remote_user(self) -> str | None:
        """The user that the server has authenticated (RFC 3875 section 4.1.11)."""
        ...

    @property
    def root_path(self) -> str:
        """The decoded prefix that the application is mounted under, without a slash at its end."""
        ...

    @property
    def root_url(self) -> str:
        """Scheme, host and ``root_path`` with a slash, an IRI."""
        ...

    @property
    def scheme(self) -> str:
        """``http`` or ``https``."""
        ...

    @property
    def scope(self) -> MutableMapping[str, Any]:
        """The ASGI scope."""
        ...

    @property
    def server(self) -> tuple[str, int | None] | None:
        """The name or address, and the port, on which the server listens."""
        ...

    @property
    def url(self) -> str:
        """The whole URL as an IRI (RFC 3987)."""
        ...

    @property
    def receive(self) -> Callable[[], Awaitable[Any]]:
        """The ``receive`` to pass to another ASGI application."""
        ...

    @property
    def send(self) -> Callable[[Any], Awaitable[None]]:
        """The ``send`` that the request was made with, for messages of ASGI extensions."""
        ...

    # --- the body ---

    def load(self, *, form: bool = True) -> Coroutine[Any, Any, R_co]:
        """Read the body; the result is the request with all names."""
        ...

    def iter_data(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """The body piece by piece. It is not stored."""
        ...

    def aiter_data(self, chunk_size: int | None = None) -> AsyncStream[bytes]:
        """The awaiting twin of :meth:`iter_data`."""
        ...

    def iter_parts(self) -> Iterator[Part]:
        """The parts of a multipart form, one by one. Nothing is stored."""
        ...

    def aiter_parts(self) -> AsyncStream[Part]:
        """The awaiting twin of :meth:`iter_parts`."""
        ...

    def send_early_hints(self, links: Iterable[Link | str]) -> None:
        """Send ``103 Early Hints`` (RFC 8297)."""
        ...

    def asend_early_hints(self, links: Iterable[Link | str]) -> Coroutine[Any, Any, None]:
        """The awaiting twin of :meth:`send_early_hints`."""
        ...

    def wait_disconnected(self) -> Coroutine[Any, Any, None]:
        """Return when the client has left."""
        ...

    def cancel_on_disconnect(self) -> AbstractAsyncContextManager[None]:
        """``async with request.cancel_on_disconnect():`` cancels the block when the client leaves."""
        ...


UnreadRequest.__module__ = "cardan.types"
