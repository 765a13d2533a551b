"""``werkzeug.exceptions``: the HTTP errors.

They are those of :mod:`cardan.exceptions`, so that ``except`` also finds what cardan itself raises. The classes whose
other arguments come before the description in Werkzeug are subclasses of them that take the arguments in that order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from ...core import _exceptions as main
from ...core._exceptions import (
    BadGateway,
    BadRequest,
    BadRequestKeyError,
    ClientDisconnected,
    Conflict,
    ExpectationFailed,
    FailedDependency,
    Forbidden,
    GatewayTimeout,
    Gone,
    HTTPException,
    HTTPVersionNotSupported,
    ImATeapot,
    LengthRequired,
    Locked,
    MisdirectedRequest,
    NotAcceptable,
    NotFound,
    NotImplemented,  # noqa: A004 - Werkzeug's name
    PreconditionFailed,
    PreconditionRequired,
    RequestEntityTooLarge,
    RequestHeaderFieldsTooLarge,
    RequestTimeout,
    RequestURITooLarge,
    SecurityError,
    UnavailableForLegalReasons,
    UnprocessableEntity,
    UnsupportedMediaType,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime, timedelta
    from typing import Unpack

    from ...core._exceptions import KeywordOptions
    from ...core._problem import ResponseLike
    from ...datastructures import Challenge

__all__ = [
    "Aborter",
    "BadGateway",
    "BadHost",
    "BadRequest",
    "BadRequestKeyError",
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
    "InternalServerError",
    "LengthRequired",
    "Locked",
    "MethodNotAllowed",
    "MisdirectedRequest",
    "NotAcceptable",
    "NotFound",
    "NotImplemented",
    "PreconditionFailed",
    "PreconditionRequired",
    "RequestEntityTooLarge",
    "RequestHeaderFieldsTooLarge",
    "RequestTimeout",
    "RequestURITooLarge",
    "RequestedRangeNotSatisfiable",
    "SecurityError",
    "ServiceUnavailable",
    "TooManyRequests",
    "Unauthorized",
    "UnavailableForLegalReasons",
    "UnprocessableEntity",
    "UnsupportedMediaType",
    "abort",
    "default_exceptions",
]


class BadHost(BadRequest):
    """400: the host of the request is not valid. cardan itself raises :exc:`SecurityError`."""


class Unauthorized(main.Unauthorized):
    """401; see :class:`cardan.exceptions.Unauthorized`. The parameters are in the order of Werkzeug.

    >>> from cardan.compat.werkzeug.datastructures import WWWAuthenticate
    >>> Unauthorized("Who are you?", None, WWWAuthenticate("basic", {"realm": "staff"})).www_authenticate.to_header()
    'Basic realm="staff"'
    """

    def __init__(
        self,
        description: str | None = None,
        response: ResponseLike | None = None,
        www_authenticate: str | Challenge | Iterable[Challenge] | None = None,
        **options: Unpack[KeywordOptions],
    ) -> None:
        super().__init__(description, response=response, www_authenticate=www_authenticate, **options)


class MethodNotAllowed(main.MethodNotAllowed):
    """405; see :class:`cardan.exceptions.MethodNotAllowed`. The parameters are in the order of Werkzeug.

    >>> MethodNotAllowed(["GET", "HEAD"]).valid_methods
    ['GET', 'HEAD']
    """

    def __init__(
        self,
        valid_methods: Iterable[str] | None = None,
        description: str | None = None,
        response: ResponseLike | None = None,
        **options: Unpack[KeywordOptions],
    ) -> None:
        super().__init__(description, response=response, valid_methods=valid_methods, **options)


class RequestedRangeNotSatisfiable(main.RequestedRangeNotSatisfiable):
    """416; see :class:`cardan.exceptions.RequestedRangeNotSatisfiable`. The parameters are in the order of Werkzeug."""

    def __init__(
        self,
        length: int | None = None,
        units: str = "bytes",
        description: str | None = None,
        response: ResponseLike | None = None,
        **options: Unpack[KeywordOptions],
    ) -> None:
        super().__init__(description, response=response, length=length, units=units, **options)


class TooManyRequests(main.TooManyRequests):
    """429; see :class:`cardan.exceptions.TooManyRequests`. The parameters are in the order of Werkzeug."""

    def __init__(
        self,
        description: str | None = None,
        response: ResponseLike | None = None,
        retry_after: datetime | timedelta | int | None = None,
        **options: Unpack[KeywordOptions],
    ) -> None:
        super().__init__(description, response=response, retry_after=retry_after, **options)


class InternalServerError(main.InternalServerError):
    """500; see :class:`cardan.exceptions.InternalServerError`. The parameters are in the order of Werkzeug."""

    def __init__(
        self,
        description: str | None = None,
        response: ResponseLike | None = None,
        original_exception: BaseException | None = None,
        **options: Any,
    ) -> None:
        super().__init__(description, response=response, original_exception=original_exception, **options)


class ServiceUnavailable(main.ServiceUnavailable):
    """503; see :class:`cardan.exceptions.ServiceUnavailable`. The parameters are in the order of Werkzeug."""

    def __init__(
        self,
        description: str | None = None,
        response: ResponseLike | None = None,
        retry_after: datetime | timedelta | int | None = None,
        **options: Unpack[KeywordOptions],
    ) -> None:
        super().__init__(description, response=response, retry_after=retry_after, **options)


#: Maps each status code to the class that :func:`abort` raises.
default_exceptions: dict[int, type[HTTPException]] = {
    **main.default_exceptions,
    401: Unauthorized,
    405: MethodNotAllowed,
    416: RequestedRangeNotSatisfiable,
    429: TooManyRequests,
    500: InternalServerError,
    503: ServiceUnavailable,
}


class Aborter:
    """A function like :func:`abort` with a mapping of its own from status codes to classes.

    ``mapping`` replaces :data:`default_exceptions`, and ``extra`` adds to it.
    """

    def __init__(
        self,
        mapping: Mapping[int, type[HTTPException]] | None = None,
        extra: Mapping[int, type[HTTPException]] | None = None,
    ) -> None:
        self.mapping = {**(default_exceptions if mapping is None else mapping), **(extra or {})}

    def __call__(self, code: int | ResponseLike, *args: Any, **kwargs: Any) -> NoReturn:
        """Raise the HTTP error for ``code``, made from the other arguments. A response is sent as it is.

        Raises :exc:`LookupError` for a status code without a class.
        """
        if isinstance(code, (str, type)):
            raise LookupError(f"got status {code!r}, expected one of {sorted(self.mapping)} as a number, or a response")
        if not isinstance(code, int):
            raise HTTPException(response=code)
        if code not in self.mapping:
            raise LookupError(f"got status {code!r}, expected one of {sorted(self.mapping)}")
        raise self.mapping[code](*args, **kwargs)


def abort(status: int | ResponseLike, *args: Any, **kwargs: Any) -> NoReturn:
    """Raise the HTTP error for ``status``, made from the other arguments. A response is sent as it is.

    Raises :exc:`LookupError` for a status code that is not in :data:`default_exceptions`.
    """
    _aborter(status, *args, **kwargs)


_aborter = Aborter()


def __dir__() -> list[str]:
    return sorted(__all__)
