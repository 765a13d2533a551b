"""BodyBase: loading a request's body, in async code by ``await request.load()``; what all of its doors stand on.

Raises what reading raises; the body remembers it, and the request what was refused unread.
"""

from __future__ import annotations

from copy import copy
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, Self

from ..exceptions import HTTPException
from ..forms.body_reader import DEFAULTS
from ..forms.form import Form
from ..waiting import checkpoint, make_event
from .body import BATCH, FORM, Body, load_raw, resumed
from .forms import FormHooks
from .perform import perform
from .sharing import SharedRead

if TYPE_CHECKING:
    from collections.abc import Generator

    from ..drive import Step

__all__ = ["BodyBase"]

#: what a body may have at most to be read at once: no more than any size that a limit has by default
_SMALL: Final = 65_536
_sizes_of: Final = attrgetter("max_content_length", "max_data_memory", "max_form_memory_size", "max_form_memory_total")
_DEFAULT_SIZES: Final = _sizes_of(DEFAULTS)


class BodyBase(FormHooks):
    """The body of a request, below its doors."""

    async def load(self, *, form: bool = True) -> Self:
        """Read the body, so that the plain properties work in async code; parse it if it is a form, else keep it.

        ``form=False`` keeps the bytes whatever they are: what a middleware wants that must not eat the body.
        Calling it again costs nothing; concurrent callers share one read, and its failure. Where the task that reads is
        cancelled, another one that waits goes on with the read, and nothing is lost. Returns the request. Raises
        :exc:`RequestEntityTooLarge`, :exc:`BadRequest`, :exc:`ClientDisconnected`; :exc:`BodyConsumed` where another
        door was first; :exc:`WrongMode` in sync code.
        """
        if self._mode == "sync":
            self._no_await("load()", "the properties themselves: they read")
        body = self._body
        while body.driven:
            await self._wait_for(body)
        body.driven = True
        first, begun = b"", False
        try:
            if body.unfinished is not None:
                await self._go_on(body, body.unfinished)
            form = form and self.want_form_data_parsed
            if length := self._small_length(body):
                body.begin("load()")
                begun = True
                try:
                    first = await body.aread(BATCH, True)
                    taken = self._take_small(body, first, length, form) if first else None
                except BaseException as error:
                    if isinstance(error, Exception) or not body.waiting:
                        body.fail(error)
                    body.end()  # a cancelled read has taken nothing: a task that waits begins anew
                    raise
                if taken is not None:
                    body.end()
                    if body.blocks:  # the read was not cancelled, the task may have been: what was read is kept
                        await checkpoint()
                    return self
            steps = self._load_steps(body, form, first, begun=begun)
            act = perform(body, self._open_file, self._run_write, self._shield)
            await self._go_on(body, SharedRead(body, steps, act, self._shield))
        except HTTPException as error:
            self.__dict__["_failure"] = copy(error)
            raise
        finally:
            body.driven = False
            if body.waiter is not None:
                self._let_others(body)
        return self

    async def _go_on(self, body: Body, read: SharedRead) -> None:
        body.unfinished = read
        try:
            await read.run()
        finally:
            if read.is_over:
                body.unfinished = None

    async def _wait_for(self, body: Body) -> None:
        """Return when no other task loads the body: it was loaded, that failed, or the task was cancelled."""
        if body.waiter is None:
            body.waiter = make_event()
        body.waiting += 1
        if body.unfinished is not None:
            body.unfinished.protect()
        try:
            await body.waiter.wait()
        except BaseException as error:
            if body.waiting == 1 and not body.driven and body.unfinished is not None:  # nobody else is left
                body.driven = True
                try:
                    body.abandon()
                    await body.unfinished.abandon(error)
                finally:
                    body.unfinished = None
                    self._let_others(body)
            raise
        finally:
            body.waiting -= 1
            if body.unfinished is not None:
                body.unfinished.protect()

    @staticmethod
    def _let_others(body: Body) -> None:
        """This task no longer loads the body: another one may."""
        body.driven = False
        if body.waiter is not None:
            waiter, body.waiter = body.waiter, None
            waiter.set()

    def _load_sync(self, body: Body, form: bool) -> Any:
        """What ``load()`` does, in sync code; returns the form or the bytes."""
        first, begun = b"", False
        if length := self._small_length(body):
            body.begin(FORM if form else "get_data()")
            begun = True
            try:
                if body.fresh:  # another thread may have read it before this one began
                    first = body.read(BATCH, True)
                taken = self._take_small(body, first, length, form) if first else None
            except BaseException as error:
                body.fail(error)
                body.end()
                raise
            if taken is not None:
                body.end()
                return taken
        return self._run(body, self._load_steps(body, form, first, begun=begun))

    def _load_steps(self, body: Body, form: bool, first: bytes, *, begun: bool) -> Generator[Step, Any, Any]:
        """The routine that loads the body, parsing a ``form``; ``first`` is what was read of it already.

        ``begun``: the body was told that it is being read; the routine ends that, or this function where it raises.
        """
        try:
            if form:
                return self._form_steps(body, first, begun=begun)
            return self._raw_steps(body, keep=True, first=first, begun=begun)
        except BaseException:
            if begun:
                body.end()
            raise

    def _raw_steps(
        self, body: Body, *, keep: bool, first: bytes = b"", begun: bool = False
    ) -> Generator[Step, Any, bytes]:
        if body.raw is not None:
            self._admit_raw(body.raw, memory=True)
        else:
            self._admit(body, memory=True)
        steps = load_raw(body, self._declared_length, self.limits, keep=keep, begun=begun)
        return resumed(steps, first, more=True) if first else steps

    def _get_raw(self, body: Body, keep: bool) -> bytes:
        raw = body.raw
        if raw is not None:  # nothing to read, and no routine to run
            fits = len(raw) <= _SMALL and _fits(len(raw), _sizes_of(self))
            return raw if fits else self._admit_raw(raw, memory=True)
        if keep and body.fresh:
            loaded: bytes = self._load_sync(body, False)
            return loaded
        return self._run(body, self._raw_steps(body, keep=keep))

    def _get_form(self, body: Body) -> Form:
        """The form of a body that is not fresh: what was parsed of it, or what comes of the bytes that were kept."""
        known = body.form_of(self._form_settings()) if body.forms else None
        return known if isinstance(known, Form) else self._run(body, self._form_steps(body))

    # --- the straight path of a small body: read at once, and a usual form parsed at once ---

    def _small_length(self, body: Body) -> int:
        """The declared length of a body that nobody has touched, so small that no limit on sizes is passed; else 0."""
        if not body.fresh or "_is_filtered" in self.__dict__:
            return 0
        length = self._sent_length
        if length is None or length > _SMALL:
            return 0
        sizes = _sizes_of(self)  # not all limits: that is a table of a dozen
        return length if _fits(length, sizes) else 0

    def _may_receive(self, length: int) -> bool:
        """Whether a declared body of ``length`` bytes may be received before anybody asks for it: whether it cannot
        exceed a limit on sizes, so that no answer need wait for its end.
        """
        return _fits(length, _sizes_of(self))

    def _take_small(self, body: Body, data: bytes, length: int, form: bool) -> Form | bytes | None:
        """The form, or the bytes, where ``data`` is all and as it should be; else the routines go on with it."""
        if len(data) != length or not body.ended:
            return None
        if not form:
            body.keep(data)
            return data
        parser = self.make_form_data_parser(length)
        parsed: Form | None = parser.take(data, True) if hasattr(parser, "take") else None
        if parsed is not None:
            self.__dict__["_form_parsed"] = parsed
            body.take_form(self._form_settings(), parsed)
        return parsed


def _fits(size: int, sizes: tuple[Any, ...]) -> bool:
    """Whether ``size`` passes none of ``sizes``; no, where one of these is no size: who reads all of them says so."""
    return sizes == _DEFAULT_SIZES or all(most is None or (type(most) is int and size <= most) for most in sizes)
