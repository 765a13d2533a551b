"""BaseResponse: status, header fields and a body. It can be sent any number of times, over either protocol.

The body is text, bytes, or an iterable of them, sync or async.
:class:`~cardan.core._response.finalizer.ResponseFinalizer` decides what is sent; the response itself sends nothing.
Sending does not change the response.
"""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from math import inf
from types import NoneType
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, TypeAlias

from .._checks import check_assignments, check_spelling, check_type
from .._status import STATUS_LINES, checked_code, parse_status, status_line
from ..fields._cookies import cookie_identity, dump_cookie, prefix_demands
from ..fields._descriptors import FixedSetting, check_fixed_settings
from ..fields._syntax import OWS
from ..structures._headers import Headers, pairs_of, trusted_headers
from .body import ResponseBody, check_json_module
from .content_type import checked, with_charset
from .copies import Copies
from .outgoing import Outgoing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime, timedelta

__all__ = ["BaseResponse", "ResponseBody", "ResponseStatus"]

ResponseStatus: TypeAlias = "int | str | HTTPStatus | None"

#: the settings that a subclass of a response may have, and their types
_SETTINGS: Final[dict[str, tuple[tuple[type, ...], str]]] = {
    "default_status": ((int,), "an int"),
    "default_mimetype": ((str, NoneType), "a str or None"),
    "max_cookie_size": ((int,), "a number of bytes"),
    "json_module": ((object,), "a module with loads and dumps"),
    "implicit_sequence_conversion": ((bool,), "a bool"),
    "automatically_set_content_length": ((bool,), "a bool"),
    "autocorrect_location_header": ((bool,), "a bool"),
    "direct_passthrough": ((bool,), "a bool"),
    "keep_alive": ((int, float, NoneType), "a number of seconds or None"),
}


def _check(name: str, value: Any) -> None:
    """Raise :exc:`TypeError` or :exc:`ValueError` for a wrong value of a setting."""
    check_type(name, value, *_SETTINGS[name])
    if name == "default_status":
        checked_code(value)
    elif name in ("keep_alive", "max_cookie_size") and value is not None and not 0 <= value < inf:
        raise ValueError(f"got {name} = {value!r}, expected a number that is finite and not below zero")


#: The settings that are checked when they are assigned to a response. Those of a class are not: it has to be asked
#: for them in each request. ``automatically_set_content_length`` is one of the few things that the smallest response
#: asks, so that it is checked where the slow path of sending asks.
_ASSIGNED: Final = {
    name: partial(_check, name)
    for name in (
        "autocorrect_location_header", "direct_passthrough", "implicit_sequence_conversion", "keep_alive",
        "max_cookie_size",
    )
}  # fmt: skip


class BaseResponse(Copies, Outgoing):
    """A response. ``response`` is its body: text, bytes, an iterable or an async iterable of them, or None.

    Any bytes-like object may be given in place of bytes. It is copied. A chunk of another type raises :exc:`TypeError`
    when it is sent.

    ``status`` is a code, a :class:`~http.HTTPStatus` or a line like ``"404 Not Found"``. ``headers`` are copied. A text
    ``mimetype`` gets ``; charset=utf-8``. ``content_type`` is used unchanged, and overrides ``mimetype``. With
    ``direct_passthrough`` the server gets the iterable unchanged (for ``wsgi.file_wrapper``).
    """

    __module__ = "cardan.core"

    if TYPE_CHECKING:
        charset: ClassVar[Literal["utf-8"]]
        """The charset of text. It cannot be changed."""
    else:
        charset = FixedSetting("utf-8")
    default_status: ClassVar[int] = 200
    """The status of a response that is given none."""
    default_mimetype: ClassVar[str | None] = "text/plain"
    """The media type of a response that is given none; None for no Content-Type."""
    max_cookie_size: ClassVar[int] = 4093
    """The size in bytes above which a Set-Cookie causes a warning, because browsers may drop it (RFC 6265 section 6.1).

    0: no warning."""

    def __init__(
        self,
        response: ResponseBody = None,
        status: ResponseStatus = None,
        headers: Mapping[str, Any] | Iterable[tuple[str, Any]] | None = None,
        mimetype: str | None = None,
        content_type: str | None = None,
        direct_passthrough: bool = False,
    ) -> None:
        self._headers = self._hooks = self._own_length = self._reason = self._content_type = None
        if type(response) is str:
            self._body = response.encode()
        elif type(response) is bytes:
            self._body = response
        elif response is None:
            self._body = b""
        else:
            self._set_response(response)
        if status is None:
            self._code = self.default_status
        elif type(status) is int and 100 <= status <= 599:
            self._code = status
        else:
            self.status = status
        if direct_passthrough is not False:
            check_type("direct_passthrough", direct_passthrough, bool, "a bool")
            self.direct_passthrough = True
        if headers:
            self._set_headers(headers, mimetype, content_type)
        elif content_type is not None:
            self._content_type = checked(content_type)
        elif mimetype is not None:
            self._content_type = with_charset(mimetype)
        elif self.default_mimetype is not None:
            self._content_type = with_charset(self.default_mimetype)

    def _set_headers(self, headers: Any, mimetype: str | None, content_type: str | None) -> None:
        fields = self._headers = Headers(headers)
        pairs = pairs_of(fields)
        names = [name.lower() for name, _ in pairs]
        typed = "content-type" in names
        if mimetype is None and not typed:
            mimetype = self.default_mimetype
        if content_type is not None:
            content_type = checked(content_type)
        elif mimetype is not None:
            content_type = with_charset(mimetype)
        if typed and content_type is not None:
            fields["Content-Type"] = content_type
        elif content_type is not None:
            pairs.append(("Content-Type", content_type))
        if "content-length" not in names:
            self._add_length(pairs)

    def _add_length(self, pairs: list[tuple[str, str]]) -> None:
        """Add the Content-Length of a body of text or bytes, unless the program has set one."""
        body = self._body
        if (body is not None or self._was_bytes) and self.automatically_set_content_length:
            self._own_length = length = str(len(body) if body is not None else self._buffered_length())
            pairs.append(("Content-Length", length))

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        check_fixed_settings(cls, vars(BaseResponse)["charset"])
        check_json_module(cls.json_module)
        check_spelling(cls, _SETTINGS)
        for name in _SETTINGS:
            if name in cls.__dict__ and not hasattr(value := cls.__dict__[name], "__get__"):
                _check(name, value)
        for name, check in _ASSIGNED.items():
            check_assignments(cls, name, check)
        cls._has_own_headers = cls.headers is not BaseResponse.headers

    # --- status and headers ---

    @property
    def status_code(self) -> int:
        """The status code, from 100 to 599. Setting it also sets the reason phrase of RFC 9110."""
        return self._code

    @status_code.setter
    def status_code(self, code: int) -> None:
        self._code = checked_code(code)
        self._reason = None

    @property
    def status(self) -> str:
        """Status code and reason phrase, such as ``"404 Not Found"``. ASGI does not send a phrase of your own.

        It can be set to a code, an :class:`~http.HTTPStatus` or such a text. A text without a code, and a code that is
        not from 100 to 599 (RFC 9110 section 15), raise ValueError.
        """
        if self._reason is None:
            return STATUS_LINES.get(self._code) or status_line(self._code)
        return f"{self._code} {self._reason}".rstrip()

    @status.setter
    def status(self, status: str | int | HTTPStatus) -> None:
        if isinstance(status, int):
            self.status_code = status
            return
        if not isinstance(status, str):
            raise TypeError(f"got a status of type {type(status).__name__}, expected an int or a str")
        self._code, line = parse_status(status)
        self._reason = None if line == status_line(self._code) else line.partition(" ")[2]

    @property
    def headers(self) -> Headers:
        """The header fields. Changes of them are sent."""
        headers = self._headers
        if headers is None:
            kind = self._content_type
            made = trusted_headers([("Content-Type", kind)] if kind is not None else [])
            self._add_length(pairs_of(made))
            values = self.__dict__
            self._headers = headers = values.setdefault("_made_headers", made)  # atomic: the first thread's
            # headers were assigned meanwhile
            while (latest := values["_made_headers"]) is not headers:  # pragma: no cover: a thread between two opcodes
                self._headers = headers = latest
        return headers

    @headers.setter
    def headers(self, headers: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> None:
        made = Headers(headers)
        self._own_length = None
        self.__dict__["_made_headers"] = self._headers = made

    @property
    def content_type(self) -> str | None:
        """The Content-Type as it is sent; None removes it."""
        return self._content_type if self._headers is None else self._headers.get("Content-Type")

    @content_type.setter
    def content_type(self, value: str | None) -> None:
        self.headers["Content-Type"] = None if value is None else checked(value)

    @property
    def mimetype(self) -> str | None:
        """The media type without parameters, in lower case. Setting a text type adds ``; charset=utf-8``."""
        kind = self.content_type
        return kind.partition(";")[0].strip(OWS).lower() if kind else None

    @mimetype.setter
    def mimetype(self, value: str) -> None:
        self.content_type = with_charset(value)

    def set_cookie(
        self,
        key: str,
        value: str = "",
        max_age: timedelta | int | None = None,
        expires: datetime | str | float | None = None,
        path: str | None = "/",
        domain: str | None = None,
        secure: bool = False,
        httponly: bool = False,
        samesite: str | None = None,
        partitioned: bool = False,
    ) -> None:
        """Add a Set-Cookie field (RFC 6265bis section 4.1), in place of one for the same cookie.

        A cookie is the same if name, domain and path are, and if both or none are partitioned. The parameters are those
        of :func:`cardan.http.dump_cookie`: ``max_age`` is a number of seconds or a timedelta; None makes a session
        cookie. Raises :exc:`ValueError` for a cookie that a browser would refuse, or an attribute that it would ignore.
        """
        cookie = dump_cookie(
            key, value, max_age=max_age, expires=expires, path=path, domain=domain, secure=secure,
            httponly=httponly, samesite=samesite, partitioned=partitioned,
        )  # fmt: skip
        most = self.max_cookie_size
        if most and len(cookie) > most:
            import warnings

            message = f"got a cookie {key!r} of {len(cookie)} bytes, browsers keep {most}"
            warnings.warn(message, stacklevel=2)
        headers = self.headers
        fields = pairs_of(headers)
        for at in range(len(fields) - 1, -1, -1):
            name, text = fields[at]
            if (
                text.startswith(key)
                and name.lower() == "set-cookie"
                and cookie_identity(text) == cookie_identity(cookie)
            ):
                del fields[at]
        headers.add("Set-Cookie", cookie)

    def delete_cookie(
        self,
        key: str,
        path: str | None = "/",
        domain: str | None = None,
        *,
        secure: bool = False,
        httponly: bool = False,
        samesite: str | None = None,
        partitioned: bool = False,
    ) -> None:
        """Make the browser delete a cookie. ``path`` and ``domain`` must be those of :meth:`set_cookie`.

        What the prefix of a name such as ``__Host-session`` demands is set, whatever the arguments say: browsers have
        no such cookie without it.
        """
        wants_secure, wants_host, wants_http = prefix_demands(key)
        if wants_host:
            path, domain = "/", None
        secure, httponly = secure or wants_secure, httponly or wants_http
        self.set_cookie(
            key, "", max_age=0, expires=0, path=path, domain=domain, secure=secure,
            httponly=httponly, samesite=samesite, partitioned=partitioned,
        )  # fmt: skip

    def _finish_frozen(self, no_etag: bool) -> None:
        self._write_length(self._buffered_length() or 0)

    def __repr__(self) -> str:
        size = f"{self._known_length()} bytes" if self.is_sequence else "streamed"
        return f"<{type(self).__name__} {size} [{self.status}]>"


for _name, _check_one in _ASSIGNED.items():
    check_assignments(BaseResponse, _name, _check_one)
