"""``werkzeug.wrappers``: the request with the arguments of Werkzeug, the response of :mod:`cardan`, and the mixins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, Self, overload
from weakref import WeakSet

from .... import _request
from ...._lazy import lazy
from ...._response import BaseResponse, Response
from ....core._exceptions import RequestEntityTooLarge
from ....core._request.fields import (
    AcceptMixin,
    AuthorizationMixin,
    CommonRequestDescriptorsMixin,
    CORSRequestMixin,
    ETagRequestMixin,
    FetchMetadataMixin,
    UserAgentMixin,
)
from ....core._response import (
    CommonResponseDescriptorsMixin,
    CORSResponseMixin,
    ETagResponseMixin,
    ResponseStream,
    ResponseStreamMixin,
    SecurityPolicyMixin,
    WWWAuthenticateMixin,
)
from ....core.drive import Read
from ....core.forms import BodyReader, Form
from ....core.structures import ImmutableMultiDict, iter_multi_items
from ....http import parse_options_header
from .._values import ValuesBuilder
from ..datastructures import FileStorage
from ..formparser import FormDataParser

if TYPE_CHECKING:
    from collections.abc import Generator, MutableMapping
    from wsgiref.types import WSGIEnvironment

    from ....core._limits import Limits
    from ....core._request.request import FilesAttribute
    from ....core.drive import Step
    from ....types import Receive, Send

__all__ = [
    "AcceptMixin",
    "AuthorizationMixin",
    "BaseRequest",
    "BaseResponse",
    "CORSRequestMixin",
    "CORSResponseMixin",
    "CommonRequestDescriptorsMixin",
    "CommonResponseDescriptorsMixin",
    "ETagRequestMixin",
    "ETagResponseMixin",
    "FetchMetadataMixin",
    "Request",
    "Response",
    "ResponseStream",
    "ResponseStreamMixin",
    "SecurityPolicyMixin",
    "UserAgentMixin",
    "WWWAuthenticateMixin",
]

#: The key of an environ or scope under which Werkzeug keeps the request (``populate_request``).
REQUEST_KEY = "werkzeug.request"


class _Files(ImmutableMultiDict[str, FileStorage]):
    """The files of a form. It has no ``__slots__``, so that a program can give it another class, as Flask does."""


class BaseRequest(_request.BaseRequest):
    """:class:`cardan.BaseRequest` with what programs for Werkzeug expect.

    ``populate_request`` and ``shallow`` can be given as positional arguments on WSGI. The request is also stored under
    the key ``"werkzeug.request"``, and an environ without REQUEST_METHOD is that of a GET. A broken form is empty
    (``form_rules``), and the body is ``b""`` after its form was parsed. The files of a form are objects of
    :class:`cardan.compat.werkzeug.datastructures.FileStorage`.
    """

    form_rules = "silent"
    _empty_after_form = True
    _files_class = _Files

    form_data_parser_class: ClassVar[type[FormDataParser]] = FormDataParser
    """The class of the object that parses forms. If it is another one, the whole body is kept in memory for it, at most
    ``max_data_memory`` bytes."""
    if TYPE_CHECKING:
        files: FilesAttribute[FileStorage]  # type: ignore[assignment]
    else:
        file_storage_class = FileStorage

    @overload
    def __init__(self, environ: WSGIEnvironment, /, populate_request: bool = True, shallow: bool = False) -> None: ...
    @overload
    def __init__(
        self,
        scope: MutableMapping[str, Any],
        receive: Receive | None = None,
        send: Send | None = None,
        /,
        *,
        populate_request: bool = True,
        shallow: bool = False,
    ) -> None: ...
    def __init__(self, environ: Any, /, *given: Any, **options: Any) -> None:
        if "type" not in environ:
            environ.setdefault("REQUEST_METHOD", "GET")
        if given and isinstance(given[0], bool):
            options = {**dict(zip(("populate_request", "shallow"), given)), **options}
            given = ()
        super().__init__(environ, *given, **options)
        if options.get("populate_request", True) and not options.get("shallow"):
            environ[REQUEST_KEY] = self

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "form_data_parser_class" in cls.__dict__ and not _has_own_hook(cls):

            def make_form_data_parser(self: BaseRequest, content_length: int | None) -> _ParserSteps:
                return self._make_own_parser(content_length)

            # a function for each class: requests of two classes share a form only if their hooks are the same
            _own_hooks.add(make_form_data_parser)
            cls.make_form_data_parser = make_form_data_parser  # type: ignore[method-assign, assignment]

    if not TYPE_CHECKING:  # a checker that saw this method would accept the assignment of any name

        def __setattr__(self, name: str, value: Any) -> None:
            super().__setattr__(name, value)
            if name == "form_data_parser_class" and not _has_own_hook(type(self)):
                self.make_form_data_parser = self._make_own_parser

    if not TYPE_CHECKING:

        @property
        def host(self) -> str:
            """The Host (RFC 9110 section 7.2); see :class:`cardan.Request`. It can be assigned, as Flask does.

            The URLs of the request then have the new host.
            """
            return _request.BaseRequest.host.fget(self)

        @host.setter
        def host(self, value: str) -> None:
            for name in ("host_url", "root_url", "base_url", "url"):
                self.__dict__.pop(name, None)
            self.__dict__["host"] = value

    def _load_form_data(self) -> None:
        """The hook ``load_form`` under its name in Werkzeug."""
        super().load_form()

    def load_form(self) -> None:
        """Load the form. A class that was written for Werkzeug overrides ``_load_form_data()`` instead."""
        self._load_form_data()

    def _make_own_parser(self, content_length: int | None) -> _ParserSteps:
        """The ``make_form_data_parser`` of a class that has its own ``form_data_parser_class``."""
        parser = self.form_data_parser_class(
            stream_factory=self._get_file_stream,
            max_form_memory_size=self.max_form_memory_size,
            max_content_length=self.max_content_length,
            max_form_parts=self.max_form_parts,
            cls=self.parameter_storage_class,
        )
        return _ParserSteps(parser, self.limits, content_length, self.content_type or "")

    @classmethod
    def from_values(cls, *args: Any, protocol: Literal["wsgi", "asgi"] = "wsgi", **kwargs: Any) -> Self:
        """A request from values. The arguments are those of :class:`cardan.compat.werkzeug.test.EnvironBuilder`.

        With ``protocol="asgi"`` the request is made from an ASGI scope.
        """
        builder = ValuesBuilder(*args, **kwargs)
        try:
            if protocol == "wsgi":
                return cls(builder.get_environ())
            scope, receive = builder.get_scope()
            return cls(scope, receive)
        finally:
            builder.close()


class Request(BaseRequest, _request.Request):  # pyright: ignore[reportIncompatibleVariableOverride]  # files
    """:class:`cardan.Request` with what programs for Werkzeug expect; see :class:`BaseRequest`."""


#: the hooks that were made here, for classes that have a parser class of their own
_own_hooks: Final[WeakSet[Any]] = WeakSet()


def _has_own_hook(cls: type[BaseRequest]) -> bool:
    """Whether somebody else has written the ``make_form_data_parser`` of ``cls``: then it is the one that is called."""
    hook = cls.make_form_data_parser
    return hook is not _request.BaseRequest.make_form_data_parser and hook not in _own_hooks


class _ParserSteps:
    """The steps by which a form is read for a :class:`FormDataParser`, which itself parses bytes that are there."""

    def __init__(self, parser: FormDataParser, limits: Limits, length: int | None, content_type: str) -> None:
        self._parser = parser
        self._limits = limits
        self._length = length
        self._content_type = content_type

    def run(self) -> Generator[Step, Any, Form]:
        """Read the whole body, and have it parsed. Raises 413 if it exceeds a limit."""
        from io import BytesIO

        reader = BodyReader(content_length=self._length, limits=self._limits)
        most = self._limits.max_data_memory
        body = BytesIO()
        while data := (yield Read(reader.want)):
            body.write(reader.feed(data))
            if most is not None and body.tell() > most:
                raise RequestEntityTooLarge(limit="max_data_memory", allowed=most, received=self._length)
        reader.close()
        size = body.tell()
        body.seek(0)
        mimetype, options = parse_options_header(self._content_type)
        _, fields, files = self._parser.parse(body, mimetype, size, options)
        return Form(list(iter_multi_items(fields)), [(name, _unbound(file)) for name, file in iter_multi_items(files)])


def _unbound(file: Any) -> FileStorage:
    """The same file for sync and async code: the parser has made it for sync code."""
    return FileStorage(file.stream, file.filename, file.name, headers=file.headers)


_MODULES = ("request", "response")

if not TYPE_CHECKING:
    __getattr__ = lazy(__name__, {}, _MODULES)[0]


def __dir__() -> list[str]:
    return sorted([*__all__, *_MODULES])
