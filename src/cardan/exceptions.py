"""HTTP errors, which are exceptions that become responses, and the exceptions for wrong use of cardan.

::

    HTTPException                         .code .name .description .title .headers .members .get_response()
     +-- BadRequest                       400
     |    +-- BadRequestKeyError          400, also a KeyError: a key of `form` or `args` is missing
     |    +-- SecurityError               400: the request cannot be trusted (for example, its Host)
     |    +-- ClientDisconnected          400: the client disconnected before its body was complete
     |    +-- MultipartError              400: the body is not valid multipart/form-data
     |    +-- UrlencodedError             400: the body is not valid application/x-www-form-urlencoded
     +-- Unauthorized                     401
     ...                                  one class for each error status of RFC 9110 and its registry
     +-- RequestEntityTooLarge            413, with .limit .allowed .received; also named ContentTooLarge
     +-- RequestURITooLarge               414, also named URITooLong
     +-- RequestedRangeNotSatisfiable     416, also named RangeNotSatisfiable
     +-- UnprocessableEntity              422, also named UnprocessableContent
     ...

    RuntimeError
     +-- BodyNotLoaded                    async code used the body before `await request.load()`
     +-- BodyConsumed                     the body was already read as a stream, or parsed
     +-- WrongMode                        sync code used an async method, or async code a sync one
     +-- MachineStateError                a machine was fed after close(), or used out of order

An HTTP error is the fault of the client and becomes a response. A runtime error is the fault of the program and becomes
a 500 response.
"""

from __future__ import annotations

from .core._exceptions import (
    BadGateway,
    BadRequest,
    BadRequestKeyError,
    BodyConsumed,
    BodyNotLoaded,
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
    InsufficientStorage,
    InternalServerError,
    LengthRequired,
    Locked,
    LoopDetected,
    MachineStateError,
    MethodNotAllowed,
    MisdirectedRequest,
    MultipartError,
    NetworkAuthenticationRequired,
    NotAcceptable,
    NotFound,
    NotImplemented,  # noqa: A004  -- the name of the class for 501
    PaymentRequired,
    PreconditionFailed,
    PreconditionRequired,
    ProxyAuthenticationRequired,
    RangeNotSatisfiable,
    RequestedRangeNotSatisfiable,
    RequestEntityTooLarge,
    RequestHeaderFieldsTooLarge,
    RequestTimeout,
    RequestURITooLarge,
    SecurityError,
    ServiceUnavailable,
    TooEarly,
    TooManyRequests,
    Unauthorized,
    UnavailableForLegalReasons,
    UnprocessableContent,
    UnprocessableEntity,
    UnsupportedMediaType,
    UpgradeRequired,
    URITooLong,
    UrlencodedError,
    VariantAlsoNegotiates,
    WrongMode,
    abort,
    default_exceptions,
    problem_response,
)

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
]


def __dir__() -> list[str]:
    return sorted(__all__)
