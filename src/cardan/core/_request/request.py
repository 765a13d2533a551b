"""BaseRequest: one request, on any server. It takes a head and a body, and gives what can be known of both.

The class lists everything that a request has. The other modules of this package do the work: :mod:`.url` makes the URL,
:mod:`.limits` checks limits, :mod:`.reading` and :mod:`.streaming` read the body. What was read of the body is in one
:class:`~cardan.core._request.state.RequestState`. :class:`Request` adds the header fields of :mod:`.fields`.
"""

from __future__ import annotations

import json
from contextlib import nullcontext
from inspect import isawaitable, iscoroutine
from math import isfinite
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Final,
    Generic,
    Literal,
    NoReturn,
    Protocol,
    Self,
    TypeVar,
    cast,
    overload,
)

from .._deprecated import deprecated
from .._exceptions import BadRequest, HTTPException, UnsupportedMediaType
from .._informational import early_hints, early_links
from .._limits import LimitAttributes, Limits
from .._urls import iri_path, iri_query
from ..fields._cookies import parse_cookie
from ..fields._descriptors import FixedSetting, check_fixed_settings
from ..fields._lists import parse_list
from ..fields._options import parse_options
from ..forms._body_reader import parse_content_length
from ..forms._content_type import FORM_TYPES, URLENCODED_TYPE
from ..forms._files import FileStorage, bind, declared_length, is_on_disk
from ..forms._parts import Part
from ..forms._reader import FormReader
from ..forms._sinks import MemoryBudget, MemorySink, stays_open
from ..forms._urlencoded import parse_urlencoded
from ..structures import CombinedMultiDict, ImmutableDict, ImmutableList, ImmutableMultiDict
from ..structures._multidict_reader import made_of_pairs
from . import reading, streaming
from .body import AsyncIterableBody, close_async_files, make_body
from .cached import cached
from .fields import (
    AcceptMixin,
    AuthorizationMixin,
    CommonRequestDescriptorsMixin,
    ETagRequestMixin,
    UserAgentMixin,
)
from .limits import FIXED_NAMES, LIMIT_NAMES, limits_of
from .settings import CHECKS, check_class, fault_of
from .state import MISSING, RequestState
from .url import authority_of, checked_host, path_below_root, root_url_of

if TYPE_CHECKING:
    import io
    from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping, MutableMapping
    from contextlib import AbstractContextManager

    from .._informational import Informational
    from .._waiting import Event
    from ..drive import AsyncStream
    from ..fields._links import Link
    from ..forms._events import FileStart
    from ..forms._form import Form
    from ..forms._plan import FormRules
    from ..forms._sinks import Sink
    from ..structures._headers import HeadersView
    from .body import Body, BodyInput
    from .filtering import BodyFilter
    from .head import HeadLike
    from .state import Mode

__all__ = ["BaseRequest", "JSONModule", "Request", "check_request_class", "expect_trusted_host"]


class JSONModule(Protocol):
    """What :attr:`BaseRequest.json_module` may be: a module, or any object, with ``loads``."""

    def loads(self, data: bytes, /) -> Any:
        """The value of a JSON text, which is in UTF-8, without a byte order mark.

        Raises :exc:`ValueError` for what is not JSON.
        """
        ...


if TYPE_CHECKING:
    F = TypeVar("F")
    F_co = TypeVar("F_co", covariant=True)

    class StoresFiles(Protocol[F_co]):
        """A request class that says which class its files have."""

        @property
        def file_storage_class(self) -> type[F_co]: ...

    P_co = TypeVar("P_co", bound=Part, covariant=True)

    class GivesParts(Protocol[P_co]):
        """A request class that says which class its parts have."""

        @property
        def part_class(self) -> type[P_co]: ...

    class FilesAttribute(Generic[F]):
        """The type of ``files``: its values are of the ``file_storage_class`` of the request's class, else ``F``."""

        @overload
        def __get__(self, obj: None, owner: type | None = None) -> Self: ...
        @overload
        def __get__(self, obj: StoresFiles[F_co], owner: type | None = None) -> ImmutableMultiDict[str, F_co]: ...
        @overload
        def __get__(self, obj: object, owner: type | None = None) -> ImmutableMultiDict[str, F]: ...
        def __get__(self, obj: Any, owner: type | None = None) -> Any: ...


# The limits are attributes of the class. They are copied to it, below: a base class would stand in every MRO.
if TYPE_CHECKING:
    _Limited = LimitAttributes
else:
    _Limited = object


class BaseRequest(_Limited):
    """A request over a :class:`RequestHead` and a body: bytes, an iterable or an async iterable of bytes.

    Any bytes-like object may be given in place of bytes. It is copied.

    ``run_sync`` runs a plain function in a worker thread, as ``trio.to_thread.run_sync`` does. ``make_file`` makes the
    file for an upload, as ``tempfile.TemporaryFile`` does. Without ``make_file`` files stay in memory, and a form whose
    files exceed ``max_spool_memory`` is refused with 413. ``shield`` makes a context manager in which nothing is
    cancelled, such as ``partial(trio.CancelScope, shield=True)``. If an upload fails or is cancelled, the request exits
    its sink inside that context manager, because the exit may have to be awaited. So is the work on a sink while other
    tasks wait in :meth:`load` for the same body, if the context manager has an attribute ``shield``, as those of trio
    and anyio have. ``make_event`` makes an event with ``set()`` and an async ``wait()``, for tasks that load one body
    at the same time; the default finds the event loop that runs, asyncio or trio. ``state`` becomes :attr:`state`.
    ``inform`` sends an :class:`Informational` response: see :meth:`send_early_hints`.

    Every documented attribute except the limits is read-only. An application may set attributes of its own, such as
    ``request.user``. Raises :exc:`TypeError` for a body of another type.
    """

    __module__ = "cardan.core"

    # --- settings of a class ---

    if TYPE_CHECKING:
        charset: ClassVar[Literal["utf-8"]]
        """The charset of text in a body. It cannot be changed."""
        url_charset: ClassVar[Literal["utf-8"]]
        """The charset of the URL. It cannot be changed."""
        encoding_errors: ClassVar[Literal["replace"]]
        """What becomes of bytes that are not UTF-8: U+FFFD. It cannot be changed."""
    else:
        charset = FixedSetting("utf-8")
        url_charset = FixedSetting("utf-8")
        encoding_errors = FixedSetting("replace")
    list_storage_class: type[Any] = ImmutableList
    """The class of ``access_route``. Deprecated: convert the value, for example with ``list()``."""
    dict_storage_class: type[Any] = ImmutableMultiDict
    """The class of ``cookies``. Deprecated: convert the value, for example with ``to_dict()``."""
    parameter_storage_class: type[Any] = ImmutableMultiDict
    """The class of ``args`` and ``form``. Deprecated: convert the value, for example with ``to_dict()``."""
    if not TYPE_CHECKING:  # a checker would take every subclass's to be of this type; see FilesAttribute
        file_storage_class = FileStorage
        """The class of the values of ``files``."""
        part_class = Part
        """The class of the parts that ``iter_parts`` gives."""
    form_reader_class: type[FormReader] = FormReader
    """The class of the parser that :meth:`make_form_data_parser` makes."""
    json_module: JSONModule = json
    """The module, or any object with ``loads``, that parses JSON. Its ``loads`` gets bytes."""
    if TYPE_CHECKING:

        @property
        @deprecated("set max_data_memory, which bounds every way to read a body into memory")
        def disable_data_descriptor(self) -> bool: ...
    else:
        disable_data_descriptor = False
        """If True, ``data`` raises AttributeError, so that no body is buffered by accident.

        Deprecated: set max_data_memory, which bounds every way to read a body into memory."""
    form_rules: FormRules = "default"
    """How forms are read: ``strict`` refuses what no browser sends, ``silent`` gives an empty form for a broken one."""
    trusted_hosts: Iterable[str] | None = None
    """The hosts that are trusted. An entry with a leading dot includes subdomains. None trusts every host, ``[]`` none.

    It may be set on a class, or on a request before its host is first read. An application whose request class has
    trusted hosts refuses other requests before it chooses the handler. Otherwise reading the host raises the error.
    """
    shallow: bool = False
    """If True, every access that would consume the body raises RuntimeError."""

    # --- what a request object holds ---

    _body_state: RequestState | None = None
    """The state of the body. It is made at the first access to the body."""
    _mode: Mode
    """Whether sync or async code handles the request."""
    _empty_after_form: bool = False
    """Whether the bytes of a body are empty after it was parsed as a form, as in Werkzeug, instead of a BodyConsumed.
    """
    _files_class: type[ImmutableMultiDict[str, Any]] = ImmutableMultiDict
    """The class of ``files``."""
    _hooks_form: bool = False
    """Whether the class overrides :meth:`load_form`."""
    _form_loaded: bool
    """Set before :meth:`load_form` is called."""
    _has_own_settings: bool = False
    """Whether a limit, or a hook that decides how a form is parsed, was set on this request and not on its class."""
    _given: Body
    _make_file: Callable[[], Any] | None
    _given_shield: Callable[[], AbstractContextManager[Any]] | None = None
    _given_run_sync: Callable[..., Awaitable[Any]] | None
    _given_inform: Callable[[Informational], object] | None = None
    _wait: Callable[..., Any] | None = None

    def __init__(
        self,
        head: HeadLike,
        body: BodyInput = b"",
        *,
        run_sync: Callable[..., Awaitable[Any]] | None = None,
        make_file: Callable[[], Any] | None = None,
        make_event: Callable[[], Event] | None = None,
        shield: Callable[[], AbstractContextManager[Any]] | None = None,
        state: MutableMapping[str, Any] | None = None,
        inform: Callable[[Informational], object] | None = None,
        shallow: bool = False,
    ) -> None:
        given = make_body(body)
        if make_event is not None:
            given.make_event = make_event
        values = self.__dict__  # __setattr__ would look for limits
        values["head"] = head
        values["_given"] = given
        values["_given_run_sync"] = run_sync
        values["_make_file"] = make_file
        if shield is not None:
            values["_given_shield"] = shield
        if state is not None:
            values["state"] = state
        if inform is not None:
            values["_given_inform"] = inform
        values["_mode"] = "async" if isinstance(given, AsyncIterableBody) else "either"
        if shallow:
            values["shallow"] = True

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        check_request_class(cls)
        cls._hooks_form = cls.load_form is not _LOAD_FORM

    if not TYPE_CHECKING:  # a checker that saw this method would accept the assignment of any name

        def __setattr__(self, name: str, value: Any) -> None:
            check = CHECKS.get(name)
            if check is not None:
                check(name, value)
                if name in FIXED_NAMES and self._body_state is not None:
                    raise RuntimeError(f"got {name} = {value}, expected it to be set before the body is first accessed")
            elif (fault := fault_of(name)) is not None:
                raise AttributeError(fault)
            if name in _DECISIVE:
                self.__dict__["_has_own_settings"] = True
            object.__setattr__(self, name, value)

    # --- the head ---

    @cached
    def head(self) -> HeadLike:
        """The request line and the header fields: a :class:`RequestHead`, or the object that an adapter has for it."""
        raise AttributeError(f"got a {type(self).__name__} whose constructor did not run")  # it stores the head

    @cached
    def method(self) -> str:
        """The method, as it was sent. Methods are case-sensitive (RFC 9110 section 9.1): ``get`` is not ``GET``."""
        return self.head.method

    @cached
    def headers(self) -> HeadersView:
        """The header fields, read-only. Names are found in any case; values are decoded when they are read."""
        return self.head.headers

    @property
    def http_version(self) -> str:
        """``1.0``, ``1.1``, ``2`` or ``3``."""
        return self.head.http_version

    @cached
    def args(self) -> ImmutableMultiDict[str, str]:
        """The parameters of the query string (WHATWG URL section 5.1)."""
        query = self.query_string
        args: ImmutableMultiDict[str, str]
        args = made_of_pairs(self.parameter_storage_class, parse_urlencoded(query) if query else [], "args")
        return args

    @cached
    def cookies(self) -> ImmutableMultiDict[str, str]:
        """The cookies (RFC 6265 section 5.4)."""
        header = self.headers.get("Cookie")
        cookies: ImmutableMultiDict[str, str]
        cookies = made_of_pairs(self.dict_storage_class, parse_cookie(header) if header else [], "cookies")
        return cookies

    @cached
    def content_type(self) -> str | None:
        """The Content-Type as sent, None without one."""
        return self.headers.get("Content-Type")

    @cached
    def mimetype(self) -> str:
        """The media type in lower case, without parameters; ``""`` without one."""
        return (self.content_type or "").partition(";")[0].strip(" \t").lower()

    @cached
    def mimetype_params(self) -> Mapping[str, str]:
        """The parameters of the Content-Type (RFC 9110 section 8.3.1), names in lower case; read-only."""
        return ImmutableDict(parse_options(self.headers.get("Content-Type") or "")[1])

    @cached
    def content_length(self) -> int | None:
        """The declared length of the body in bytes; None if none was declared, or no valid one."""
        try:
            return self._announced[0]
        except BadRequest:
            return None

    @cached
    def _announced(self) -> tuple[int | None, str | None]:
        """What the head says of the body: its length in bytes, and its content codings as they were sent.

        The length is None if the body is in a transfer coding, whatever Content-Length says (RFC 9112 section 6.3).
        Raises :exc:`BadRequest` for a Content-Length that is no length.
        """
        headers = self.headers
        length = parse_content_length(headers.get("Content-Length"))
        return None if "Transfer-Encoding" in headers else length, headers.get("Content-Encoding")

    @property
    @deprecated("scripts seldom send X-Requested-With; see sec_fetch_mode, or read the header")
    def is_xhr(self) -> bool:
        """Whether ``X-Requested-With: XMLHttpRequest`` was sent, as script libraries do."""
        return self.headers.get("X-Requested-With", "").lower() == "xmlhttprequest"

    # --- the URL ---

    @cached
    def path(self) -> str:
        """The decoded path below ``root_path``. It begins with exactly one slash."""
        return path_below_root(self.head.path)

    @property
    def raw_path(self) -> bytes | None:
        """The path as it was sent, still encoded; None if the server does not tell."""
        return self.head.raw_path

    @property
    def root_path(self) -> str:
        """The decoded prefix that the application is mounted under, without a slash at its end."""
        return self.head.root_path

    @property
    @deprecated("use root_path")
    def script_root(self) -> str:
        """``root_path`` under its WSGI name (PEP 3333, SCRIPT_NAME)."""
        return self.head.root_path

    @property
    def query_string(self) -> bytes:
        """The part of the URL after the ``?``, still encoded."""
        return self.head.query_string

    @cached
    def full_path(self) -> str:
        """Path and query as text. There is always a ``?`` between them."""
        return f"{self.path}?{iri_query(self.query_string)}"

    @property
    def scheme(self) -> str:
        """``http`` or ``https``."""
        return self.head.scheme

    @property
    def is_secure(self) -> bool:
        """Whether the scheme is ``https`` (or ``wss``)."""
        return self.head.scheme in ("https", "wss")

    @cached
    def host(self) -> str:
        """The Host (RFC 9110 section 7.2) without the default port of the scheme; ``""`` if it is missing or not valid.

        Raises :exc:`SecurityError` if ``trusted_hosts`` is set and does not name it.
        """
        return checked_host(self.headers.get("Host", ""), self.head.scheme, self.trusted_hosts)

    @cached
    def host_url(self) -> str:
        """Scheme and host with a slash, an IRI: ``http://example.com/``."""
        head = self.head
        return f"{head.scheme}://{authority_of(self.host, head.server, head.scheme)}/"

    @cached
    def root_url(self) -> str:
        """Scheme, host and ``root_path`` with a slash, an IRI."""
        return root_url_of(self.host_url, self.head.root_path)

    @property
    @deprecated("use root_url")
    def url_root(self) -> str:
        """``root_url`` under its older name."""
        return self.root_url

    @cached
    def base_url(self) -> str:
        """The URL without its query, an IRI."""
        return self.root_url + iri_path(self.path[1:])

    @cached
    def url(self) -> str:
        """The whole URL as an IRI (RFC 3987)."""
        query = self.query_string
        return f"{self.base_url}?{iri_query(query)}" if query else self.base_url

    # --- client and server ---

    @property
    def client(self) -> tuple[str, int] | None:
        """Address and port of the peer; None if the server does not tell."""
        return self.head.client

    @property
    def remote_addr(self) -> str | None:
        """The address of the peer: the client, or the last proxy."""
        client = self.head.client
        return client[0] if client else None

    @property
    def remote_user(self) -> str | None:
        """The user that the server has authenticated (RFC 3875 section 4.1.11); None if it has not."""
        return self.head.remote_user

    @cached
    def access_route(self) -> ImmutableList[str]:
        """The addresses from the client to the last proxy that X-Forwarded-For lists.

        A client can send any value. Behind :class:`cardan.ProxyFix` the list holds what trusted proxies have told.
        """
        forwarded = self.headers.get("X-Forwarded-For")
        route = parse_list(forwarded) if forwarded else ([self.remote_addr] if self.remote_addr else [])
        storage: ImmutableList[str] = self.list_storage_class(route)
        return storage

    @property
    def server(self) -> tuple[str, int | None] | None:
        """The name or address, and the port, on which the server listens; None if it is not known."""
        return self.head.server

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

    @property
    def disconnected(self) -> bool:
        """Whether the client is known to have left: a read of the body has raised ClientDisconnected or an OSError."""
        return self._given.disconnected

    @cached
    def state(self) -> MutableMapping[str, Any]:
        """Values that belong to this request: those that its server gave, and those that middleware adds.

        An application that is asked by :meth:`cardan.Application.respond` finds them in its own ``request.state``,
        besides what its lifespan yields.
        """
        return {}

    # --- early hints ---

    def send_early_hints(self, links: Iterable[Link | str]) -> None:
        """Send ``103 Early Hints`` (RFC 8297): the client can fetch what ``links`` name while the handler still works.

        Each link is a :class:`~cardan.datastructures.Link` or the text of one. The request gives an
        :class:`Informational` to the function ``inform`` that it was made with. Without that nothing is sent, and
        neither to clients of HTTP/1.0. In :func:`call_in_thread` the event loop calls ``inform``, which may be an async
        function there.

        Raises :exc:`WrongMode` in async code, :exc:`TypeError` for anything else than links, and :exc:`ValueError` for
        a link that a header field must not contain.
        """
        reading.no_block(self, "send_early_hints()", "await asend_early_hints()")
        hints = self._hints(links)
        if hints is None:
            return
        if self._wait is not None:  # this is a worker thread, whose event loop can await the function
            self._wait(self._ainform, hints)
            return
        sent = self._inform(hints)
        if iscoroutine(sent):
            sent.close()
            raise TypeError("got an async function inform in sync code, expected a plain one")

    def asend_early_hints(self, links: Iterable[Link | str]) -> Coroutine[Any, Any, None]:
        """The awaiting twin of :meth:`send_early_hints`. ``inform`` may be an async function.

        Raises :exc:`WrongMode` in sync code.
        """
        reading.no_await(self, "asend_early_hints()", "send_early_hints()")
        return self._ainform(self._hints(links))

    def _hints(self, links: Iterable[Link | str]) -> Informational | None:
        """What is sent for these links; None if nothing is."""
        values = early_links(links, self.head.http_version)
        return early_hints(values) if values and self._given_inform is not None else None

    async def _ainform(self, hints: Informational | None) -> None:
        sent = self._inform(hints)
        if isawaitable(sent):
            await sent

    def _inform(self, hints: Informational | None) -> object:
        return self._given_inform(hints) if self._given_inform is not None and hints is not None else None

    # --- the body as a whole: in async code after `await request.load()` ---

    def load(self, *, form: bool = True) -> Coroutine[Any, Any, Self]:
        """Read the body, so that the plain properties work in async code: ``await request.load()``.

        A form is parsed; any other body is kept. With ``form=False`` the bytes of a form are kept as well. Use that in
        a middleware, which must not consume the body; a later ``load()`` parses the form from these bytes. A second
        call does nothing. Concurrent callers share one read, and its failure. If the task that reads is cancelled,
        another one that waits continues the read, and nothing is lost.

        Returns the request. Raises :exc:`RequestEntityTooLarge`, :exc:`BadRequest`, :exc:`ClientDisconnected`,
        :exc:`UnsupportedMediaType` for a form in a content coding that no filter has decoded, and :exc:`BodyConsumed`
        if another access has consumed the body; ``load(form=False)`` raises it also after a form was parsed, which
        keeps no bytes. In sync code it raises :exc:`WrongMode` when it is called.
        """
        if self._mode == "sync":
            reading.no_await(self, "load()", "the properties themselves: they read")
        return reading.load(self, form=form)

    if TYPE_CHECKING:

        @overload
        def get_data(
            self, cache: bool = True, as_text: Literal[False] = False, parse_form_data: bool = False
        ) -> bytes: ...
        @overload
        def get_data(self, cache: bool = True, *, as_text: Literal[True], parse_form_data: bool = False) -> str: ...
        @overload
        def get_data(self, cache: bool, as_text: Literal[True], parse_form_data: bool = False) -> str: ...

    def get_data(self, cache: bool = True, as_text: bool = False, parse_form_data: bool = False) -> str | bytes:
        """The whole body as bytes, or as text with ``as_text`` (bytes that are not UTF-8 become U+FFFD).

        The bytes are kept for later accesses unless ``cache`` is false. With ``parse_form_data`` a form is parsed
        first, and the result is empty. Raises the errors of :meth:`load`, 413 for a body that exceeds
        ``max_data_memory``, and :exc:`BodyConsumed` after a form was parsed, which keeps no bytes. A body in a content
        coding is given as it was sent.
        """
        state = reading.loaded(self, "data")
        if parse_form_data and self._form_for("data") is not None and state.body.raw is None:
            raw = b""
        else:
            raw = reading.raw_of(self, state, "get_data()", keep=cache)
        return raw.decode("utf-8", "replace") if as_text else raw

    @property
    def data(self) -> bytes:
        """The body as bytes; ``b""`` if it is a form, whose content is in ``form`` and ``files``."""
        if self.disable_data_descriptor:
            raise AttributeError("data is disabled on this request class: use stream, iter_data() or form")
        return self.get_data(parse_form_data=True)

    @property
    def text(self) -> str:
        """The body as text. Bytes that are not UTF-8 become U+FFFD. Raises the errors of :meth:`get_data`, and 415 for
        a body in a content coding that no filter has decoded.
        """
        reading.refuse_coded(reading.loaded(self, "text"))
        return self.get_data(as_text=True)

    # --- forms ---

    @cached
    def form(self) -> ImmutableMultiDict[str, str]:
        """The fields of the form that are not files; empty if the Content-Type is not that of a form.

        Raises 413 and 400 as :meth:`load` does, and 415 for a form in a content coding that no filter has decoded.
        """
        if self._hooks_form:
            form = self._form_for("form")
            if "form" in self.__dict__:  # the hook has used it
                return self.__dict__["form"]  # type: ignore[no-any-return]
        else:
            form = reading.form_of(self, "form")
        fields: ImmutableMultiDict[str, str]
        fields = made_of_pairs(self.parameter_storage_class, form.fields if form is not None else [], "form")
        return fields

    @cached
    def form_bytes(self) -> ImmutableMultiDict[str, bytes]:
        """The values of :attr:`form` as bytes, as they were before they were decoded. They need not be UTF-8.

        It is made when it is asked for.
        """
        form = self._form_for("form_bytes") if self._hooks_form else reading.form_of(self, "form_bytes")
        pairs = [] if form is None else [(name, form.raw(index)) for index, (name, _) in enumerate(form.fields)]
        fields: ImmutableMultiDict[str, bytes]
        fields = made_of_pairs(self.parameter_storage_class, pairs, "form_bytes")
        return fields

    if TYPE_CHECKING:
        files = FilesAttribute[FileStorage]()
    else:

        @cached
        def files(self) -> ImmutableMultiDict[str, Any]:
            """The files of a multipart form, name to :class:`FileStorage`."""
            if self._hooks_form:
                form = self._form_for("files")
                if "files" in self.__dict__:  # the hook has used it
                    return self.__dict__["files"]
            else:
                form = reading.form_of(self, "files")
            files: ImmutableMultiDict[str, Any]
            files = made_of_pairs(self._files_class, form.files if form is not None else [], "files")
            return files

    @cached
    def values(self) -> CombinedMultiDict[str, str]:
        """``args`` and ``form`` together. For GET and HEAD only ``args``: their body is not read."""
        if self.method in ("GET", "HEAD"):
            try:
                reading.loaded(self, "values")  # finds a forgotten load(), whatever the method
            except HTTPException:
                pass  # the body was refused, which is not needed
            return CombinedMultiDict([self.args])
        return CombinedMultiDict([self.args, self.form])

    def load_form(self) -> None:
        """Read and parse the form, if the body is one, and keep it. The hook to override, with a call of this method.

        It is called once for each request object, at the first access to ``form``, ``files``, ``values`` or ``data``,
        also if the body is no form. After the call of this method the override can use ``form`` and ``files``. If it
        raises, the access raises the same error, and the next access calls it again. In async code the body was
        already read by :meth:`load`, which raises the errors of reading and parsing::

            class DebugRequest(Request):
                def load_form(self):
                    super().load_form()
                    if not self.files and self.mimetype != "multipart/form-data":
                        self.hint = "the form needs enctype=multipart/form-data"
        """
        reading.form_of(self, "form")

    def _form_for(self, name: str) -> Form | None:
        """The form for the access ``name``, after the hook; None if the Content-Type is not that of a form."""
        values = self.__dict__
        if self._hooks_form and "_form_loaded" not in values:
            values["_form_loaded"] = True  # the hook itself uses form and files
            try:
                self.load_form()
            except BaseException:
                del values["_form_loaded"]
                raise
        return reading.form_of(self, name)

    # --- JSON ---

    @property
    def is_json(self) -> bool:
        """Whether the Content-Type is ``application/json`` or ``application/*+json`` (RFC 6839 section 3.1)."""
        mimetype = self.mimetype
        return mimetype == "application/json" or (mimetype.startswith("application/") and mimetype.endswith("+json"))

    @property
    def json(self) -> Any:
        """The body parsed as JSON (RFC 8259). Raises 415 for another Content-Type and for a body in a content coding,
        400 if the body is not JSON.
        """
        return self.get_json()

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:
        """The body parsed as JSON.

        ``force`` ignores the Content-Type. With ``silent`` the result is None if the Content-Type is wrong or the body
        is not JSON, or is in a content coding that no filter has decoded. ``NaN`` and ``Infinity`` are refused. If a
        key occurs twice, the last value counts. A byte order mark is accepted. ``cache`` keeps the value, and keeps the
        bytes for other accesses.

        Raises 415 and 400 (through :meth:`on_json_loading_failed`) unless ``silent``. An error while the body is read
        is always raised, and so is :exc:`BodyConsumed` after a form was parsed, which keeps no bytes.
        """
        known = self._body_state
        if cache and known is not None and known.json is not MISSING:
            return known.json
        state = reading.loaded(self, "json")
        if state.codings is not None and (coded := reading.coded(state)) is not None:
            return None if silent else self.on_json_loading_failed(coded)
        if not (force or self.is_json):
            return None if silent else self.on_json_loading_failed(None)
        data = reading.raw_of(self, state, "get_json()", keep=cache)
        try:
            value = _load_json(self.json_module, data)
        except (ValueError, RecursionError) as error:
            return None if silent else self.on_json_loading_failed(error)
        if cache:
            state.json = value
        return value

    # --- the body as a stream: nothing is stored; async code does not call load() before ---

    def iter_data(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """The body piece by piece. It is not stored. Every piece but the last has ``chunk_size`` bytes.

        Without a size each piece has the bytes of one read. Raises :exc:`BodyConsumed` if another access has consumed
        the body, 413 and 400 while the body is read, and :exc:`WrongMode` in async code, which uses ``aiter_data``.
        """
        reading.no_block(self, "iter_data()", "aiter_data()")
        return streaming.iter_data(self, chunk_size)

    def aiter_data(self, chunk_size: int | None = None) -> AsyncStream[bytes]:
        """The awaiting twin of :meth:`iter_data`; :exc:`WrongMode` in sync code. ``aclose()`` ends it early."""
        reading.no_await(self, "aiter_data()", "iter_data()")
        return streaming.aiter_data(self, chunk_size)

    if TYPE_CHECKING:  # the parts are of the class that the request's class says

        @overload
        def iter_parts(self: GivesParts[P_co]) -> Iterator[P_co]: ...
        @overload
        def iter_parts(self) -> Iterator[Part]: ...
        def iter_parts(self) -> Iterator[Any]: ...
        @overload
        def aiter_parts(self: GivesParts[P_co]) -> AsyncStream[P_co]: ...
        @overload
        def aiter_parts(self) -> AsyncStream[Part]: ...
        def aiter_parts(self) -> AsyncStream[Any]: ...
    else:

        def iter_parts(self) -> Iterator[Part]:
            """The parts of a multipart form, one by one. Nothing is stored. Data that is not read is skipped.

            They are of the class ``part_class``. Raises 415 for another Content-Type and for a form in a content
            coding, and what ``iter_data`` raises.
            """
            reading.no_block(self, "iter_parts()", "aiter_parts()")
            return streaming.iter_parts(self, self.part_class)

        def aiter_parts(self) -> AsyncStream[Part]:
            """The awaiting twin of :meth:`iter_parts`; :exc:`WrongMode` in sync code. ``aclose()`` ends it early."""
            reading.no_await(self, "aiter_parts()", "iter_parts()")
            return streaming.aiter_parts(self, self.part_class)

    @property
    def stream(self) -> io.BufferedIOBase:
        """The body as a file, bounded by its length and the limits.

        The stream can be read once per request: reading it consumes the body. If the body was kept, each access gives a
        new file over it. After a form was parsed, which keeps no bytes, it raises :exc:`BodyConsumed`. In async code it
        can be used after ``load()``; before that it raises :exc:`WrongMode`.
        """
        return streaming.stream_of(self)

    # --- hooks ---

    @property
    def want_form_data_parsed(self) -> bool:
        """Whether the body is to be parsed as a form: the Content-Type decides. Override it to decide otherwise."""
        kind = self.content_type
        return kind is not None and (kind == URLENCODED_TYPE or self.mimetype in FORM_TYPES)

    def make_form_data_parser(self, content_length: int | None) -> FormReader:
        """The parser of this request's form, an object of ``form_reader_class``. Override this hook for a parser that
        is made in another way.

        Takes the declared length in bytes, None if none was declared.
        """
        return self.form_reader_class(
            self.content_type,
            content_length,
            limits=self.limits,
            form_rules=self.form_rules,
            storage=self._store_file,
            hold=self._hold_files,
        )

    def make_body_filter(self) -> BodyFilter | None:
        """The filter of the body. Override this hook to decompress the body, for example, or to hash it.

        Without a filter a body in a content coding is not decoded: ``form``, ``files``, ``json``, ``text`` and the
        parts are then a 415.

        All bytes of the body pass through the filter before anything else reads them. Return a new object with
        ``feed(bytes) -> bytes`` and ``close() -> bytes``, or None for no filter.

        The filter is made once for each body: if another request object of the class has the body behind its filter,
        this one reads what that filter gives, and its hook is not called. Make the filter here and not before, because
        a hasher that sees no byte has the digest of nothing.

        ``max_content_length`` is checked on the bytes that were sent and on those that the filter gives; Content-Length
        counts the bytes that were sent.
        """
        return None

    def on_json_loading_failed(self, error: Exception | None) -> Any:
        """Called if the body is not JSON. ``json`` gives the result.

        ``error`` is None if only the Content-Type is wrong, and an :exc:`UnsupportedMediaType` if the body is in a
        content coding.
        """
        if error is None:
            raise UnsupportedMediaType(f"got Content-Type {self.mimetype!r}, expected application/json")
        if isinstance(error, UnsupportedMediaType):
            raise error
        if isinstance(error, RecursionError):
            raise BadRequest("the body is not JSON: it is nested too deeply") from error
        raise BadRequest(f"the body is not JSON: {error}") from error

    def make_file_sink(self, part: FileStart) -> Sink | Awaitable[Sink]:
        """The sink of one uploaded file: an object with ``write(bytes)``, plain or async. The hook to override.

        ``part`` has the ``name``, the ``filename`` and the ``headers`` of the file. ``sink`` of the file is what this
        hook has returned. When the file is complete it is read from the sink's ``stream``, or from the sink itself,
        from the position at which the sink was when it was opened. A sink that cannot be read is closed then. If
        parsing fails the sink is left by ``__aexit__`` or ``__exit__`` with the error if it has one, else by
        ``abort()``, else by ``close()``.

        The hook may be an ``async def`` if async code handles the request. The default keeps small files in memory and
        large ones on disk. A request of core uses ``make_file`` instead of the disk. Without it the data stay in
        memory, and a form whose files exceed ``max_spool_memory`` is refused with 413.
        """
        sink: Sink | Awaitable[Sink] = self._open_by_werkzeugs_hook(part)
        return sink

    def _open_by_werkzeugs_hook(self, part: FileStart) -> Any:
        """The sink that ``_get_file_stream`` opens. It is called with keywords, as Werkzeug does."""
        return self._get_file_stream(
            total_content_length=self.content_length,
            content_type=part.headers.get("Content-Type"),
            filename=part.filename,
            content_length=declared_length(part.headers),
        )

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> Any:
        """:meth:`make_file_sink` as Werkzeug has it. A class that overrides it, for example one that was written for
        Werkzeug, chooses the sinks by it.
        """
        return self._open_sink()

    def _open_sink(self) -> Any:
        """The sink of a file if no hook is overridden."""
        if self._make_file is not None:
            return self._make_file()
        return MemorySink(self._budget)

    # --- limits as one value ---

    @property
    def limits(self) -> Limits:
        """All limits of this request as one value, built from the attributes of the class and of the request."""
        state = self._body_state
        return state.limits if state is not None else limits_of(self)

    # --- what the functions of this package need of a request; an adapter overrides some of it ---

    @property
    def _body(self) -> Body:
        """The shared body, opened: from now on the limits are fixed."""
        return reading.opened(self).body

    def _set_mode(self, mode: Mode) -> None:
        """Note whether sync or async code handles the request; an adapter tells it to other objects, too."""
        self.__dict__["_mode"] = mode

    def _open_body(self) -> Body:
        """The shared body; an adapter's request finds it in the environ or scope."""
        return self._given

    def _known_body(self) -> Body | None:
        """The shared body if it was opened already."""
        return self._body_state.body if self._body_state is not None else None

    @property
    def _shield(self) -> Callable[[], AbstractContextManager[Any]]:
        """Makes the context manager in which cleanup is not cancelled. An adapter gives that of the event loop."""
        return self._given_shield or nullcontext

    @property
    def _run_sync(self) -> Callable[..., Awaitable[Any]] | None:
        """Runs a blocking function in a worker thread; None if nothing is expected to block."""
        return self._given_run_sync

    @property
    def _run_write(self) -> Callable[..., Awaitable[Any]] | None:
        """Runs a write to a sink that would block. An adapter may treat its own sinks differently."""
        return self._run_sync

    def _open_file(self, part: FileStart) -> Any:
        """The sink of one file of a form, by the hook whose override is nearer to the object."""
        if not self._has_own_sinks:
            return self._open_sink()
        places = self.__dict__, *map(vars, type(self).__mro__)
        nearest = next(names for names in places if not _SINK_HOOKS.isdisjoint(names))
        return self.make_file_sink(part) if "make_file_sink" in nearest else self._open_by_werkzeugs_hook(part)

    @property
    def _has_own_sinks(self) -> bool:
        """Whether the class, or the object, overrides a hook that opens sinks."""
        cls = type(self)
        return (
            cls.make_file_sink is not _MAKE_FILE_SINK
            or cls._get_file_stream is not _GET_FILE_STREAM
            or (self._has_own_settings and not _SINK_HOOKS.isdisjoint(self.__dict__))
        )

    def _store_file(self, part: FileStart, sink: Any, size: int) -> FileStorage:
        """The form's value for one file."""
        mode = self._mode
        file = cast("StoresFiles[FileStorage]", self).file_storage_class.from_part(part, sink, size)
        if mode == "sync":
            bind(file, mode)
        else:
            bind(file, None if mode == "either" else mode, self._run_sync)
        if not stays_open(sink) and self._has_own_sinks:
            file.detach()  # it was finished when its data were complete; the end of the request must not close it again
        return file

    def _hold_files(self, files: list[tuple[FileStart, bytes]]) -> list[tuple[str, FileStorage]] | None:
        """The form's names and values for ``files`` whose data are complete; None if steps have to write them."""
        sinks = self._hold([data for _, data in files])
        if sinks is None:
            return None
        return [(part.name, self._store_file(part, sink, len(data))) for (part, data), sink in zip(files, sinks)]

    def _hold(self, files: list[bytes]) -> list[Any] | None:
        """A complete sink for the data of each file.

        None if that may block, or if a hook that opens sinks is overridden.
        """
        if self._make_file is not None or self._has_own_sinks:
            return None
        return list(map(MemorySink.holding, files)) if self._budget.take(sum(map(len, files))) else None

    @cached
    def _budget(self) -> MemoryBudget:
        """Counts how much memory the files of this request use."""
        return MemoryBudget(self.limits)

    # --- the end ---

    def close(self) -> None:
        """Close the files of this request's form. ``form`` and ``files`` keep their values. It may be called again."""
        if (body := self._known_body()) is not None:
            body.close()

    def aclose(self) -> Coroutine[Any, Any, None]:
        """The awaiting twin of :meth:`close`: files on disk are closed in a worker thread. It also closes an async
        generator that was given as the body.

        If the generator was not read, and the head says that the body is empty (RFC 9112 section 6.3), the generator is
        first read once, so that it can end by itself. A persistent connection can go on after that.
        """
        return self._aclose()

    async def _aclose(self) -> None:
        try:
            await self._close_files()
        finally:
            if isinstance(given := self.__dict__.get("_given"), AsyncIterableBody):
                try:
                    if given.fresh and self._is_surely_empty:
                        await given.aread(1, False)
                finally:
                    await given.aclose()

    async def _close_files(self) -> None:
        if (body := self._known_body()) is None:
            return
        try:
            with self._shield():
                await close_async_files(body.files)
            if self._run_sync is not None and any(map(is_on_disk, body.files)):
                await self._run_sync(body.close)
        finally:  # also after a cancellation: closing a file twice does no harm, leaving it open does
            body.close()

    @property
    def _is_surely_empty(self) -> bool:
        length = self.content_length
        return length == 0 or (
            length is None
            and self.head.http_version.startswith("1")
            and not ("Content-Length" in self.headers or "Transfer-Encoding" in self.headers)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._aclose()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a request cannot be pickled: its body belongs to a connection; pickle what you need of it")

    def __repr__(self) -> str:
        try:
            return f"<{type(self).__name__} {self.method} {self.path!r}>"
        except Exception as error:  # a repr is read when something is wrong already
            return f"<{type(self).__name__} (invalid: {type(error).__name__})>"


for _name in LIMIT_NAMES:
    setattr(BaseRequest, _name, getattr(LimitAttributes, _name))

_DECISIVE: Final = frozenset(reading.DECISIVE)
_LOAD_FORM: Final = BaseRequest.load_form
_MAKE_FILE_SINK: Final = BaseRequest.make_file_sink
_GET_FILE_STREAM: Final = BaseRequest._get_file_stream
_SINK_HOOKS: Final = frozenset(("make_file_sink", "_get_file_stream"))
_FIXED_SETTINGS: Final = [value for value in vars(BaseRequest).values() if isinstance(value, FixedSetting)]


def expect_trusted_host(request: BaseRequest) -> None:
    """Raise :exc:`SecurityError` if the request has ``trusted_hosts`` and they do not contain its host.

    Unlike ``request.host`` it stores nothing: code may still set other ``trusted_hosts`` before it reads the host.
    """
    if (trusted := request.trusted_hosts) is not None:
        checked_host(request.headers.get("Host", ""), request.head.scheme, trusted)


def check_request_class(cls: type[BaseRequest]) -> None:
    """Raise :exc:`TypeError` if an attribute of ``cls`` would have no effect: a misspelt limit, another ``charset``.

    The values of settings are checked, too. A class is checked when it is made.
    """
    check_class(cls)
    check_fixed_settings(cls, *_FIXED_SETTINGS)


class Request(
    BaseRequest, AcceptMixin, AuthorizationMixin, ETagRequestMixin, UserAgentMixin, CommonRequestDescriptorsMixin
):
    """A :class:`BaseRequest` with an attribute for every usual header field: ``Request(head, body=b"")``."""

    __module__ = "cardan.core"


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"got {name}, which JSON does not have")


def _finite(text: str) -> float:
    # Called for each float. A search of the whole text for large exponents takes longer, unless it has numbers only.
    number = float(text)
    if isfinite(number):
        return number
    raise ValueError(f"got the number {text[:40]}, which is too large for a float")


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)


def _load_json(module: JSONModule, data: bytes) -> Any:
    """RFC 8259: UTF-8 with or without a byte order mark (section 8.1: a parser may ignore it), no NaN (section 6).

    A number that is too large for a float is refused, too: it would be read as infinity.
    """
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
    if module is not json:
        return module.loads(data)
    text = data.decode()
    bare = text.strip(" \t\n\r")  # RFC 8259 section 2; faster than the two patterns that decode() looks for it with
    try:
        value, end = _DECODER.raw_decode(bare)
        if end == len(bare):
            return value
    except ValueError:  # decode() says what is wrong, and where
        pass
    return _DECODER.decode(text)
