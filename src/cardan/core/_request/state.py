"""What one request object knows of its body, and what the functions of this package ask of a request.

:class:`RequestState` is made at the first access to the body. Everything that was read, parsed or refused since then
stands in it. The bytes themselves, and the parsed forms, belong to the :class:`~cardan.core._request.body.Body`, which
all request objects over one request share.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

if TYPE_CHECKING:
    import io
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractContextManager

    from .._limits import Limits
    from ..forms._events import FileStart
    from ..forms._form import Form
    from ..forms._plan import FormRules
    from ..structures._headers import HeadersView
    from .body import Body
    from .filtering import BodyFilter

__all__ = ["MISSING", "FormParser", "Mode", "ReadableRequest", "RequestState"]

Mode = Literal["sync", "async", "either"]
"""Whether sync or async code handles a request: it decides which of two twins may be called."""

MISSING: Final = object()
"""The value of :attr:`RequestState.json` before the body was parsed as JSON."""


class RequestState:
    """The state of one request object since the first access to its body. It does not refer to the request."""

    __slots__ = ("body", "codings", "failure", "form", "json", "length", "limits", "refusal", "stream")

    def __init__(self, body: Body, length: int | None, codings: str | None, limits: Limits) -> None:
        self.body = body
        """The body, shared by all request objects over the same request whose classes have the same filter."""
        self.limits = limits
        """The limits of this request, which are fixed from now on."""
        self.length = length
        """The declared length of the body in bytes; None if there is none, or if the body passes through a filter."""
        self.codings = codings
        """The content codings of the body as they were sent; None if there are none, or if the body passes through a
        filter."""
        self.refusal: Exception | None = None
        """The 413 by which this request refused the body unread; every later access raises a copy of it."""
        self.failure: Exception | None = None
        """The error that ``load()`` raised."""
        self.form: Form | None = None
        """The parsed form."""
        self.stream: io.BufferedIOBase | None = None
        """The file that ``stream`` gives."""
        self.json: Any = MISSING
        """The value that ``get_json()`` keeps."""


class FormParser(Protocol):
    """What ``make_form_data_parser`` returns: an object with the steps of parsing. See
    :class:`~cardan.core.forms.FormReader`, which also parses a small form at once and takes bytes that were read
    before; a parser need not.
    """

    def run(self) -> Any:
        """The steps that read and parse the body; their result is a :class:`~cardan.core.forms.Form`."""
        ...


class ReadableRequest(Protocol):
    """A request as the functions of this package use it."""

    form_rules: FormRules
    shallow: bool
    _mode: Mode
    _empty_after_form: bool
    _body_state: RequestState | None
    _has_own_settings: bool

    @property
    def limits(self) -> Limits:
        """The limits of the request."""
        ...

    @property
    def headers(self) -> HeadersView:
        """The header fields."""
        ...

    @property
    def content_type(self) -> str | None:
        """The Content-Type as sent, None without one."""
        ...

    @property
    def mimetype(self) -> str:
        """The media type in lower case, without parameters."""
        ...

    @property
    def want_form_data_parsed(self) -> bool:
        """Whether the body is to be parsed as a form."""
        ...

    def _set_mode(self, mode: Mode) -> None: ...
    @property
    def _announced(self) -> tuple[int | None, str | None]: ...
    @property
    def _run_sync(self) -> Callable[..., Awaitable[Any]] | None: ...
    @property
    def _run_write(self) -> Callable[..., Awaitable[Any]] | None: ...
    @property
    def _shield(self) -> Callable[[], AbstractContextManager[Any]]: ...
    def make_form_data_parser(self, content_length: int | None) -> FormParser:
        """The parser of this request's form."""
        ...

    def make_body_filter(self) -> BodyFilter | None:
        """What the bytes of the body pass through, None for nothing."""
        ...

    def _open_body(self) -> Body: ...
    def _known_body(self) -> Body | None: ...
    def _open_file(self, part: FileStart) -> Any: ...
