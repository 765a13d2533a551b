"""BaseRequest: one request, whoever serves it. Takes a head and a body, gives everything that can be known of them.

Header logic beyond the basics is in :mod:`.mixins`, the body in :mod:`.access`, the URL in :mod:`.url`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from ..fields.cookies import parse_cookie
from ..fields.lists import parse_list
from ..fields.options import parse_options
from ..forms.sinks import MemoryBudget, MemorySink
from ..forms.urlencoded import parse_urlencoded
from ..structures import ImmutableDict, ImmutableList, ImmutableMultiDict
from .access import BodyAccess, make_storage
from .bodies import AsyncIterableBody, make_body
from .cached import cached
from .url import URLMixin

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from ..structures.headers import HeadersView
    from .bodies import BodyInput
    from .body import Body
    from .head import HeadLike

__all__ = ["BaseRequest"]


class BaseRequest(URLMixin, BodyAccess):
    """A request over a :class:`RequestHead` and a body: bytes, an iterable or an async iterable of bytes.

    Any bytes-like object may stand for bytes, and is copied.

    ``run_sync`` runs a plain callable in a worker thread (``trio.to_thread.run_sync``), ``make_file`` makes the
    file of an upload (``tempfile.TemporaryFile``); without it files stay in memory, and past ``max_spool_memory``
    they are a 413. ``shield`` makes a context manager in which nothing is cancelled
    (``partial(trio.CancelScope, shield=True)``, or anyio's): in it a sink of an upload that failed or was cancelled
    is left, which may have to be awaited. Everything documented is read-only; limits and other attributes
    (``request.user``) may be set.
    Raises :exc:`TypeError` for a body of another type.
    """

    charset: ClassVar[str] = "utf-8"
    url_charset: ClassVar[str] = "utf-8"
    encoding_errors: ClassVar[str] = "replace"
    list_storage_class: type[Any] = ImmutableList
    """The class of ``access_route``."""
    dict_storage_class: type[Any] = ImmutableMultiDict
    """The class of ``cookies``."""

    if TYPE_CHECKING:
        _head: HeadLike
        _given: Body
        _make_file: Callable[[], Any] | None

    def __init__(
        self,
        head: HeadLike,
        body: BodyInput = b"",
        *,
        run_sync: Callable[..., Any] | None = None,
        make_file: Callable[[], Any] | None = None,
        shield: Callable[[], AbstractContextManager[Any]] | None = None,
        shallow: bool = False,
    ) -> None:
        given = make_body(body)
        values = self.__dict__  # past __setattr__, which looks for limits
        values["_head"] = head
        values["_given"] = given
        values["_run_sync"] = run_sync
        values["_make_file"] = make_file
        if shield is not None:
            values["_shield"] = shield
        values["_mode"] = "async" if isinstance(given, AsyncIterableBody) else "either"
        if shallow:
            values["shallow"] = True

    def _open_body(self) -> Body:
        return self._given

    def _known_body(self) -> Body | None:
        return self.__dict__.get("_opened")

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> Any:
        """The sink of one uploaded file: what ``make_file`` gives, else memory up to ``max_spool_memory``, then 413."""
        if self._make_file is not None:
            return self._make_file()
        return MemorySink(self._budget)

    def _hold(self, files: list[bytes]) -> list[Any] | None:
        if self._make_file is not None or not self._opens_sinks_as(BaseRequest):
            return None
        return list(map(MemorySink.holding, files)) if self._budget.take(sum(map(len, files))) else None

    @cached
    def _budget(self) -> MemoryBudget:
        """What the files of this request may hold in memory."""
        return MemoryBudget(self.limits)

    async def aclose(self) -> None:
        """The awaiting twin of :meth:`close`; also ends an async generator that was given as the body.

        One that nobody read, and that the head says is empty (RFC 9112 section 6.3), is first asked for its end: a
        connection that is persistent goes on after it.
        """
        try:
            await super().aclose()
        finally:
            if isinstance(given := self.__dict__.get("_given"), AsyncIterableBody):
                try:
                    if given.fresh and self._is_surely_empty:
                        await given.aread(1, False)
                finally:
                    await given.aclose()

    @property
    def _is_surely_empty(self) -> bool:
        length = self._safe_length
        return length == 0 or (
            length is None
            and self._head.http_version.startswith("1")
            and not ("Content-Length" in self.headers or "Transfer-Encoding" in self.headers)
        )

    @property
    def disconnected(self) -> bool:
        """Whether the client is known to have left: a read of the body has raised ClientDisconnected or an OSError."""
        return self._given.disconnected

    # --- the head ---

    @property
    def head(self) -> HeadLike:
        """What stands before the body, as whoever opened the request gives it."""
        return self._head

    @cached
    def method(self) -> str:
        """The method in upper case (RFC 9110 section 9)."""
        return self.head.method.upper()

    @cached
    def headers(self) -> HeadersView:
        """The header fields, read-only: found in any case, decoded when asked for."""
        return self.head.headers

    @property
    def http_version(self) -> str:
        """``1.0``, ``1.1``, ``2`` or ``3``."""
        return self.head.http_version

    @cached
    def args(self) -> ImmutableMultiDict[str, str]:
        """The parameters of the query string (WHATWG URL section 5.1)."""
        query = self.query_string
        args: ImmutableMultiDict[str, str] = make_storage(
            self.parameter_storage_class, parse_urlencoded(query) if query else []
        )
        return args

    @cached
    def cookies(self) -> ImmutableMultiDict[str, str]:
        """The cookies (RFC 6265 section 5.4)."""
        header = self.headers.get("Cookie")
        cookies: ImmutableMultiDict[str, str] = make_storage(
            self.dict_storage_class, parse_cookie(header) if header else []
        )
        return cookies

    @cached
    def content_type(self) -> str | None:
        """The Content-Type as sent, None without one."""
        return self.headers.get("Content-Type")

    @cached
    def mimetype_params(self) -> Mapping[str, str]:
        """The parameters of the Content-Type (RFC 9110 section 8.3.1), names in lower case; read-only."""
        return ImmutableDict(parse_options(self.headers.get("Content-Type") or "")[1])

    @cached
    def mimetype(self) -> str:
        """The media type in lower case, without parameters; ``""`` without one."""
        return (self.content_type or "").partition(";")[0].strip(" \t").lower()

    @cached
    def content_length(self) -> int | None:
        """The declared length of the body in bytes; None where none or no valid one was sent."""
        return self._safe_length

    # --- who and where from ---

    @property
    def client(self) -> tuple[str, int] | None:
        """Address and port of the peer, where the server tells."""
        return self.head.client

    @property
    def remote_addr(self) -> str | None:
        """The address of the peer: the client, or the last proxy."""
        client = self.head.client
        return client[0] if client else None

    @property
    def remote_user(self) -> str | None:
        """The user whom the server authenticated (RFC 3875 section 4.1.11), None otherwise."""
        return self.head.remote_user

    @cached
    def access_route(self) -> list[str]:
        """The addresses from the client to the last proxy, as X-Forwarded-For claims; not to be trusted by itself."""
        forwarded = self.headers.get("X-Forwarded-For")
        route = parse_list(forwarded) if forwarded else ([self.remote_addr] if self.remote_addr else [])
        storage: list[str] = self.list_storage_class(route)
        return storage

    @property
    def is_xhr(self) -> bool:
        """Whether ``X-Requested-With: XMLHttpRequest`` was sent, as script libraries do."""
        return self.headers.get("X-Requested-With", "").lower() == "xmlhttprequest"

    @property
    def is_multithread(self) -> bool:
        """Whether the application may be called by other threads at the same time (PEP 3333)."""
        return self.head.concurrency[0]

    @property
    def is_multiprocess(self) -> bool:
        """Whether other processes may run the same application (PEP 3333)."""
        return self.head.concurrency[1]

    @property
    def is_run_once(self) -> bool:
        """Whether the server expects to call the application only once (PEP 3333)."""
        return self.head.concurrency[2]

    # --- the object ---

    def __reduce__(self) -> NoReturn:
        raise TypeError("a request cannot be pickled: its body belongs to a connection; pickle what you need of it")

    def __repr__(self) -> str:
        try:
            return f"<{type(self).__name__} {self.method} {self.path!r}>"
        except Exception as error:  # a repr is read when something is wrong already
            return f"<{type(self).__name__} (invalid: {type(error).__name__})>"
