"""BodyBase: loading a request's body, in async code by ``await request.load()``; what all of its doors stand on.

Raises what reading raises; the body remembers it, and the request what was refused unread.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any, Self

from ..body.form import Form
from ..body.urlencoded_decoder import straight_pairs
from ..exceptions import HTTPException
from .body import BATCH, FORM, Body, check_raw, load_raw, resumed
from .forms import MULTIPART, URLENCODED, FormHooks

if TYPE_CHECKING:
    from collections.abc import Generator

    from ..drive import Step

__all__ = ["BodyBase"]

#: what a body may have at most to be read at once
_SMALL = 65_536


class BodyBase(FormHooks):
    """The body of a request, below its doors."""

    async def load(self, *, form: bool = True) -> Self:
        """Read the body, so that the plain properties work in async code; parse it if it is a form, else keep it.

        ``form=False`` keeps the bytes whatever they are: what a middleware wants that must not eat the body.
        Calling it again costs nothing; concurrent callers share one read, and its failure. Returns the request. Raises
        :exc:`RequestEntityTooLarge`, :exc:`BadRequest`, :exc:`ClientDisconnected`; :exc:`BodyConsumed` where another
        door was first; :exc:`WrongMode` in sync code.
        """
        self._no_await("load()", "the properties themselves: they read")
        body = self._body
        while body.busy:
            await self._wait_for(body)
        body.busy = True
        try:
            first = b"" if (length := self._small_length(body, form)) is None else await self._aread_small(body, length)
            if not first or self._take_small(body, first, length, form) is None:
                await self._arun(body, self._load_steps(body, form, first))
        except HTTPException as error:
            self.__dict__["_failure"] = copy(error)
            raise
        finally:
            body.busy = False
            waiter, body.waiter = body.waiter, None
            if waiter is not None:
                waiter.set()
        return self

    def _load_sync(self, *, form: bool = True) -> Any:
        """What ``load()`` does, in sync code; returns the form or the bytes."""
        body = self._body
        first = b"" if (length := self._small_length(body, form)) is None else self._read_small(body, length)
        taken = self._take_small(body, first, length, form) if first else None
        return self._run(body, self._load_steps(body, form, first)) if taken is None else taken

    def _load_steps(self, body: Body, form: bool, first: bytes = b"") -> Generator[Step, Any, Any]:
        """The routine that loads the body; ``first`` is what was read of it already."""
        if form and self.want_form_data_parsed:
            return self._form_steps(body, first)
        return self._raw_steps(body, keep=True, first=first)

    async def _wait_for(self, body: Body) -> None:
        if body.waiter is None:
            body.waiter = self._make_event()
        await body.waiter.wait()

    def _make_event(self) -> Any:
        """An event of the event loop, with ``wait()`` and ``set()``: an adapter's to give, or a subclass's."""
        raise RuntimeError("got a second load() while the first one runs, expected one task to load the body")

    def _raw_steps(self, body: Body, *, keep: bool, first: bytes = b"") -> Generator[Step, Any, bytes]:
        steps = load_raw(body, self._declared_length, self.limits, keep=keep)
        return resumed(steps, first, more=True) if first else steps

    def _get_raw(self, keep: bool) -> bytes:
        body = self._body
        if body.raw is not None:  # nothing to read, and no routine to run
            return check_raw(body.raw, self.limits, memory=True)
        if keep and body.is_fresh:
            raw: bytes = self._load_sync(form=False)
            return raw
        return self._run(body, self._raw_steps(body, keep=keep))

    def _get_form(self, body: Body) -> Form:
        """The parsed form, in sync code."""
        if body.is_fresh:
            form: Form = self._load_sync()
            return form
        if body.forms and isinstance(known := body.forms.get(self._form_key()), Form):
            return known
        return self._run(body, self._form_steps(body))

    # --- the straight path of a small body: read at once, and a urlencoded form parsed at once ---

    def _small_length(self, body: Body, form: bool) -> int | None:
        """The length of a body that may take the straight path, None for any other."""
        if not body.is_fresh or (form and self.mimetype == MULTIPART):
            return None
        length = self._declared_length
        if length is None or not 0 < length <= _SMALL:
            return None
        for allowed in (self.max_content_length, self.max_data_memory):  # not all limits: that is a table of a dozen
            if allowed is not None and (type(allowed) is not int or length > allowed):
                return None
        return length

    def _read_small(self, body: Body, length: int) -> bytes:
        """What one read gives, and, where that is all, whatever else comes against the declaration."""
        try:
            data = body.source.read(BATCH, True)
            return data + body.source.read(BATCH, True) if len(data) == length else data
        except BaseException as error:
            body.fail(error)
            raise

    async def _aread_small(self, body: Body, length: int) -> bytes:
        """The awaiting twin of :meth:`_read_small`."""
        try:
            data = await body.source.aread(BATCH, True)
            return data + await body.source.aread(BATCH, True) if len(data) == length else data
        except BaseException as error:
            body.fail(error)
            raise

    def _take_small(self, body: Body, data: bytes, length: int | None, form: bool) -> Form | bytes | None:
        """The form, or the bytes, where ``data`` is all and as it should be; else the routines go on with it."""
        if len(data) != length:
            return None
        if not form or not self.want_form_data_parsed:
            body.raw = data
            return data
        plain = self.forms == "default" and type(self).make_form_data_parser is FormHooks.make_form_data_parser
        if not plain or self.mimetype != URLENCODED or (pairs := straight_pairs(data, self.limits)) is None:
            return None
        body.taken = FORM
        parsed = body.forms[self._form_key()] = Form(pairs)
        return parsed
