"""``werkzeug.utils``: redirects, files, properties and helpers for imports."""

from __future__ import annotations

import os
import pkgutil
import re
import unicodedata
from importlib import import_module
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Generic, Self, TypeVar, overload
from urllib.parse import quote

from ... import _response
from ..._response import Response
from ...core._exceptions import NotFound
from ...core._response.content_type import with_charset
from ...files import _sending
from ...files._joining import safe_join
from ...files._opening import is_missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime
    from wsgiref.types import WSGIEnvironment

__all__ = [
    "ImportStringError",
    "append_slash_redirect",
    "cached_property",
    "environ_property",
    "find_modules",
    "get_content_type",
    "header_property",
    "import_string",
    "redirect",
    "secure_filename",
    "send_file",
    "send_from_directory",
]

R = TypeVar("R", bound=Response)
T = TypeVar("T")

_MISSING: Any = object()
_NOT_IN_NAME: Final = re.compile(r"[^A-Za-z0-9_.-]")
_DEVICES: Final = frozenset(["AUX", "CON", "NUL", "PRN"] + [f"{port}{n}" for port in ("COM", "LPT") for n in range(10)])


# --- responses ---


@overload
def redirect(location: str, code: int = 302, Response: None = None) -> Response: ...
@overload
def redirect(location: str, code: int = 302, *, Response: type[R]) -> R: ...
@overload
def redirect(location: str, code: int, Response: type[R]) -> R: ...
def redirect(location: str, code: int = 302, Response: Any = None) -> Any:
    """A response that redirects to ``location`` (RFC 9110 section 15.4); see :func:`cardan.redirect`.

    The parameters are those of Werkzeug: ``code`` is the status, and ``Response`` the class of the response.

    >>> redirect("/new").location
    '/new'
    """
    return _response.redirect(location, code, response_class=Response or _response.Response)


def append_slash_redirect(environ: WSGIEnvironment, code: int = 308) -> Response:
    """A redirect to the URL of the request with a slash after its path. The location is relative.

    The last part of the path is percent-encoded, so that it is neither a scheme nor a query: nothing in the path can
    lead to another server.

    >>> append_slash_redirect({"PATH_INFO": "/users/42", "QUERY_STRING": "a=1"}).location
    '42/?a=1'
    """
    last = quote(environ.get("PATH_INFO", "").rpartition("/")[2].encode("latin-1"), safe="")
    query = environ.get("QUERY_STRING")
    return redirect((f"{last}/" if last else "./") + (f"?{query}" if query else ""), code)


def send_file(
    path_or_file: str | os.PathLike[str] | BinaryIO,
    environ: WSGIEnvironment,
    mimetype: str | None = None,
    as_attachment: bool = False,
    download_name: str | None = None,
    conditional: bool = True,
    etag: bool | str = True,
    last_modified: datetime | float | None = None,
    max_age: int | Callable[[str | None], int | None] | None = None,
    use_x_sendfile: bool = False,
    response_class: type[Response] | None = None,
    _root_path: str | os.PathLike[str] | None = None,
) -> Response:
    """A response that sends a file; see :func:`cardan.files.send_file`. The parameters are those of Werkzeug.

    ``max_age`` may be a function that takes the path, None for an open file. A relative path is below ``_root_path``.
    With ``use_x_sendfile`` the server sends the file, whose path is in the X-Sendfile field.
    """
    path = None
    if isinstance(path_or_file, (str, os.PathLike)):
        path_or_file = path = os.path.join(_root_path or "", os.fspath(path_or_file))
        download_name = download_name or os.path.basename(path)
    seconds = max_age(path) if callable(max_age) else max_age
    response = _sending.send_file(
        path_or_file,
        environ,
        mimetype=mimetype,
        as_attachment=as_attachment,
        download_name=download_name,
        conditional=conditional,
        etag=etag,
        last_modified=last_modified,
        max_age=seconds,
        response_class=response_class or Response,
    )
    if seconds:
        response.cache_control.public = True
    if use_x_sendfile and path is not None:
        response.close()
        response.response = []
        response.headers["X-Sendfile"] = os.path.abspath(path)
        response.headers.remove("Content-Length")
    # programs look at this before they read the body of a response; a 416 has a body of bytes
    response.direct_passthrough = not response.is_sequence
    return response


def send_from_directory(
    directory: str | os.PathLike[str], path: str | os.PathLike[str], environ: WSGIEnvironment, **kwargs: Any
) -> Response:
    """The response of :func:`send_file` for a ``path`` that a client sent, below ``directory``.

    Raises :exc:`NotFound` if there is no such file, or if the path leads out of the directory.
    """
    joined = safe_join(os.path.join(kwargs.pop("_root_path", None) or "", os.fspath(directory)), os.fspath(path))
    if joined is None:
        raise NotFound
    try:
        return send_file(joined, environ, **kwargs)
    except OSError as error:
        if is_missing(error):
            raise NotFound from error
        raise


def get_content_type(mimetype: str, charset: str) -> str:
    """``mimetype`` with a ``charset`` parameter, if it is a type of text.

    >>> get_content_type("text/html", "utf-8"), get_content_type("image/png", "utf-8")
    ('text/html; charset=utf-8', 'image/png')
    """
    is_text = with_charset(mimetype) != mimetype or mimetype.endswith("+xml")
    return f"{mimetype}; charset={charset}" if is_text else mimetype


def secure_filename(filename: str) -> str:
    """A name that is safe to store a file under, made of ASCII letters, digits, ``.``, ``_`` and ``-``.

    Accents are dropped, and slashes and spaces become underscores. The result may be empty.
    ``FileStorage.safe_filename`` keeps characters outside ASCII, and is never empty.

    >>> secure_filename("../My holidays.jpg")
    'My_holidays.jpg'
    """
    plain = filename
    if not plain.isascii():
        # each character by itself: to sort a long run of combining marks takes quadratic time, and none of them is kept
        plain = "".join([unicodedata.normalize("NFKD", char) for char in filename])
        plain = plain.encode("ascii", "ignore").decode("ascii")
    for separator in filter(None, (os.sep, os.altsep)):
        plain = plain.replace(separator, " ")
    name = _NOT_IN_NAME.sub("", "_".join(plain.split())).strip("._")
    if os.name == "nt" and name.partition(".")[0].upper() in _DEVICES:
        return f"_{name}"
    return name


# --- properties ---


class cached_property(property, Generic[T]):
    """A property that is computed once for each object. It can be set, and deleted to have it computed again.

    The class may have ``__slots__`` if one of them is named ``_cache_`` and the name of the property.
    :func:`functools.cached_property` does the same for classes with ``__dict__``.
    """

    def __init__(self, fget: Callable[[Any], T], name: str | None = None, doc: str | None = None) -> None:
        super().__init__(fget)
        self._compute = fget
        self.__doc__ = fget.__doc__ if doc is None else doc
        self.__name__ = name or fget.__name__
        self.__module__ = fget.__module__

    def __set_name__(self, owner: type, name: str) -> None:
        """Keep the name: since Python 3.15, a property takes that of its attribute."""

    @property
    def slot_name(self) -> str:
        """The name of the slot for the value, in a class with ``__slots__``."""
        return f"_cache_{self.__name__}"

    @overload
    def __get__(self, obj: None, owner: type | None = None) -> Self: ...
    @overload
    def __get__(self, obj: object, owner: type | None = None) -> T: ...
    def __get__(self, obj: Any, owner: type | None = None) -> Any:
        if obj is None:
            return self
        values = getattr(obj, "__dict__", None)
        known = getattr(obj, self.slot_name, _MISSING) if values is None else values.get(self.__name__, _MISSING)
        if known is _MISSING:
            known = self._compute(obj)
            self.__set__(obj, known)
        return known

    def __set__(self, obj: object, value: T) -> None:
        if hasattr(obj, "__dict__"):
            obj.__dict__[self.__name__] = value
        else:
            setattr(obj, self.slot_name, value)

    def __delete__(self, obj: object) -> None:
        if hasattr(obj, "__dict__"):
            del obj.__dict__[self.__name__]
        else:
            delattr(obj, self.slot_name)


class _MappingProperty(Generic[T]):
    """An attribute that is a value of a mapping: subclasses say of which one."""

    read_only = False

    def __init__(
        self,
        name: str,
        default: T | None = None,
        load_func: Callable[[str], T] | None = None,
        dump_func: Callable[[T], str] | None = None,
        read_only: bool | None = None,
        doc: str | None = None,
    ) -> None:
        self.name = name
        self.default = default
        self.load_func = load_func
        self.dump_func = dump_func
        if read_only is not None:
            self.read_only = read_only
        self.__doc__ = doc

    def lookup(self, obj: Any) -> Any:
        """The mapping."""
        raise NotImplementedError

    @overload
    def __get__(self, obj: None, owner: type | None = None) -> Self: ...
    @overload
    def __get__(self, obj: object, owner: type | None = None) -> T: ...
    def __get__(self, obj: Any, owner: type | None = None) -> Any:
        if obj is None:
            return self
        values = self.lookup(obj)
        if self.name not in values:
            return self.default
        if self.load_func is None:
            return values[self.name]
        try:
            return self.load_func(values[self.name])
        except (TypeError, ValueError):
            return self.default

    def __set__(self, obj: object, value: T) -> None:
        if self.read_only:
            raise AttributeError(f"{self.name} is read-only")
        self.lookup(obj)[self.name] = value if self.dump_func is None else self.dump_func(value)

    def __delete__(self, obj: object) -> None:
        if self.read_only:
            raise AttributeError(f"{self.name} is read-only")
        self.lookup(obj).pop(self.name, None)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"


class environ_property(_MappingProperty[T]):
    """An attribute that is a value of the WSGI environ; read-only unless ``read_only=False``.

    ``default`` is the value if the environ has none, or if ``load_func`` raises ValueError or TypeError for it. The
    object needs an attribute ``environ``, which a request has on WSGI only.

    >>> from cardan.compat.werkzeug.wrappers import Request
    >>> class MyRequest(Request):
    ...     server_port = environ_property("SERVER_PORT", load_func=int)
    """

    read_only = True

    def lookup(self, obj: Any) -> Mapping[str, Any]:
        """The environ of the object."""
        environ: Mapping[str, Any] = obj.environ
        return environ


class header_property(_MappingProperty[T]):
    """An attribute that is a header field of ``headers``. :func:`cardan.header_field` has the same purpose.

    ``default`` is the value if the field is missing, or if ``load_func`` raises ValueError or TypeError for it.
    ``dump_func`` gives the text of a value that is set.
    """

    def lookup(self, obj: Any) -> Any:
        """The header fields of the object."""
        return obj.headers


# --- imports ---


def import_string(import_name: str, silent: bool = False) -> Any:
    """The module or object with this name, such as ``"xml.sax.saxutils.escape"`` or ``"xml.sax.saxutils:escape"``.

    Raises :exc:`ImportStringError`; with ``silent`` the result is None instead.
    """
    name = import_name.replace(":", ".")
    try:
        try:
            return import_module(name)
        except ModuleNotFoundError as error:
            parent, _, attribute = name.rpartition(".")
            if not parent or not f"{name}.".startswith(f"{error.name}."):
                raise  # the module is there, and imports another one that is not
        module = import_module(parent)
        if not hasattr(module, attribute):
            raise ImportError(f"module {parent!r} has no attribute {attribute!r}")
    except ImportError as error:
        if silent:
            return None
        # the traceback shows the line of the module that has failed
        raise ImportStringError(import_name, error).with_traceback(error.__traceback__) from error
    return getattr(module, attribute)


def find_modules(import_path: str, include_packages: bool = False, recursive: bool = False) -> Iterator[str]:
    """The full names of the modules of a package, which is imported.

    ``include_packages`` adds the names of its packages. ``recursive`` adds their modules. Raises :exc:`ValueError` if
    ``import_path`` is not the name of a package.
    """
    package = import_module(import_path)
    if not hasattr(package, "__path__"):
        raise ValueError(f"got {import_path!r}, expected the name of a package")
    for found in pkgutil.iter_modules(package.__path__, f"{import_path}."):
        if not found.ispkg or include_packages:
            yield found.name
        if found.ispkg and recursive:
            yield from find_modules(found.name, include_packages, True)


class ImportStringError(ImportError):
    """:func:`import_string` has found nothing. ``import_name`` is the name, and ``exception`` what was raised."""

    def __init__(self, import_name: str, exception: BaseException) -> None:
        super().__init__(f"got {import_name!r}, expected the name of a module or of an object in one: {exception}")
        self.import_name = import_name
        self.exception = exception


def __dir__() -> list[str]:
    return sorted(__all__)
