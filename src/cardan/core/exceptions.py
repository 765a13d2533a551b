"""The HTTP errors: an exception that is also an answer.

::

    HTTPException                         .code .name .description .headers .members .original_exception .get_response()
     +-- BadRequest                       400
     |    +-- BadRequestKeyError          400, and a KeyError: a missing key of `form` or `args`
     |    +-- SecurityError               400: the request is not to be trusted (its Host, say)
     |    +-- ClientDisconnected          400: the client left before its body was complete
     |    +-- MultipartError              400: the body is not the multipart that it says it is
     |    +-- UrlencodedError             400: likewise for application/x-www-form-urlencoded
     +-- Unauthorized                     401
     ...                                  one class for each error status of RFC 9110 and its registry
     +-- RequestEntityTooLarge            413, with .limit .allowed .received
     ...

    RuntimeError
     +-- BodyNotLoaded                    async code asked for the body before `await request.load()`
     +-- BodyConsumed                     the body was read as a stream, or parsed, and is gone
     +-- WrongMode                        an awaiting twin in sync code, or the reverse
     +-- MachineStateError                a machine was fed after close(), or used out of order

HTTP errors are the client's doing and become responses; the runtime errors are the program's and become a 500.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final, NoReturn

from .status import PHRASES

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from .._response import Response

__all__ = [
    "BadGateway",
    "BadRequest",
    "BadRequestKeyError",
    "BodyConsumed",
    "BodyNotLoaded",
    "ClientDisconnected",
    "Conflict",
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
    "RequestEntityTooLarge",
    "RequestHeaderFieldsTooLarge",
    "RequestTimeout",
    "RequestURITooLarge",
    "RequestedRangeNotSatisfiable",
    "SecurityError",
    "ServiceUnavailable",
    "TooEarly",
    "TooManyRequests",
    "Unauthorized",
    "UnavailableForLegalReasons",
    "UnprocessableEntity",
    "UnsupportedMediaType",
    "UpgradeRequired",
    "UrlencodedError",
    "VariantAlsoNegotiates",
    "WrongMode",
    "abort",
    "default_exceptions",
]


class HTTPException(Exception):
    """An HTTP error: raise it, or return it, from a handler and the client gets its response.

    Takes a ``description`` for the reader (text), a ready ``response`` to send in its place, ``headers`` to
    add (a mapping, pairs or Headers), and any keyword ``members`` for the problem document (RFC 9457
    section 3.2), where they never take the place of ``type``, ``title``, ``status`` and ``detail``.

    ``original_exception``: the error that led to this one, for whoever logs it; the client never sees anything of it,
    for the text of an error may hold a password. For the same reason :exc:`TypeError` is raised for a description or a
    member that is an exception, or holds one; and for a member with the name of an attribute (``code``, ``name``),
    which is most likely meant to be that attribute. ``error.members["code"] = ...`` is such a member all the same.

    ::

        try:
            save(request.form)
        except DatabaseError as error:
            raise InternalServerError("it could not be saved", original_exception=error, order=17) from error

    Exceptions can be copied and pickled, as far as what they hold can.
    """

    code: ClassVar[int | None] = None
    description: str | None = None
    response_class: ClassVar[Any] = None
    """The class of the response that :meth:`get_response` makes; None: :class:`cardan.Response`."""

    def __init__(
        self,
        description: str | None = None,
        *,
        response: Any = None,
        headers: Any = None,
        original_exception: BaseException | None = None,
        **members: Any,
    ) -> None:
        super().__init__()
        if description is not None:
            if isinstance(description, BaseException):
                raise TypeError(f"got {type(description).__name__} as description, {_EXPECTED}")
            self.description = description
        self.response = response
        self.headers = headers
        self.original_exception = original_exception
        """The error that led to this one, None without one. Nothing of it is sent."""
        self.members = members
        if members:
            self._check(members)

    def _check(self, members: dict[str, Any]) -> None:
        from .problem import exception_in

        for name, value in members.items():
            if hasattr(self, name):
                raise TypeError(f"got the member {name!r}, which is an attribute of {type(self).__name__}")
            if (found := exception_in(value)) is not None:
                raise TypeError(f"got {type(found).__name__} in the member {name!r}, {_EXPECTED}")

    @property
    def name(self) -> str:
        """The reason phrase of the status (RFC 9110 section 15), e.g. ``"Not Found"``."""
        return PHRASES.get(self.code or 0, "Unknown Error")

    def get_headers(self) -> list[tuple[str, str]]:
        """Return the fields that the response gets beside its Content-Type: ``headers``, then what the class adds.

        A field that is in ``headers`` is never added a second time.
        """
        given = self.headers or ()
        pairs = [(name, value) for name, value in (given.items() if isinstance(given, Mapping) else given)]
        names = {name.lower() for name, _ in pairs}
        return pairs + [(name, value) for name, value in self._own_headers() if name.lower() not in names]

    def _own_headers(self) -> Iterable[tuple[str, str]]:
        return ()

    def get_response(self, request: Any = None) -> Response:
        """Return the response: ``response`` itself if there is one, else a document that says what went wrong.

        Problem details (RFC 9457) if the Accept field of ``request`` names JSON, HTML if it names that first,
        else plain text; where Accept names neither, an exception with members and an answer to a JSON body are
        problem details. Without a request it is plain text, or problem details for members.
        """
        if self.response is not None:
            given: Response = self.response
            return given
        from .problem import document

        content_type, body = document(self, request)
        headers = self.get_headers()
        if request is not None:
            headers.append(("Vary", "Accept"))
        response_class = self.response_class
        if response_class is None:
            # An error can be raised on every floor of core, and its response is one that every server can send. This
            # is the only place where core asks for something above it, and it does so when it is called.
            from .._response import Response as response_class
        made: Response = response_class(body, self.code or 500, headers, content_type=content_type)
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        # whatever arguments a subclass wants: made without __init__, as BaseException would not
        return _rebuilt, (type(self), self.args), self.__dict__

    def __str__(self) -> str:
        return f"{self.code} {self.name}: {self.description}" if self.description else f"{self.code} {self.name}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {str(self)!r}>"


_EXPECTED: Final = "expected what the client may see; give an exception as original_exception"


def _rebuilt(cls: type[HTTPException], args: tuple[Any, ...]) -> HTTPException:
    exception = cls.__new__(cls, *args)
    exception.args = args
    return exception


class BadRequest(HTTPException):
    """400: what came is not what the protocol or the form demands (RFC 9110 section 15.5.1)."""

    code = 400
    description = "the request could not be understood"


class BadRequestKeyError(BadRequest, KeyError):
    """400: a key that the handler asked ``args`` or ``form`` for was not sent. Also a :exc:`KeyError`."""

    def __init__(self, key: object = None, **options: Any) -> None:
        super().__init__(**options)
        if isinstance(key, BaseException):  # its text would be that of the answer
            raise TypeError(f"got {type(key).__name__} as key, {_EXPECTED}")
        self.key = key
        if key is not None:
            self.description = f"missing key {key!r}"
            self.args = (key,)

    __str__ = HTTPException.__str__


class SecurityError(BadRequest):
    """400: the request must not be trusted, e.g. its Host is not one of ``trusted_hosts``."""


class ClientDisconnected(BadRequest):
    """400: the client left, or sent fewer bytes than it declared. Nobody is there to read the answer."""

    description = "the client disconnected before the request was complete"


class MultipartError(BadRequest):
    """400: the body is no valid ``multipart/form-data`` (RFC 7578, RFC 2046 section 5.1)."""


class UrlencodedError(BadRequest):
    """400: the body is refused as ``application/x-www-form-urlencoded`` (strict mode only)."""


class RequestEntityTooLarge(HTTPException):
    """413: the body exceeds a limit (RFC 9110 section 15.5.14).

    ``limit`` is the name of the attribute of :class:`~cardan.core.limits.Limits` and ``allowed`` its value, in bytes or
    a count. ``received`` is the size that the head of the request declares, None where it declares none: how much had
    come when the limit was exceeded depends on how the network cut the body.
    """

    code = 413
    description = "the request is larger than the server allows"

    def __init__(
        self,
        description: str | None = None,
        *,
        limit: str | None = None,
        allowed: int | None = None,
        received: int | None = None,
        **options: Any,
    ) -> None:
        if description is None and limit is not None:
            got = f"more than {allowed}" if received is None else received
            description = f"got {got}, expected at most {allowed} ({limit})"
        super().__init__(description, **options)
        self.limit = limit
        self.allowed = allowed
        self.received = received


class Unauthorized(HTTPException):
    """401 (RFC 9110 section 15.5.2).

    ``www_authenticate``: the challenges, as a :class:`~cardan.core.fields.www_authenticate.WWWAuthenticate`, a
    challenge, an iterable of challenges, or text. The status demands at least one.
    """

    code = 401
    description = "credentials are missing or were not accepted"

    def __init__(self, description: str | None = None, *, www_authenticate: Any = None, **options: Any) -> None:
        super().__init__(description, **options)
        self.www_authenticate = www_authenticate

    def _own_headers(self) -> Iterable[tuple[str, str]]:
        challenges = self.www_authenticate
        if not challenges:
            return ()
        if not isinstance(challenges, str):
            many = [challenges] if hasattr(challenges, "to_header") else challenges
            challenges = ", ".join(challenge.to_header() for challenge in many)
        return [("WWW-Authenticate", challenges)]


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

    ``valid_methods``: the methods that are allowed, for the Allow field, which the status demands.
    """

    code = 405
    description = "the method is not allowed for this address"

    def __init__(
        self, description: str | None = None, *, valid_methods: Iterable[str] | None = None, **options: Any
    ) -> None:
        super().__init__(description, **options)
        self.valid_methods = None if valid_methods is None else list(valid_methods)

    def _own_headers(self) -> Iterable[tuple[str, str]]:
        return () if self.valid_methods is None else [("Allow", ", ".join(self.valid_methods))]


class NotAcceptable(HTTPException):
    """406 (RFC 9110 section 15.5.7)."""

    code = 406
    description = "nothing here is of a kind that the request accepts"


class ProxyAuthenticationRequired(HTTPException):
    """407 (RFC 9110 section 15.5.8)."""

    code = 407
    description = "the proxy wants credentials"


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
    """415 (RFC 9110 section 15.5.16)."""

    code = 415
    description = "the body is of a media type that is not supported here"


class RequestedRangeNotSatisfiable(HTTPException):
    """416 (RFC 9110 section 15.5.17).

    ``length``: the length of the representation, for the Content-Range field; ``units`` are those of the range.
    """

    code = 416
    description = "none of the requested ranges can be satisfied"

    def __init__(
        self, description: str | None = None, *, length: int | None = None, units: str = "bytes", **options: Any
    ) -> None:
        super().__init__(description, **options)
        self.length = length
        self.units = units

    def _own_headers(self) -> Iterable[tuple[str, str]]:
        return () if self.length is None else [("Content-Range", f"{self.units} */{self.length}")]


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
    """426 (RFC 9110 section 15.5.22)."""

    code = 426
    description = "another protocol is required"


class PreconditionRequired(HTTPException):
    """428 (RFC 6585 section 3)."""

    code = 428
    description = "the request must be conditional, e.g. with If-Match"


class _RetryAfter(HTTPException):
    """An error that may say when to try again: ``retry_after``, a datetime, a timedelta or seconds."""

    def __init__(
        self, description: str | None = None, *, retry_after: datetime | timedelta | int | None = None, **options: Any
    ) -> None:
        super().__init__(description, **options)
        self.retry_after = retry_after

    def _own_headers(self) -> Iterable[tuple[str, str]]:
        from .fields.durations import dump_retry_after

        return () if self.retry_after is None else [("Retry-After", dump_retry_after(self.retry_after))]


class TooManyRequests(_RetryAfter):
    """429 (RFC 6585 section 4). ``retry_after`` (a datetime, a timedelta or seconds) says when to try again."""

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
    """500 (RFC 9110 section 15.6.1)."""

    code = 500
    description = "the server met an error"


class NotImplemented(HTTPException):  # noqa: A001  -- Werkzeug's name, and the RFC's
    """501 (RFC 9110 section 15.6.2)."""

    code = 501
    description = "the server does not support this method"


class BadGateway(HTTPException):
    """502 (RFC 9110 section 15.6.3)."""

    code = 502
    description = "the server behind this one gave an invalid response"


class ServiceUnavailable(_RetryAfter):
    """503 (RFC 9110 section 15.6.4). ``retry_after`` (a datetime, a timedelta or seconds) says when to try again."""

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
    """Async code asked for something of the body before ``await request.load()``."""


class BodyConsumed(RuntimeError):
    """The body was streamed, or parsed as a form, and is no longer there to be read."""


class WrongMode(RuntimeError):
    """An awaiting twin (``aread``, ``load`` ...) was used in sync code, or a blocking one in async code."""


class MachineStateError(RuntimeError):
    """A machine was used out of order: fed after ``close()``, say. The program's fault, not the client's."""


#: status code -> the class that :func:`abort` raises for it
default_exceptions: dict[int, type[HTTPException]] = {
    cls.code: cls
    for cls in list(globals().values())
    if isinstance(cls, type)
    and issubclass(cls, HTTPException)
    and cls.code
    and cls.__base__ in (HTTPException, _RetryAfter)
}


def abort(status: Any, description: str | None = None, **options: Any) -> NoReturn:
    """Raise the :exc:`HTTPException` of a status code; ``options`` as its constructor takes them.

    ``status`` can also be a response, which is then sent as it is. Raises :exc:`LookupError` for a status that is
    no error with a class of its own.
    """
    if not isinstance(status, int):
        raise HTTPException(description, response=status, **options)
    try:
        cls = default_exceptions[status]
    except KeyError:
        raise LookupError(f"got status {status!r}, expected one of {sorted(default_exceptions)}") from None
    raise cls(description, **options)
