"""Reading the body of a request as a whole: ``load()``, ``get_data()`` and the form.

Each function takes the request. The bytes are read by steps (:mod:`cardan.core.drive`), which sync code performs by
calling and async code by awaiting. A small body is read at once without steps, and a usual form in it is parsed at once
by :meth:`~cardan.core.forms.FormReader.take`; if that gives None, the steps parse the same bytes.

Raises :exc:`~cardan.exceptions.RequestEntityTooLarge`, :exc:`~cardan.exceptions.BadRequest`,
:exc:`~cardan.exceptions.ClientDisconnected`, :exc:`~cardan.exceptions.BodyConsumed`,
:exc:`~cardan.exceptions.BodyNotLoaded`, :exc:`~cardan.exceptions.WrongMode`, and :exc:`RuntimeError` for a
shallow request.
"""

from __future__ import annotations

from copy import copy
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, TypeVar

from .._buffers import CHUNK_SIZE, READ_SIZE, add_piece
from .._exceptions import (
    BodyConsumed,
    BodyNotLoaded,
    HTTPException,
    RequestEntityTooLarge,
    UnsupportedMediaType,
    WrongMode,
)
from .._waiting import checkpoint, running_loop
from ..drive import Read, run
from ..fields._syntax import OWS
from ..forms._body_reader import BodyReader
from ..forms._files import bind
from ..forms._form import Form
from ..forms._plan import plan_for
from .body import FORM, BytesBody, drop_frames, parsed_before
from .filtering import FilteredBody
from .limits import LIMIT_NAMES, limits_of
from .perform import perform, performer
from .sharing import SharedRead, go_on, let_others_load, wait_for_load
from .state import RequestState

if TYPE_CHECKING:
    from collections.abc import Generator

    from .._limits import Limits
    from ..drive import Step
    from .body import Body
    from .state import FormParser, Mode, ReadableRequest

    R = TypeVar("R", bound=ReadableRequest)

__all__ = [
    "DECISIVE",
    "FormSettings",
    "announces_body",
    "check_kept",
    "check_size",
    "coded",
    "enter",
    "form_of",
    "gone",
    "load",
    "load_sync",
    "loaded",
    "may_exceed_limits",
    "no_await",
    "no_block",
    "opened",
    "raw_of",
    "refuse_coded",
    "refuse_unread",
    "resumed",
    "unless_empty",
]

T = TypeVar("T")

#: bytes that a body may have at most to be read at once
SMALL: Final = CHUNK_SIZE

DECISIVE: Final = (
    "make_form_data_parser",
    "make_file_sink",
    "_get_file_stream",
    "want_form_data_parsed",
    "file_storage_class",
    "form_reader_class",
    *LIMIT_NAMES,
)
"""The attributes that decide how a form is parsed, besides its Content-Type and ``form_rules``."""

_decisive_of: Final = attrgetter(*DECISIVE)


class FormSettings(tuple[Any, ...]):
    """Cache key of a parsed form: the class of the request, the mode of parsing, the Content-Type, and the hooks and
    limits that were set on the request itself (None if there are none).

    Two requests share a form if all that decides how it is parsed is equal, even if their classes differ.
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if tuple.__eq__(self, other) is True:
            return True
        return isinstance(other, FormSettings) and self._values() == other._values()

    __hash__ = None  # type: ignore[assignment]

    def _values(self) -> tuple[Any, ...]:
        cls, rules, content_type, own = self
        return rules, content_type, dict(zip(DECISIVE, _decisive_of(cls))) | (own or {})


def _settings(request: ReadableRequest) -> FormSettings:
    own = None
    if request._has_own_settings:
        values = request.__dict__
        own = {name: values[name] for name in DECISIVE if name in values}
    return FormSettings((type(request), request.form_rules, request.content_type, own))


# --- the state ---


def opened(request: ReadableRequest) -> RequestState:
    """The state of ``request``, made at the first call; the limits of the request are fixed from then on.

    Raises :exc:`RuntimeError` for a shallow request, :exc:`BadRequest` for a Content-Length that is no number, and the
    413 by which this request refused the body before.
    """
    if request.shallow:
        raise RuntimeError("got an access to the body of a shallow request, expected none: set shallow = False first")
    state = request._body_state
    if state is None:
        return _open(request)
    if state.refusal is not None:
        raise copy(state.refusal)
    return state


def _open(request: ReadableRequest) -> RequestState:
    # raises for what is no length, in every handler and on both protocols
    length, codings = request._announced
    limits = limits_of(request)
    body = request._open_body()
    if (behind := _behind_filter(request, body, length, limits)) is not None:
        body, length, codings = behind, None, None
    state = RequestState(body, length, codings, limits)
    first: RequestState = request.__dict__.setdefault("_body_state", state)  # another thread may have been faster
    return first


def _behind_filter(request: ReadableRequest, body: Body, length: int | None, limits: Limits) -> Body | None:
    """``body`` behind the filter of this request; None if it has no filter.

    There is one filter for all requests that have the same hook, on their class or on themselves. The hook is called
    for the first of them only: the filter of another one would see none of the bytes.
    """
    if body.filtered and (found := body.filtered.get(_filter_hook(request))) is not None:
        return found
    body_filter = request.make_body_filter()
    if body_filter is None:
        return None
    key = _filter_hook(request)
    reader = BodyReader(content_length=length, limits=limits)  # may raise 413: the body is then still there
    body.begin("make_body_filter()")
    try:
        if body.filtered and key in body.filtered:
            raise BodyConsumed(
                "got a second filter from make_body_filter(), expected one: another thread opened the body meanwhile"
            )
        if body.raw is None:
            body.take_begun("make_body_filter()")
        behind = FilteredBody(body if body.raw is None else BytesBody(body.raw), reader, body_filter)
        body.filtered = {**(body.filtered or {}), key: behind}
        return behind
    finally:
        body.end()


def _filter_hook(request: ReadableRequest) -> Any:
    return request.__dict__.get("make_body_filter", type(request).make_body_filter)


def loaded(request: ReadableRequest, name: str) -> RequestState:
    """The state of ``request``, for the access ``name``, which needs a loaded body in async code."""
    state = opened(request)
    if request._mode == "async" and state.body.waits:
        if state.failure is not None:
            raise copy(state.failure)  # this request refused it unread, because of its head or its limits
        raise BodyNotLoaded(f"got {name} before the body was loaded, expected `await request.load()` first")
    return state


def enter(request: ReadableRequest, mode: Mode) -> None:
    """Switch the request, and the files already parsed, to ``mode``: it decides which of the sync and async twins may
    be called.
    """
    request._set_mode(mode)
    body = request._known_body()
    for file in body.files if body is not None else ():
        bind(file, None if mode == "either" else mode, request._run_sync)


def no_await(request: ReadableRequest, name: str, twin: str) -> None:
    """Raise :exc:`WrongMode` if sync code handles the request; ``name`` was called, ``twin`` is to be used there."""
    if request._mode == "sync":
        looped = " (an event loop runs here, but sync code handles the request)" if running_loop() is not None else ""
        raise WrongMode(f"got {name} in sync code, expected {twin}{looped}")


def no_block(request: ReadableRequest, name: str, twin: str) -> None:
    """Raise :exc:`WrongMode` if async code handles the request; ``name`` was called, ``twin`` is to be used there."""
    if request._mode == "async":
        raise WrongMode(f"got {name} in async code, expected {twin}")


# --- limits on the whole body ---


def announces_body(request: ReadableRequest, length: int | None) -> bool:
    """Whether the head says that there is a body (RFC 9112 section 6.3). HTTP/2 need not say so."""
    return length > 0 if length is not None else "Transfer-Encoding" in request.headers


def check_size(size: int, declared: int | None, limits: Limits, *, memory: bool) -> None:
    """Raise 413 if a body of ``size`` bytes exceeds ``max_content_length``, or ``max_data_memory`` if it is held in
    ``memory``. The error names the smaller of the two, which is exceeded first however the body is cut.
    """
    limit, allowed = _tightest(limits, memory=memory)
    if allowed is not None and size > allowed:
        raise RequestEntityTooLarge(limit=limit, allowed=allowed, received=declared)


def _tightest(limits: Limits, *, memory: bool) -> tuple[str, int | None]:
    allowed, most = limits.max_content_length, limits.max_data_memory
    if memory and most is not None and (allowed is None or most < allowed):
        return "max_data_memory", most
    return "max_content_length", allowed


def refuse_unread(state: RequestState, *, memory: bool = False) -> None:
    """Raise 413 if the declared length of a fresh body exceeds a limit on the whole body.

    This request raises the error again at every later access. The body is still there for other request objects, which
    may have other limits.
    """
    length = state.length
    if length and state.body.fresh:
        try:
            check_size(length, length, state.limits, memory=memory)
        except RequestEntityTooLarge as error:
            state.refusal = copy(error)
            raise


def check_kept(raw: bytes, state: RequestState, *, memory: bool) -> bytes:
    """``raw``, which was kept, if the limits of this request allow it; else 413 as in :func:`refuse_unread`.

    Another request object with other limits may have read it.
    """
    try:
        check_size(len(raw), state.length, state.limits, memory=memory)
    except RequestEntityTooLarge as error:
        state.refusal = copy(error)
        raise
    return raw


def may_exceed_limits(request: ReadableRequest, length: int) -> bool:
    """Whether a body of ``length`` bytes could exceed a limit on sizes. If so, a 413 may be sent before its end."""
    return length > plan_for(request.limits, request.form_rules == "strict").safe_body


# --- content codings ---


def coded(state: RequestState) -> UnsupportedMediaType | None:
    """The 415 for a body whose content is coded, unless a filter decodes it; None for any other body. Coded bytes are
    neither a form nor JSON nor text, even if they can be read as such.

    Accept-Encoding of the response says which codings are accepted: none (RFC 9110 sections 12.5.3 and 15.5.16).
    """
    codings = state.codings
    if codings is None or all(coding.strip(OWS).lower() in ("", "identity") for coding in codings.split(",")):
        return None
    return UnsupportedMediaType(
        f"got a body with Content-Encoding {codings[:80]!r}, expected one without a content coding",
        headers={"Accept-Encoding": "identity"},
    )


def refuse_coded(state: RequestState) -> None:
    """Raise the 415 of :func:`coded`, if there is one. Nothing is read, and the body is still there."""
    if (error := coded(state)) is not None:
        raise error


# --- load() and its sync twin ---


async def load(request: R, *, form: bool, awaits_sinks: bool = True) -> R:
    """Read the body in async code; parse it if it is a form and ``form`` is true, else keep its bytes.

    Concurrent callers share one read, and its failure. If the task that reads is cancelled, another one that waits
    continues the read. Returns the request.
    """
    state = opened(request)
    body = state.body
    while body.driven:
        await wait_for_load(body)
    body.driven = True
    reader: FormParser | None = None
    first, begun = b"", False
    try:
        if body.unfinished is not None:
            await go_on(body, body.unfinished)
        access = "load()" if form else "load(form=False)"
        form = form and request.want_form_data_parsed
        if body.fresh:
            reader, length, whole = _before_reading(request, state, form=form)
            if length:
                body.begin("load()")
                begun = True
                try:
                    first = await body.aread(READ_SIZE, whole)
                    if first and _take(request, state, reader, first, length):
                        body.end()
                        if body.blocks:  # the read was not cancelled, the task may have been: what was read is kept
                            await checkpoint()
                        return request
                except BaseException as error:
                    if begun and body.reading is not None:
                        if isinstance(error, Exception) or not body.waiting:
                            body.fail(error)
                        body.end()  # a cancelled read has taken nothing: a task that waits begins anew
                    raise
        steps = _steps(request, state, reader, first, access=access, form=form, begun=begun)
        act = perform(body, request._open_file, request._run_write, request._shield, awaits_sinks=awaits_sinks)
        await go_on(body, SharedRead(body, steps, act, request._shield))
    except HTTPException as error:
        state.failure = copy(error)
        raise
    finally:
        body.driven = False
        if body.waiter is not None:
            let_others_load(body)
    return request


def load_sync(request: ReadableRequest, state: RequestState, *, form: bool, access: str = "get_data()") -> Any:
    """Read the body in sync code, as :func:`load` does; ``form`` says whether it is parsed.

    Returns the form or the bytes. Errors name the ``access`` that wants the bytes.
    """
    body = state.body
    reader: FormParser | None = None
    first, begun = b"", False
    if body.fresh:
        reader, length, whole = _before_reading(request, state, form=form)
        if length:
            body.begin(FORM if form else access)
            begun = True
            try:
                if body.fresh:  # another thread may have read it before this one began
                    first = body.read(READ_SIZE, whole)
                if first and _take(request, state, reader, first, length):
                    body.end()
                    return state.form if form else body.raw
            except BaseException as error:
                body.fail(error)
                body.end()
                raise
    steps = _steps(request, state, reader, first, access=access, form=form, begun=begun)
    return run(steps, performer(body, request._open_file))


def _before_reading(
    request: ReadableRequest, state: RequestState, *, form: bool
) -> tuple[FormParser | None, int, bool]:
    """What is decided before the first byte of a fresh body is read. Raises 413 for a declared length beyond a limit,
    and 415 for a form that is in a content coding.

    Gives the parser, if the body is parsed; the length of a body that is read at once because it is small, 0 for any
    other; and whether that read waits for the whole body, because no limit can be exceeded before its end.
    """
    length = state.length
    if form and state.codings is not None:
        refuse_coded(state)
    safe = length is not None and length <= plan_for(state.limits, request.form_rules == "strict").safe_body
    if not safe:
        refuse_unread(state, memory=not form)
    reader = request.make_form_data_parser(length) if form else None
    return reader, length if length is not None and length <= SMALL else 0, safe or not form


def _take(request: ReadableRequest, state: RequestState, reader: FormParser | None, data: bytes, length: int) -> bool:
    """Whether ``data`` is the whole body, and was kept, or parsed by ``reader``. False: the steps take the data."""
    body = state.body
    if len(data) != length or not body.ended:
        return False
    if reader is None:
        body.keep(data)
        return True
    take = getattr(reader, "take", None)
    parsed = None if take is None else take(data, True)
    if parsed is None:
        return False
    state.form = parsed
    body.take_form(_settings(request), parsed)
    return True


def form_of(request: ReadableRequest, name: str) -> Form | None:
    """The parsed form, for the access ``name``; None if the Content-Type is not that of a form."""
    state = request._body_state
    if state is not None and state.form is not None:
        return state.form
    state = loaded(request, name)
    if not request.want_form_data_parsed:
        return None
    body = state.body
    form: Form
    if body.fresh:
        form = load_sync(request, state, form=True)
    else:
        known = body.form_of(_settings(request)) if body.forms else None
        if isinstance(known, Form):
            form = known
        else:
            steps = _steps(request, state, None, b"", access=FORM, form=True, begun=False)
            form = run(steps, performer(body, request._open_file))
    state.form = form
    return form


def raw_of(request: ReadableRequest, state: RequestState, access: str, *, keep: bool) -> bytes:
    """The bytes of the body, for ``access``; ``keep`` says whether other accesses may have them, too.

    After it was parsed as a form they are gone: see :func:`gone`.
    """
    body = state.body
    raw = body.raw
    if raw is not None:  # nothing to read, and no step to perform
        return check_kept(raw, state, memory=True)
    if keep and body.fresh:
        kept: bytes = load_sync(request, state, form=False, access=access)
        return kept
    return run(_raw_steps(request, state, b"", access=access, keep=keep, begun=False), performer(body))


def gone(request: ReadableRequest, access: str) -> bytes:
    """What ``access`` gives of the bytes of a body that was parsed as a form: it raises :exc:`BodyConsumed`.

    A signature of no bytes would be that of every form. A request that is lenient gives ``b""``, as Werkzeug does.
    """
    if request._empty_after_form or request.form_rules == "silent":
        return b""
    raise parsed_before(access)


# --- the steps ---


def _steps(
    request: ReadableRequest,
    state: RequestState,
    reader: FormParser | None,
    first: bytes,
    *,
    access: str,
    form: bool,
    begun: bool,
) -> Generator[Step, Any, Any]:
    """The steps of loading: parsing by ``reader`` (None: it is made), or reading into memory if not ``form``.

    ``first`` are the bytes that were read already. ``begun``: ``body.begin()`` was called; the steps call ``end()``.
    """
    if not form:
        return _raw_steps(request, state, first, access=access, keep=True, begun=begun)
    try:
        return _form_steps(request, state, reader, first, begun=begun)
    except BaseException as error:
        if begun:
            state.body.fail(error)  # the bytes that were read are lost
            state.body.end()
        raise


def _raw_steps(
    request: ReadableRequest, state: RequestState, first: bytes, *, access: str, keep: bool, begun: bool
) -> Generator[Step, Any, bytes]:
    """Read the whole body as bytes, at most ``max_data_memory`` of them, and keep it if ``keep``."""
    body, limits = state.body, state.limits
    length = state.length
    if not begun:
        body.begin(access)
    try:
        body.check()
        if body.raw is not None:
            return check_kept(body.raw, state, memory=True)
        refuse_unread(state, memory=True)
        if body.taken == FORM:
            return gone(request, access)
        limit = None if length is not None else _tightest(limits, memory=True)
        reader = BodyReader(content_length=length, limits=limits, limit=limit)
        body.take_begun(access)
        try:
            raw = yield from _read_all(reader, first)
        except BaseException as error:
            body.fail(error)
            del reader
            drop_frames(error)
            raise
        if keep:
            body.keep(raw)
        return raw
    finally:
        body.end()


def _read_all(reader: BodyReader, first: bytes) -> Generator[Step, Any, bytes]:
    chunks: list[bytes] = []
    data = first or (yield Read(min(READ_SIZE, reader.want)))
    while data:
        add_piece(chunks, reader.feed(data))
        data = yield Read(min(READ_SIZE, reader.want))
    reader.close()
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _form_steps(
    request: ReadableRequest, state: RequestState, reader: FormParser | None, first: bytes, *, begun: bool
) -> Generator[Step, Any, Form]:
    """The form: parsed before with equal settings, or from the bytes that were kept, or read."""
    length = state.length
    if reader is None:
        refuse_coded(state)
    refuse_unread(state)
    if reader is None:
        reader = request.make_form_data_parser(length)
    settings = _settings(request)
    body = state.body
    if not begun and body.form_of(settings) is None and body.raw is None:
        body.begin(FORM)
        begun = True
    return _parse(body, settings, reader, first, announced=announces_body(request, length), begun=begun)


def _parse(
    body: Body, settings: FormSettings, reader: FormParser, first: bytes, *, announced: bool, begun: bool
) -> Generator[Step, Any, Form]:
    """If no body was ``announced`` (RFC 9112 section 6.3) and none is there, the form is empty and not broken."""
    try:
        known = body.form_of(settings)
        if known is not None:
            if isinstance(known, HTTPException):
                raise copy(known)
            return known
        body.check()
        if body.raw is None:
            body.take_begun(FORM)
            try:
                if announced or first:
                    form = _made_by(reader, (yield from _parsing(reader, first, ended=False)))
                else:
                    form = _made_by(reader, (yield from unless_empty(reader.run(), Form())))
            except BaseException as error:
                body.fail(error)
                drop_frames(error)
                raise
        elif not body.raw and not announced:
            form = Form()
        else:
            try:
                take = getattr(reader, "take", None)
                taken = None if take is None else take(body.raw, True)
                if taken is None:
                    taken = _made_by(reader, (yield from _parsing(reader, body.raw, ended=True)))
                form = taken
            except HTTPException as error:
                body.keep_form(settings, copy(error))
                drop_frames(error)
                raise
        body.keep_form(settings, form)
        return form
    finally:
        if begun:
            body.end()


def _made_by(reader: FormParser, form: Any) -> Form:
    """``form``, which ``reader`` has returned. Raises :exc:`TypeError` if it is none: the fields would be lost."""
    if not isinstance(form, Form):
        name = f"{type(reader).__name__}.run()"
        raise TypeError(f"got {type(form).__name__} from {name}, expected the Form that super().run() has returned")
    return form


def _parsing(reader: FormParser, first: bytes, *, ended: bool) -> Generator[Step, Any, Form]:
    """The steps of ``reader``, which begins with ``first``; ``ended``: nothing follows these bytes."""
    if not first and not ended:
        return reader.run()  # type: ignore[no-any-return]
    start_with = getattr(reader, "start_with", None)
    if start_with is None:
        return resumed(reader.run(), first, ended=ended)
    start_with(first, ended)
    return reader.run()  # type: ignore[no-any-return]


def unless_empty(steps: Generator[Step, Any, T], empty: T) -> Generator[Step, Any, T]:
    """The same steps, but ``empty`` if the body has not a single byte. An error before the first read is raised."""
    try:
        step = next(steps)
    except StopIteration as stop:
        result: T = stop.value
        return result
    try:
        first = yield step  # a read: nothing precedes it
    except BaseException:
        steps.close()
        raise
    if first:
        return (yield from resumed(steps, first, ended=False, begun=True))
    steps.close()
    return empty


def resumed(
    steps: Generator[Step, Any, T], first: bytes, *, ended: bool, begun: bool = False
) -> Generator[Step, Any, T]:
    """The steps of a parser that cannot be given its first bytes: they are the answer to its first read.

    If the body has ``ended`` with them, every later read is answered by ``b""``. ``begun``: the first read of the
    parser was made already.
    """
    advance: Any = steps.send
    answer: Any = first if begun else None
    pending = not begun
    try:
        while True:
            step = advance(answer)
            if type(step) is Read and (pending or ended):
                advance, answer, pending = steps.send, first if pending else b"", False
                continue
            try:
                advance, answer = steps.send, (yield step)
            except BaseException as error:  # a cancellation, too: the parser closes its files
                advance, answer = steps.throw, error
    except StopIteration as stop:
        result: T = stop.value
        return result
