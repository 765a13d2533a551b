"""HTTP errors, which are exceptions that become responses, and the exceptions for wrong use of cardan.

:mod:`cardan.exceptions`, from where users import them, shows the tree of classes.
"""

from __future__ import annotations

import copyreg
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, NoReturn, TypeVar, overload

from ._members import Declared, check_names, check_settings, checked, checked_members, declared_in, fill
from ._status import PHRASES
from .fields._syntax import OWS, check_token, is_text, is_token

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping
    from datetime import datetime, timedelta
    from http import HTTPStatus
    from typing import TypeAlias, TypedDict, Unpack, dataclass_transform
    from wsgiref.types import StartResponse

    from .._response import Response
    from ._problem import ErrorFormat, ResponseLike
    from .fields._authorization import Challenge
    from .fields._live import HasHeaders

    Fields: TypeAlias = Mapping[str, str] | Iterable[tuple[str, str]]
    ResponseClass: TypeAlias = type[ResponseLike]  # in the body of an error class, the name "type" is a parameter

    class KeywordOptions(TypedDict, total=False):
        """The parameters that every error has, and that are keyword-only."""

        headers: Fields | None
        original_exception: BaseException | None
        type: str | None
        title: str | None
        instance: str | None
        members: Mapping[str, object]


__all__ = [
    "BadGateway",
    "BadRequest",
    "BadRequestKeyError",
    "BodyConsumed",
    "BodyNotLoaded",
    "ClientDisconnected",
    "Conflict",
    "ContentTooLarge",
    "ExpectationFailed",
    "FailedDependency",
    "Forbidden",
    "GatewayTimeout",
    "Gone",
    "HTTPException",
    "HTTPVersionNotSupported",
    "ImATeapot",
    "InsufficientStorage",
    "InternalServerError",
    "LengthRequired",
    "Locked",
    "LoopDetected",
    "MachineStateError",
    "MethodNotAllowed",
    "MisdirectedRequest",
    "MultipartError",
    "NetworkAuthenticationRequired",
    "NotAcceptable",
    "NotFound",
    "NotImplemented",
    "PaymentRequired",
    "PreconditionFailed",
    "PreconditionRequired",
    "ProxyAuthenticationRequired",
    "RangeNotSatisfiable",
    "RequestEntityTooLarge",
    "RequestHeaderFieldsTooLarge",
    "RequestTimeout",
    "RequestURITooLarge",
    "RequestedRangeNotSatisfiable",
    "SecurityError",
    "ServiceUnavailable",
    "TooEarly",
    "TooManyRequests",
    "URITooLong",
    "Unauthorized",
    "UnavailableForLegalReasons",
    "UnprocessableContent",
    "UnprocessableEntity",
    "UnsupportedMediaType",
    "UpgradeRequired",
    "UrlencodedError",
    "VariantAlsoNegotiates",
    "WrongMode",
    "abort",
    "default_exceptions",
    "problem_response",
    "response_to",
]


T = TypeVar("T")


def _first(*, default: T, kw_only: Literal[False]) -> T:
    """The default of a parameter that may be given by position. Type checkers read the keyword arguments."""
    return default


if TYPE_CHECKING:
    # Type checkers make the constructor of each error class from annotations, as for a dataclass. They do not look for
    # parameters in the class that has the mark, only in the classes below it.
    @dataclass_transform(kw_only_default=True, eq_default=False, field_specifiers=(_first,))
    class _Declaring(Exception):
        def __init_subclass__(cls, *, init: bool = True) -> None: ...

else:
    _Declaring = Exception


class HTTPException(_Declaring):
    """An HTTP error. A handler raises or returns it, and the client gets :meth:`get_response`.

    :param description: text for the client, the ``detail`` of the problem document. Each class has a default.
    :param response: a response to send instead of the one that describes the error.
    :param headers: header fields to add to the response: a mapping, pairs or Headers.
    :param original_exception: the exception that caused this one, for logs. No part of it is sent to the client,
        because the text of an exception may contain a secret.
    :param type: a URI that identifies the kind of problem (RFC 9457 section 3.1.1).
    :param title: a short name of the kind of problem (section 3.1.3); None for the reason phrase of the status.
    :param instance: a URI that identifies this occurrence of the problem (section 3.1.5).
    :param members: other members of the problem document (section 3.2).

    A class may set each of them as an attribute. It declares members of its own as annotations, which become parameters
    of its constructor and attributes of the error. An annotation with a value has a default; one that begins with an
    underscore is no member of the document::

        class OutOfStock(HTTPException):
            code = 409
            description = "not enough in stock"
            type = "https://shop.example/problems/out-of-stock"
            left: int

        raise OutOfStock(left=3)
        raise OutOfStock("only three", left=3, headers={"Retry-After": "3600"})

    Type checkers find a member that is missing, misspelt or of another type. At run time such a member raises
    :exc:`TypeError`, as does a description or a member that is or contains an exception, because its text would be
    sent::

        try:
            save(request.form)
        except DatabaseError as error:
            members = {"order": 17}
            raise InternalServerError(original_exception=error, members=members) from error

    A class may have a constructor of its own. It sets the members as attributes, or passes them to this constructor.
    Tell type checkers about it in the classes that are derived from this class: ``class Late(Own, init=False)``.

    An HTTP error is a WSGI and an ASGI application, too: it answers a request with its response::

        except HTTPException as error:
            return error(environ, start_response)  # on ASGI: await error(scope, receive, send)

    It can be copied and pickled if its attributes can.
    """

    code: ClassVar[int | None] = None
    """The status code. Each class sets it."""
    description: str | None = _first(default=None, kw_only=False)
    """The text for the client, None for no text."""
    response: ResponseLike | None = _first(default=None, kw_only=False)
    """The response to send instead of the one that describes the error, or None."""
    headers: Fields | None = None
    """Header fields to add to the response, or None."""
    original_exception: BaseException | None = None
    """The exception that caused this one, or None. No part of it is sent to the client."""
    type: str | None = None
    """The URI of the kind of problem, None for ``about:blank``: the status describes it."""
    title: str | None = None
    """The short name of the kind of problem, None for :attr:`name`."""
    instance: str | None = None
    """The URI of this occurrence of the problem, or None."""
    members: Mapping[str, object] = {}
    """The members that were given without a declaration. :meth:`get_members` returns all."""
    response_class: ClassVar[ResponseClass | None] = None
    """The class of the response that :meth:`get_response` makes; None for :class:`cardan.Response`.

    A class of errors may set it. With :class:`cardan.core.Response` the adapters for WSGI and ASGI are not imported.
    """
    _declared: ClassVar[Declared]
    _third: ClassVar[str | None] = None
    """The parameter that may be given by position after ``description`` and ``response``, None if there is none."""

    if not TYPE_CHECKING:

        def __init__(
            self,
            /,
            description=None,
            response=None,
            *third,
            headers=None,
            original_exception=None,
            type=None,
            title=None,
            instance=None,
            members=None,
            **declared,
        ):
            super().__init__()
            if third:
                known = declared if original_exception is None else {"original_exception", *declared}
                self._check_count(2 + len(third), known)
                if self._third == "original_exception":
                    original_exception = third[0]
                else:
                    declared[self._third] = third[0]
            if description is not None:
                checked("as description", description)
                if isinstance(description, int):
                    raise TypeError(
                        f"got the number {description} as description, expected a str; "
                        "for an error with this status: abort(404), or a class such as NotFound"
                    )
                if not isinstance(description, str):
                    raise TypeError(f"got {description.__class__.__name__} as description, expected a str")
                self.description = description
            if response is not None:
                _check_response(response)
                self.response = response
            if headers is not None:
                self.headers = _checked_headers(headers)
            if original_exception is not None:
                self.original_exception = original_exception
            for name, text in (("type", type), ("title", title), ("instance", instance)):
                if text is not None:
                    if not isinstance(text, str):
                        raise TypeError(f"got {text.__class__.__name__} as {name}, expected a str")
                    setattr(self, name, text)
            known = _declared_in(self.__class__)
            self.members = checked_members(self.members if members is None else members, known)
            if declared or known.required:
                fill(self, known, declared)
                self._check_own()

        def __init_subclass__(cls, *, init=True, **options):  # init is for type checkers
            super().__init_subclass__(**options)
            check_names(cls, HTTPException)
            check_settings(cls)
            if isinstance(headers := vars(cls).get("headers"), (Mapping, Sequence)):
                _checked_headers(headers)

    @property
    def name(self) -> str:
        """The reason phrase of the status (RFC 9110 section 15), for example ``"Not Found"``."""
        return PHRASES.get(self.code or 0, "Unknown Error")

    def get_headers(
        self, request: object = None, scope: object = None, *, environ: object = None
    ) -> list[tuple[str, str]]:
        """Return the header fields of the response, without Content-Type: ``headers``, then the fields of the class.

        The fields do not depend on the parameters, which are those of :meth:`get_response`.

        A class adds fields such as ``Allow``. If ``headers`` contains such a field, the class does not add it.
        """
        given: Any = self.headers or ()
        pairs = [(name, value) for name, value in (given.items() if isinstance(given, Mapping) else given)]
        names = {name.lower() for name, _ in pairs}
        return pairs + [(name, value) for name, value in self._own_headers() if name.lower() not in names]

    def _own_headers(self) -> Iterable[tuple[str, str]]:
        return ()

    def _check_own(self) -> None:
        """Raise TypeError or ValueError for a value from which :meth:`_own_headers` could not make a field."""

    def _check_count(self, count: int, given: Collection[str]) -> None:
        """Raise TypeError for ``count`` positional arguments, more than two, if there are too many of them.

        ``given`` are the names of the keyword arguments.
        """
        allowed = 2 if self._third is None else 3
        if count > allowed:
            raise TypeError(f"got {count} positional arguments for {type(self).__name__}, expected at most {allowed}")
        if self._third in given:
            raise TypeError(f"got {self._third} by position and by its name, expected it once")

    def get_members(self) -> dict[str, object]:
        """Return the members that the problem document has besides those of RFC 9457 section 3.1.

        These are the declared members that have a value, and then :attr:`members`.
        """
        names = _declared_in(self.__class__).members
        declared = {name: getattr(self, name) for name in names if hasattr(self, name)}
        return declared | {name: value for name, value in self.members.items() if name not in declared}

    def get_description(self, request: object = None, scope: object = None, *, environ: object = None) -> str:
        """Return the description as HTML, for pages: a paragraph, ``""`` without a description.

        It does not depend on the parameters, which are those of :meth:`get_response`. A class may override it.
        """
        from ._problem import paragraph

        return paragraph(self.description)

    def get_body(
        self,
        request: HasHeaders | Mapping[str, Any] | None = None,
        scope: Mapping[str, Any] | None = None,
        *,
        environ: Mapping[str, Any] | None = None,
    ) -> str:
        """Return the body of the response as text, in the format that :meth:`get_response` selects.

        The parameters are those of :meth:`get_response`.

        A class may override it. The Content-Type of its response is then that of :meth:`get_headers`, and without one
        ``text/html``.
        """
        from ._problem import document

        return document(self, _carrier(request, scope, environ))[1].decode()

    def get_response(
        self,
        request: HasHeaders | Mapping[str, Any] | None = None,
        scope: Mapping[str, Any] | None = None,
        *,
        environ: Mapping[str, Any] | None = None,
    ) -> Response:
        """Return ``response`` if it was given, else a new response that describes the error.

        ``request`` is a request, a WSGI environ or an ASGI scope. Its Accept field selects the format: problem details
        (RFC 9457) for JSON, HTML or plain text, whichever has the highest quality. If Accept prefers none of them, an
        error with members, and an error for a request with a JSON body, give problem details; other errors give plain
        text. The same holds without a request, and if the client accepts none of the formats.
        An ``environ`` or a ``scope`` may also be given by its name, as programs for Werkzeug give it.
        """
        return self._make_response(_carrier(request, scope, environ), "auto")

    def _make_response(self, request: HasHeaders | Mapping[str, Any] | None, kind: ErrorFormat) -> Response:
        if self.response is not None:
            given: Any = self.response  # of any class; most programs use cardan.Response
            return given  # type: ignore[no-any-return]
        headers = self.get_headers()
        if type(self).get_body is HTTPException.get_body:
            from ._problem import document

            content_type, body = document(self, request, kind)
            if request is not None and kind == "auto":
                headers.append(("Vary", "Accept"))
        else:
            body = self.get_body(request).encode()
            own = [value for name, value in headers if name.lower() == "content-type"]
            content_type = own[0] if own else "text/html; charset=utf-8"
        response_class: Any = self.response_class
        if response_class is None:
            # An error can be raised on every floor of core, and its response is one that every server can send. This
            # is the only place where core imports a module above it, and it does so when it is called.
            from .._response import Response

            response_class = Response
        response: Response = response_class(body, self.code or 500, headers, content_type=content_type)
        return response

    @overload
    def __call__(self, environ: dict[str, Any], start_response: StartResponse, /) -> Iterable[bytes]: ...
    @overload
    def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[Any]],
        send: Callable[[Any], Awaitable[None]],
        /,
    ) -> Awaitable[None]: ...
    def __call__(self, carrier: Any, /, *rest: Any) -> Any:
        """Answer a request with this error: ``error(environ, start_response)``, or
        ``await error(scope, receive, send)``.
        """
        response: Any = self.get_response(carrier)
        return response(carrier, *rest)

    def __reduce__(self) -> tuple[object, ...]:
        # A copy is made without __init__, because a subclass may require other arguments.
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]

    def __str__(self) -> str:
        return f"{self.code} {self.name}: {self.description}" if self.description else f"{self.code} {self.name}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {str(self)!r}>"


def _carrier(
    request: HasHeaders | Mapping[str, Any] | None, *others: Mapping[str, Any] | None
) -> HasHeaders | Mapping[str, Any] | None:
    """What was given for a request: the request itself, or the environ or scope of one."""
    return next((given for given in (request, *others) if given is not None), None)


def _check_response(response: Any) -> None:
    """Raise :exc:`TypeError` for what is no response. A plain application that sends one is allowed."""
    is_one = hasattr(response, "status_code") or callable(response)
    if not is_one or isinstance(response, (type, BaseException)):
        raise TypeError(f"got {response!r} as response, expected a response")


def _checked_headers(headers: Any) -> Any:
    """Return header fields that can be read several times.

    Raises :exc:`TypeError` for what holds no fields, and :exc:`ValueError` for a field that must not be sent.
    """
    if not isinstance(headers, Mapping):
        if isinstance(headers, (str, bytes)) or not isinstance(headers, Iterable):
            raise TypeError(f"got {headers!r} as headers, expected a mapping or pairs")
        headers = headers if isinstance(headers, Collection) else list(headers)
        for pair in headers:
            if isinstance(pair, (str, bytes)) or not isinstance(pair, Collection) or len(pair) != 2:
                raise TypeError(f"got {pair!r} in headers, expected a pair of name and value")
    for name, value in headers.items() if isinstance(headers, Mapping) else headers:
        if isinstance(name, str) and not is_token(name):
            raise ValueError(f"got the field name {name!r} in headers, expected a token")
        if isinstance(value, str) and not is_text(value):
            raise ValueError(f"got {value!r} for {name} in headers, expected latin-1 text without control characters")
    return headers


def _declared_in(cls: type[HTTPException]) -> Declared:
    declared: Declared | None = cls.__dict__.get("_declared")
    if declared is None:
        declared = cls._declared = declared_in(cls, HTTPException, _OURS)
    return declared


def _in_order(
    error: HTTPException, args: tuple[Any, ...], options: dict[str, Any], own: tuple[str, ...]
) -> tuple[Any, ...]:
    """Return the description and the response that are in ``args``, and move the parameters ``own`` to ``options``.

    The arguments are in one of two orders, which their types tell apart: ``own``, description, response; or only
    description, response. The description is a text, and the first of ``own`` is none.
    """
    if not args:
        return args
    first = args[0]
    if first is None:  # left out: what follows tells the order
        is_description = len(args) == 1 or (len(args) == 2 and not isinstance(args[1], str))
    else:
        is_description = isinstance(first, (str, BaseException))
    if is_description:
        return args
    if len(args) > 2 + len(own):
        name = type(error).__name__
        raise TypeError(f"got {len(args)} positional arguments for {name}, expected at most {2 + len(own)}")
    for name, value in zip(own, args):
        if name in options:
            raise TypeError(f"got {name} by position and by its name, expected it once")
        options[name] = value
    return args[len(own) :]


class BadRequest(HTTPException):
    """400: the request is invalid (RFC 9110 section 15.5.1)."""

    code = 400
    description = "the request could not be understood"


class BadRequestKeyError(BadRequest, KeyError):
    """400: the handler used a key, for example of ``request.args``, that the client did not send.

    It is also a :exc:`KeyError`.

    >>> print(BadRequestKeyError("name", source="form"))
    400 Bad Request: missing key 'name' in form
    """

    key: object = None
    """The missing key. It is part of the default description."""
    source: str | None = None
    """The attribute of the request in which the key is missing: ``"args"``, ``"form"``, ``"files"``, ``"cookies"`` or
    ``"headers"``; ``"args or form"`` for ``values``. It is part of the default description. None if it is not known,
    for a dict that is no attribute of a request."""

    def __init__(
        self,
        key: object = None,
        description: str | None = None,
        response: ResponseLike | None = None,
        *,
        source: str | None = None,
        **options: Unpack[KeywordOptions],
    ) -> None:
        checked("as key", key)
        if key is not None and description is None:
            description = f"missing key {key!r}" if source is None else f"missing key {key!r} in {source}"
        super().__init__(description, response, **options)
        self.key = key
        self.source = source
        if key is not None:
            self.args = (key,)

    __str__ = HTTPException.__str__


class SecurityError(BadRequest):
    """400: the request cannot be trusted; for example, its Host is not one of ``trusted_hosts``."""


class ClientDisconnected(BadRequest):
    """400: the client disconnected, or sent fewer bytes than it declared. It does not read the response."""

    description = "the client disconnected before the request was complete"


class MultipartError(BadRequest):
    """400: the body is not valid ``multipart/form-data`` (RFC 7578, RFC 2046 section 5.1)."""


class UrlencodedError(BadRequest):
    """400: the body is not valid ``application/x-www-form-urlencoded``. Only the strict mode raises it."""


class RequestEntityTooLarge(HTTPException):
    """413: the body exceeds a limit (RFC 9110 section 15.5.14).

    ``limit`` is the name of an attribute of :class:`~cardan.core.Limits`, and ``allowed`` is its value, in bytes
    or as a count. ``received`` is the size in bytes that Content-Length declares, None if it does not: the number of
    bytes that had arrived depends on how the network divided the body.
    """

    code = 413
    description = "the request is larger than the server allows"

    limit: str | None = None
    allowed: int | None = None
    received: int | None = None

    def __init__(
        self,
        description: str | None = None,
        response: ResponseLike | None = None,
        *,
        limit: str | None = None,
        allowed: int | None = None,
        received: int | None = None,
        **options: Unpack[KeywordOptions],
    ) -> None:
        if description is None and limit is not None:
            got = f"more than {allowed}" if received is None else received
            description = f"got {got}, expected at most {allowed} ({limit})"
        super().__init__(description, response, **options)
        self.limit = limit
        self.allowed = allowed
        self.received = received


def _challenge_field(name: str, challenges: Any) -> Iterable[tuple[str, str]]:
    """The field ``name`` with the challenges; none without a challenge."""
    if not challenges:
        return ()
    if not isinstance(challenges, str):
        many = [challenges] if hasattr(challenges, "to_header") else challenges
        challenges = ", ".join(challenge.to_header() for challenge in many)
    return [(name, challenges)]


def _checked_challenges(name: str, given: Any) -> Any:
    """The challenges that were given as ``name``, in an object that can be read several times."""
    if isinstance(given, str) and not is_text(given):
        raise ValueError(f"got {given!r} as {name}, expected latin-1 text without control characters")
    if given is None or isinstance(given, str) or hasattr(given, "to_header"):
        return given
    if isinstance(given, bytes) or not isinstance(given, Iterable):
        raise TypeError(f"got {given!r} as {name}, expected a str, a Challenge or an iterable of Challenges")
    found = tuple(given)
    for each in found:
        if not hasattr(each, "to_header"):
            raise TypeError(f"got {each!r} in {name}, expected a Challenge")
    return found


def _listed(name: str, given: Any, expected: str) -> tuple[str, ...] | None:
    """The texts that were given as ``name``, in a tuple. None for None."""
    if given is None:
        return None
    if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
        raise TypeError(f"got {given!r} as {name}, expected {expected}")
    found = tuple(given)
    for each in found:
        if not isinstance(each, str):
            raise TypeError(f"got {each!r} in {name}, expected a str")
    return found


class Unauthorized(HTTPException):
    """401 (RFC 9110 section 15.5.2).

    ``www_authenticate`` is the value of the WWW-Authenticate field: a
    :class:`~cardan.datastructures.WWWAuthenticate`, a challenge, an iterable of challenges, or a string.
    RFC 9110 requires at least one challenge. It may be given by position: ``Unauthorized(description, response,
    www_authenticate)``.

    >>> from cardan.datastructures import Challenge
    >>> Unauthorized(www_authenticate=Challenge("basic", {"realm": "staff"})).get_headers()
    [('WWW-Authenticate', 'Basic realm="staff"')]
    """

    code = 401
    description = "credentials are missing or were not accepted"

    www_authenticate: str | Challenge | Iterable[Challenge] | None = _first(default=None, kw_only=False)
    _third = "www_authenticate"

    def _own_headers(self) -> Iterable[tuple[str, str]]:
        return _challenge_field("WWW-Authenticate", self.www_authenticate)

    def _check_own(self) -> None:
        self.www_authenticate = _checked_challenges("www_authenticate", self.www_authenticate)


class PaymentRequired(HTTPException):
    """402 (RFC 9110 section 15.5.3; reserved)."""

    code = 402
    description = "payment is required"


class Forbidden(HTTPException):
    """403 (RFC 9110 section 15.5.4)."""

    code = 403
    description = "you may not do that here"


class NotFound(HTTPException):
    """404 (RFC 9110 section 15.5.5)."""

    code = 404
    description = "there is nothing at this address"


class MethodNotAllowed(HTTPException):
    """405 (RFC 9110 section 15.5.6).

    ``valid_methods`` are the methods in the Allow field, which RFC 9110 requires. They may be given by position, before
    the description: ``MethodNotAllowed(valid_methods, description, response)``. Raises :exc:`ValueError` for one that
    is not a token (section 9.1).

    >>> MethodNotAllowed(["GET", "HEAD"]).get_headers()
    [('Allow', 'GET, HEAD')]
    """

    code = 405
    description = "the method is not allowed for this address"

    valid_methods: Iterable[str] | None = None

    @overload
    def __init__(
        self,
        description: str | None = None,
        response: ResponseLike | None = None,
        *,
        valid_methods: Iterable[str] | None = None,
        **options: Unpack[KeywordOptions],
    ) -> None: ...
    @overload
    def __init__(
        self,
        valid_methods: Iterable[str] | None,
        /,
        description: str | None = None,
        response: ResponseLike | None = None,
        **options: Unpack[KeywordOptions],
    ) -> None: ...
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*_in_order(self, args, options, ("valid_methods",)), **options)

    def _own_headers(self) -> Iterable[tuple[str, str]]:
        return () if self.valid_methods is None else [("Allow", ", ".join(self.valid_methods))]

    def _check_own(self) -> None:
        self.valid_methods = _listed("valid_methods", self.valid_methods, "an iterable of methods")
        for method in self.valid_methods or ():
            check_token(method, "method")


class NotAcceptable(HTTPException):
    """406 (RFC 9110 section 15.5.7)."""

    code = 406
    description = "nothing here is of a kind that the request accepts"


class ProxyAuthenticationRequired(HTTPException):
    """407 (RFC 9110 section 15.5.8).

    ``proxy_authenticate`` is the value of the Proxy-Authenticate field, which RFC 9110 requires: what
    ``www_authenticate`` is for :exc:`Unauthorized`.

    >>> from cardan.datastructures import Challenge
    >>> challenge = Challenge("basic", {"realm": "way out"})
    >>> ProxyAuthenticationRequired(proxy_authenticate=challenge).get_headers()
    [('Proxy-Authenticate', 'Basic realm="way out"')]
    """

    code = 407
    description = "the proxy wants credentials"

    proxy_authenticate: str | Challenge | Iterable[Challenge] | None = _first(default=None, kw_only=False)
    _third = "proxy_authenticate"

    def _own_headers(self) -> Iterable[tuple[str, str]]:
        return _challenge_field("Proxy-Authenticate", self.proxy_authenticate)

    def _check_own(self) -> None:
        self.proxy_authenticate = _checked_challenges("proxy_authenticate", self.proxy_authenticate)


class RequestTimeout(HTTPException):
    """408 (RFC 9110 section 15.5.9)."""

    code = 408
    description = "the request did not arrive in time"


class Conflict(HTTPException):
    """409 (RFC 9110 section 15.5.10)."""

    code = 409
    description = "the request conflicts with the state of the resource"


class Gone(HTTPException):
    """410 (RFC 9110 section 15.5.11)."""

    code = 410
    description = "what was at this address is gone for good"


class LengthRequired(HTTPException):
    """411 (RFC 9110 section 15.5.12)."""

    code = 411
    description = "a Content-Length is required"


class PreconditionFailed(HTTPException):
    """412 (RFC 9110 section 15.5.13)."""

    code = 412
    description = "a precondition of the request does not hold"


class RequestURITooLarge(HTTPException):
    """414 (RFC 9110 section 15.5.15)."""

    code = 414
    description = "the address is longer than the server allows"


class UnsupportedMediaType(HTTPException):
    """415 (RFC 9110 section 15.5.16).

    ``accept`` are the media types, and ``accept_encoding`` the content codings, that a body may have here. They are
    sent in the fields Accept and Accept-Encoding, which tell the client what is accepted.

    >>> UnsupportedMediaType(accept=["application/json"]).get_headers()
    [('Accept', 'application/json')]
    """

    code = 415
    description = "the body is of a media type that is not supported here"

    accept: Iterable[str] | None = None
    accept_encoding: Iterable[str] | None = None

    def _own_headers(self) -> Iterable[tuple[str, str]]:
        fields = (("Accept", self.accept), ("Accept-Encoding", self.accept_encoding))
        return [(name, ", ".join(members)) for name, members in fields if members is not None]

    def _check_own(self) -> None:
        self.accept = _listed("accept", self.accept, "an iterable of media types")
        self.accept_encoding = _listed("accept_encoding", self.accept_encoding, "an iterable of content codings")
        for kind in self.accept or ():
            value, _, parameters = kind.partition(";")
            if not all(map(is_token, value.strip(OWS).split("/", 1))) or "/" not in value or not is_text(parameters):
                raise ValueError(f"got {kind!r} in accept, expected a media type")
        for coding in self.accept_encoding or ():
            check_token(coding, "content coding")


class RequestedRangeNotSatisfiable(HTTPException):
    """416 (RFC 9110 section 15.5.17).

    ``length`` is the length of the representation and ``units`` the range unit, for the Content-Range field. They may
    be given by position, before description and response: ``RequestedRangeNotSatisfiable(length, units, description)``.

    >>> RequestedRangeNotSatisfiable(100).get_headers()
    [('Content-Range', 'bytes */100')]
    """

    code = 416
    description = "none of the requested ranges can be satisfied"

    length: int | None = None
    units: str = "bytes"

    @overload
    def __init__(
        self,
        description: str | None = None,
        response: ResponseLike | None = None,
        *,
        length: int | None = None,
        units: str = "bytes",
        **options: Unpack[KeywordOptions],
    ) -> None: ...
    @overload
    def __init__(
        self,
        length: int | None,
        /,
        units: str = "bytes",
        description: str | None = None,
        response: ResponseLike | None = None,
        **options: Unpack[KeywordOptions],
    ) -> None: ...
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*_in_order(self, args, options, ("length", "units")), **options)

    def _own_headers(self) -> Iterable[tuple[str, str]]:
        return () if self.length is None else [("Content-Range", f"{self.units} */{self.length}")]

    def _check_own(self) -> None:
        if self.length is not None and (type(self.length) is not int or self.length < 0):
            raise TypeError(f"got {self.length!r} as length, expected an int of at least 0")
        if not isinstance(self.units, str):
            raise TypeError(f"got {self.units!r} as units, expected a str")
        check_token(self.units, "range unit")


class ExpectationFailed(HTTPException):
    """417 (RFC 9110 section 15.5.18)."""

    code = 417
    description = "the expectation in the request cannot be met"


class ImATeapot(HTTPException):
    """418 (RFC 9110 section 15.5.19)."""

    code = 418
    description = "this is a teapot, it does not brew coffee"


class MisdirectedRequest(HTTPException):
    """421 (RFC 9110 section 15.5.20)."""

    code = 421
    description = "this server does not answer for the requested authority"


class UnprocessableEntity(HTTPException):
    """422 (RFC 9110 section 15.5.21)."""

    code = 422
    description = "the request is well formed, but what it asks for is not possible"


class Locked(HTTPException):
    """423 (RFC 4918 section 11.3)."""

    code = 423
    description = "the resource is locked"


class FailedDependency(HTTPException):
    """424 (RFC 4918 section 11.4)."""

    code = 424
    description = "another action, on which this one depends, failed"


class TooEarly(HTTPException):
    """425 (RFC 8470 section 5.2)."""

    code = 425
    description = "the request might be a replay and is not processed early"


class UpgradeRequired(HTTPException):
    """426 (RFC 9110 section 15.5.22).

    Only the server can send the field Upgrade, which a 426 requires: PEP 3333 and HTTP/2 forbid it to an application.
    """

    code = 426
    description = "another protocol is required"


class PreconditionRequired(HTTPException):
    """428 (RFC 6585 section 3)."""

    code = 428
    description = "the request must be conditional, e.g. with If-Match"


class _RetryAfter(HTTPException):
    """An error with a Retry-After field. ``retry_after`` is a datetime, a timedelta or a number of seconds."""

    retry_after: datetime | timedelta | int | None = _first(default=None, kw_only=False)
    _third = "retry_after"

    def _own_headers(self) -> Iterable[tuple[str, str]]:
        from .fields._durations import dump_retry_after

        return () if self.retry_after is None else [("Retry-After", dump_retry_after(self.retry_after))]

    def _check_own(self) -> None:
        self._own_headers()


class TooManyRequests(_RetryAfter):
    """429 (RFC 6585 section 4). ``retry_after`` is when to try again: a datetime, a timedelta or seconds.

    It may be given by position, after the description and the response.
    """

    code = 429
    description = "too many requests came in a given time"


class RequestHeaderFieldsTooLarge(HTTPException):
    """431 (RFC 6585 section 5)."""

    code = 431
    description = "the header fields are larger than the server allows"


class UnavailableForLegalReasons(HTTPException):
    """451 (RFC 7725 section 3)."""

    code = 451
    description = "unavailable for legal reasons"


class InternalServerError(HTTPException):
    """500 (RFC 9110 section 15.6.1).

    ``original_exception`` may be given by position, after the description and the response.
    """

    code = 500
    description = "the server met an error"

    original_exception: BaseException | None = _first(default=None, kw_only=False)
    _third = "original_exception"


class NotImplemented(HTTPException):  # noqa: A001  -- Werkzeug's name, and the RFC's
    """501 (RFC 9110 section 15.6.2)."""

    code = 501
    description = "the server does not support this method"


class BadGateway(HTTPException):
    """502 (RFC 9110 section 15.6.3)."""

    code = 502
    description = "the server behind this one gave an invalid response"


class ServiceUnavailable(_RetryAfter):
    """503 (RFC 9110 section 15.6.4). ``retry_after`` is when to try again: a datetime, a timedelta or seconds.

    It may be given by position, after the description and the response.
    """

    code = 503
    description = "the service is not available right now"


class GatewayTimeout(HTTPException):
    """504 (RFC 9110 section 15.6.5)."""

    code = 504
    description = "the server behind this one did not answer in time"


class HTTPVersionNotSupported(HTTPException):
    """505 (RFC 9110 section 15.6.6)."""

    code = 505
    description = "this version of HTTP is not supported"


class VariantAlsoNegotiates(HTTPException):
    """506 (RFC 2295 section 8.1)."""

    code = 506
    description = "the chosen variant negotiates in its turn"


class InsufficientStorage(HTTPException):
    """507 (RFC 4918 section 11.5)."""

    code = 507
    description = "there is no room to store what was sent"


class LoopDetected(HTTPException):
    """508 (RFC 5842 section 7.2)."""

    code = 508
    description = "the resource contains itself"


class NetworkAuthenticationRequired(HTTPException):
    """511 (RFC 6585 section 6)."""

    code = 511
    description = "the network wants credentials"


class BodyNotLoaded(RuntimeError):
    """Async code used the body, or a value parsed from it, before ``await request.load()``."""


class BodyConsumed(RuntimeError):
    """The body was already read as a stream or parsed as a form, so that it cannot be read again."""


class WrongMode(RuntimeError):
    """Sync code used an async method (``aread()``, ``load()`` and others), or async code used a blocking method."""


class MachineStateError(RuntimeError):
    """A machine was used out of order, for example fed after ``close()``. This is a fault of the program."""


# the reason phrases of RFC 9110, where the older names have those of RFC 7231 and RFC 4918
ContentTooLarge = RequestEntityTooLarge
URITooLong = RequestURITooLarge
RangeNotSatisfiable = RequestedRangeNotSatisfiable
UnprocessableContent = UnprocessableEntity

_OURS: Final = tuple(
    cls for cls in list(globals().values()) if isinstance(cls, type) and issubclass(cls, HTTPException)
)
#: Maps each status code to the class that :func:`abort` raises.
default_exceptions: dict[int, type[HTTPException]] = {
    cls.code: cls for cls in _OURS if cls.code and cls.__base__ in (HTTPException, _RetryAfter)
}


@overload
def abort(
    status: Literal[401, HTTPStatus.UNAUTHORIZED],
    description: str | None = ...,
    response: ResponseLike | None = ...,
    www_authenticate: str | Challenge | Iterable[Challenge] | None = ...,
    **options: Unpack[KeywordOptions],
) -> NoReturn: ...
@overload
def abort(
    status: Literal[405, HTTPStatus.METHOD_NOT_ALLOWED],
    description: str | None = ...,
    response: ResponseLike | None = ...,
    *,
    valid_methods: Iterable[str] | None = ...,
    **options: Unpack[KeywordOptions],
) -> NoReturn: ...
@overload
def abort(
    status: Literal[405, HTTPStatus.METHOD_NOT_ALLOWED],
    valid_methods: Iterable[str] | None,
    /,
    description: str | None = ...,
    response: ResponseLike | None = ...,
    **options: Unpack[KeywordOptions],
) -> NoReturn: ...
@overload
def abort(
    status: Literal[407, HTTPStatus.PROXY_AUTHENTICATION_REQUIRED],
    description: str | None = ...,
    response: ResponseLike | None = ...,
    proxy_authenticate: str | Challenge | Iterable[Challenge] | None = ...,
    **options: Unpack[KeywordOptions],
) -> NoReturn: ...
@overload
def abort(
    status: Literal[415, HTTPStatus.UNSUPPORTED_MEDIA_TYPE],
    description: str | None = ...,
    response: ResponseLike | None = ...,
    *,
    accept: Iterable[str] | None = ...,
    accept_encoding: Iterable[str] | None = ...,
    **options: Unpack[KeywordOptions],
) -> NoReturn: ...
@overload
def abort(
    status: Literal[413, HTTPStatus.REQUEST_ENTITY_TOO_LARGE],
    description: str | None = ...,
    response: ResponseLike | None = ...,
    *,
    limit: str | None = ...,
    allowed: int | None = ...,
    received: int | None = ...,
    **options: Unpack[KeywordOptions],
) -> NoReturn: ...
@overload
def abort(
    status: Literal[416, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE],
    description: str | None = ...,
    response: ResponseLike | None = ...,
    *,
    length: int | None = ...,
    units: str = ...,
    **options: Unpack[KeywordOptions],
) -> NoReturn: ...
@overload
def abort(
    status: Literal[416, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE],
    length: int | None,
    /,
    units: str = ...,
    description: str | None = ...,
    response: ResponseLike | None = ...,
    **options: Unpack[KeywordOptions],
) -> NoReturn: ...
@overload
def abort(
    status: Literal[429, 503, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE],
    description: str | None = ...,
    response: ResponseLike | None = ...,
    retry_after: datetime | timedelta | int | None = ...,
    **options: Unpack[KeywordOptions],
) -> NoReturn: ...
@overload
def abort(
    status: int | ResponseLike,
    description: str | None = ...,
    response: ResponseLike | None = ...,
    **options: Unpack[KeywordOptions],
) -> NoReturn: ...
def abort(status: int | ResponseLike, *args: Any, **options: Any) -> NoReturn:
    """Raise the HTTP error of a status code. The other arguments are those of its class.

    ``status`` can also be a response; the client then gets this response. Raises :exc:`LookupError` for a status code
    without a class in :data:`default_exceptions`, and :exc:`TypeError` for any other value, such as an error class, and
    for an option that the class does not have.

    >>> abort(404, "there is no such user", members={"user": 17})
    Traceback (most recent call last):
      ...
    cardan.exceptions.NotFound: 404 Not Found: there is no such user
    """
    if not isinstance(status, int):
        if isinstance(status, HTTPException) or (isinstance(status, type) and issubclass(status, HTTPException)):
            raise TypeError(f"got {status!r} as status, expected a status code or a response: raise the error itself")
        try:
            _check_response(status)
        except TypeError:
            raise TypeError(f"got {status!r} as status, expected a status code such as 404, or a response") from None
        made: Any = HTTPException
        raise made(*args, response=status, **options)
    try:
        cls = default_exceptions[status]
    except KeyError:
        raise LookupError(f"got status {status!r}, expected one of {sorted(default_exceptions)}") from None
    raise cls(*args, **options)


def response_to(error: HTTPException, request: HasHeaders | Mapping[str, Any] | None, kind: ErrorFormat) -> Response:
    """The response to ``error`` whose body has the format ``kind``.

    An error with a response, or whose class overrides ``get_response()`` or ``get_body()``, gives its own.
    """
    if kind == "auto" or type(error).get_response is not HTTPException.get_response:
        return error.get_response(request)
    return error._make_response(request, kind)


def problem_response(request: HasHeaders | Mapping[str, Any] | None, error: HTTPException) -> Response:
    """Return the response to ``error`` with a problem document (RFC 9457), whatever the client prefers.

    For use in :meth:`Application.on_error`, to answer some requests in this way; ``Application(errors="problem")`` does
    so for all. ``request`` is a request, a WSGI environ, an ASGI scope or None. An error with a response, and one whose
    class makes its own, give this response.

    >>> problem_response(None, NotFound(title="No such order")).get_data()
    b'{"type": "about:blank", "title": "No such order", "status": 404, "detail": "there is nothing at this address"}'
    """
    if not isinstance(error, HTTPException):
        raise TypeError(f"got an error of type {type(error).__name__}, expected an HTTPException")
    return response_to(error, request, "problem")


# Pickles and tracebacks name these classes as users import them.
for _class in [value for name in __all__ if isinstance(value := globals()[name], type)]:
    _class.__module__ = "cardan.exceptions"
