"""BodyAccess: the doors to a request's body, one API for sync and async code.

``data``, ``text``, ``json``, ``form``, ``files``, ``values`` are plain properties. In sync mode they read; in async
mode ``await request.load()`` reads, and before it they raise :exc:`BodyNotLoaded`. What a door does stands once, as a
routine in :mod:`.body` and :mod:`.data_reader`; it is run by calling or by awaiting.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

from ..structures import CombinedMultiDict, ImmutableMultiDict
from .cached import cached
from .json_access import JSONMixin
from .streaming import StreamingMixin

if TYPE_CHECKING:
    from ..forms.files import FileStorage
    from ..forms.form import Form

__all__ = ["BodyAccess", "make_storage"]


class BodyAccess(JSONMixin, StreamingMixin):
    """The body of a request; mixed into :class:`~cardan.core.request.BaseRequest`."""

    parameter_storage_class: type[Any] = ImmutableMultiDict
    """The class of ``args`` and ``form``."""
    disable_data_descriptor: bool = False
    """True: ``data`` raises AttributeError, so that nothing is buffered by accident."""

    if TYPE_CHECKING:

        @property
        def args(self) -> ImmutableMultiDict[str, str]:
            """The parameters of the query string."""
            ...

        @property
        def method(self) -> str:
            """The method."""
            ...

    # --- bytes and text ---

    if TYPE_CHECKING:

        @overload
        def get_data(
            self, cache: bool = True, as_text: Literal[False] = False, parse_form_data: bool = False
        ) -> bytes: ...
        @overload
        def get_data(self, cache: bool = True, *, as_text: Literal[True], parse_form_data: bool = False) -> str: ...
        @overload
        def get_data(self, cache: bool, as_text: Literal[True], parse_form_data: bool = False) -> str: ...

    def get_data(self, cache: bool = True, as_text: bool = False, parse_form_data: bool = False) -> Any:
        """The whole body as bytes, or as text (UTF-8, U+FFFD for what is not) with ``as_text``.

        It is kept for every other door unless ``cache`` is false. After the form was parsed it is empty; with
        ``parse_form_data`` a form is parsed first. Raises as :meth:`load` does; 413 past ``max_data_memory``.
        """
        body = self._loaded("data")
        if parse_form_data and self.want_form_data_parsed:
            self._run(body, self._form_steps(body))
        raw = self._get_raw(body, cache)
        return raw.decode("utf-8", "replace") if as_text else raw

    @property
    def data(self) -> bytes:
        """The body as bytes; ``b""`` where it is a form (then ``form`` and ``files`` have it)."""
        if self.disable_data_descriptor:
            raise AttributeError("data is disabled on this request class: use stream, iter_data() or form")
        return self.get_data(parse_form_data=True)

    @property
    def text(self) -> str:
        """The body as text: UTF-8, with U+FFFD for what is not."""
        return self.get_data(as_text=True)

    # --- forms ---

    def _parsed(self, name: str) -> Form | None:
        """The parsed form, None where the body is none."""
        known: Form | None = self.__dict__.get("_form_parsed")
        if known is not None:
            return known
        body = self._loaded(name)
        if not self.want_form_data_parsed:
            return None
        form = self.__dict__["_form_parsed"] = self._load_sync(body, True) if body.fresh else self._get_form(body)
        return form

    @cached
    def form(self) -> ImmutableMultiDict[str, str]:
        """The fields of the form that are not files; empty where the Content-Type is none of a form."""
        form = self._parsed("form")
        storage: ImmutableMultiDict[str, str]
        storage = make_storage(self.parameter_storage_class, form.fields if form is not None else [])
        return storage

    @cached
    def files(self) -> ImmutableMultiDict[str, FileStorage]:
        """The files of a multipart form, name to :class:`FileStorage`."""
        form = self._parsed("files")
        storage: ImmutableMultiDict[str, FileStorage]
        storage = make_storage(ImmutableMultiDict, form.files if form is not None else [])
        return storage

    @cached
    def values(self) -> CombinedMultiDict[str, str]:
        """``args`` and ``form`` in one; ``args`` alone on GET and HEAD, whose body is not looked at."""
        if self.method in ("GET", "HEAD"):
            self._loaded("values")  # the forgotten load() is found, whatever the method
            return CombinedMultiDict([self.args])
        return CombinedMultiDict([self.args, self.form])


def make_storage(cls: type[Any], pairs: list[tuple[str, Any]]) -> Any:
    """A container of ``pairs``, the quickest way that its class knows."""
    make = getattr(cls, "_from_pairs", cls)
    return make(pairs)
