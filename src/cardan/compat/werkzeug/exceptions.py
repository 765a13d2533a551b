"""``werkzeug.exceptions``: the HTTP errors.

They are those of :mod:`cardan.exceptions`, so that ``except`` also finds what cardan itself raises. Four of them have
the name of RFC 9110 section 15.5, too: ``ContentTooLarge``, ``URITooLong``, ``RangeNotSatisfiable`` and
``UnprocessableContent``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from ...core._exceptions import (
    BadGateway,
    BadRequest,
    BadRequestKeyError,
    ClientDisconnected,
    Conflict,
    ContentTooLarge,
    ExpectationFailed,
    FailedDependency,
    Forbidden,
    GatewayTimeout,
    Gone,
    HTTPException,
    HTTPVersionNotSupported,
    ImATeapot,
    InternalServerError,
    LengthRequired,
    Locked,
    MethodNotAllowed,
    MisdirectedRequest,
    NotAcceptable,
    NotFound,
    NotImplemented,  # noqa: A004 - Werkzeug's name
    PreconditionFailed,
    PreconditionRequired,
    RangeNotSatisfiable,
    RequestedRangeNotSatisfiable,
    RequestEntityTooLarge,
    RequestHeaderFieldsTooLarge,
    RequestTimeout,
    RequestURITooLarge,
    SecurityError,
    ServiceUnavailable,
    TooManyRequests,
    Unauthorized,
    UnavailableForLegalReasons,
    UnprocessableContent,
    UnprocessableEntity,
    UnsupportedMediaType,
    URITooLong,
    default_exceptions,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...core._problem import ResponseLike

__all__ = [
    "Aborter",
    "BadGateway",
    "BadHost",
    "BadRequest",
    "BadRequestKeyError",
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
    "RangeNotSatisfiable",
    "RequestEntityTooLarge",
    "RequestHeaderFieldsTooLarge",
    "RequestTimeout",
    "RequestURITooLarge",
    "RequestedRangeNotSatisfiable",
    "SecurityError",
    "ServiceUnavailable",
    "TooManyRequests",
    "URITooLong",
    "Unauthorized",
    "UnavailableForLegalReasons",
    "UnprocessableContent",
    "UnprocessableEntity",
    "UnsupportedMediaType",
    "abort",
    "default_exceptions",
]


class BadHost(BadRequest):
    """400: the host of the request is not valid. cardan itself raises :exc:`SecurityError`."""


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
