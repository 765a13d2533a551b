"""A small web framework on cardan: routes, blueprints, hooks, error handlers, applications inside applications.

``examples/notes_site.py`` is a site that is made with it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar

from cardan import Application, Dual, Flow, Mount, Request, Response, middleware
from cardan.exceptions import HTTPException, MethodNotAllowed, NotFound

R = TypeVar("R", bound=Request)
P = ParamSpec("P")
A = TypeVar("A", bound="Answer | Awaitable[Answer]")
E = TypeVar("E", bound=Exception)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import TypeAlias, Unpack

    from cardan.types import ApplicationOptions, Handler

    Answer: TypeAlias = Response | HTTPException
    View: TypeAlias = Callable[Concatenate[R, P], A]
    Page: TypeAlias = Callable[[R, E], Response]

#: what may stand in a path, as ``<id:int>``: the pattern of its text, and what makes the value
KINDS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "str": ("[^/]+", str),
    "int": ("[0-9]{1,18}", int),
    "path": ("(?s:.+)", str),
}


@dataclass
class Route(Generic[R]):
    """A path such as ``/notes/<id:int>``, and the view for each method."""

    path: str
    views: dict[str, Callable[Concatenate[R, ...], Answer | Awaitable[Answer]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        texts = re.split(r"<(\w+)(?::(\w+))?>", self.path)  # text, name, kind, text, name, kind, ..., text
        self.kinds = {name: KINDS[kind or "str"] for name, kind in zip(texts[1::3], texts[2::3])}
        groups = [f"(?P<{name}>{pattern})" for name, (pattern, _) in self.kinds.items()]
        self.pattern = re.compile("".join(re.escape(text) + group for text, group in zip(texts[::3], [*groups, ""])))

    def match(self, path: str) -> dict[str, Any] | None:
        """The values in a path; None if it is another one."""
        found = self.pattern.fullmatch(path)
        return found and {name: make(found[name]) for name, (_, make) in self.kinds.items()}

    def view(self, method: str) -> Callable[Concatenate[R, ...], Answer | Awaitable[Answer]] | None:
        """The view for a method. HEAD is answered as GET is, unless it has a view of its own."""
        return self.views.get(method) or (self.views.get("GET") if method == "HEAD" else None)


class Routes(Application[R]):
    """A site, or a blueprint: the part of a site whose paths begin with ``prefix``.

    Both are applications of cardan, so that each has limits and middleware of its own. The options are those of
    :class:`cardan.Application`.
    """

    def __init__(
        self, prefix: str = "", *, request_class: type[R] | None = None, **options: Unpack[ApplicationOptions[R]]
    ) -> None:
        super().__init__(request_class=request_class, **options)
        self.prefix = prefix
        self.routes: list[Route[R]] = []
        self.parts: list[tuple[str, Dual]] = []
        self.parent: Routes[R] | None = None
        self.pages: dict[int | None, Page[R, HTTPException]] = {}
        self.rescues: dict[type[Any], Page[R, Any]] = {}

    # --- what is at a path ---

    def route(self, path: str, *methods: str) -> Callable[[View[R, P, A]], View[R, P, A]]:
        """Let a view answer these methods of a path, else GET. It is a ``def`` or an ``async def``, and gets what is in
        the path.
        """

        def add(view: View[R, P, A]) -> View[R, P, A]:
            whole = self.prefix + path
            for route in self.routes:
                if route.path == whole:
                    break
            else:
                self.routes.append(route := Route(whole))
            route.views.update(dict.fromkeys(methods or ["GET"], view))
            return view

        return add

    def include(self, blueprint: Routes[R]) -> None:
        """Let a blueprint answer the paths below its prefix. Errors that it has no page for are those of this one."""
        blueprint.parent = self
        self.parts.append((blueprint.prefix, blueprint))

    def mount(self, prefix: str, app: Any) -> None:
        """Let any application, also of another library, answer the paths below ``prefix``."""
        self.parts.append((prefix, Mount({prefix: app})))

    # --- what happens around the views ---

    def before(self, hook: Callable[[R], Answer | None]) -> Callable[[R], Answer | None]:
        """Call ``hook(request)`` before each view. What it returns is the answer in place of the view's."""

        @middleware
        def run(request: R) -> Flow:
            if (answer := hook(request)) is not None:
                return answer
            yield

        self.middleware = [*self.middleware, run]
        return hook

    def after(self, hook: Callable[[R, Response], None]) -> Callable[[R, Response], None]:
        """Call ``hook(request, response)`` after each view, and after each error."""

        @middleware
        def run(request: R) -> Flow:
            hook(request, (yield))

        self.middleware = [*self.middleware, run]
        return hook

    # --- errors ---

    def page(self, code: int) -> Callable[[Page[R, HTTPException]], Page[R, HTTPException]]:
        """Let a function answer the HTTP errors with this status code."""

        def add(page: Page[R, HTTPException]) -> Page[R, HTTPException]:
            self.pages[code] = page
            return page

        return add

    def rescue(self, kind: type[E]) -> Callable[[Page[R, E]], Page[R, E]]:
        """Let a function answer the exceptions of a class that no view has caught. A site has them, not a blueprint."""

        def add(page: Page[R, E]) -> Page[R, E]:
            self.rescues[kind] = page
            return page

        return add

    # --- what an application of cardan asks ---

    def resolve(self, request: R) -> Handler[R] | Dual:
        """The view for a request, with the values in its path, or the part of the site that answers it."""
        allowed: list[str] = []
        for route in self.routes:
            if (values := route.match(request.path)) is not None:
                if (view := route.view(request.method)) is not None:
                    return partial(view, **values)
                allowed += route.views
        if allowed:
            raise MethodNotAllowed(dict.fromkeys([*allowed, "HEAD"] if "GET" in allowed else allowed))
        for prefix, part in self.parts:
            if f"{request.path}/".startswith(f"{prefix}/"):
                return part
        raise NotFound

    def on_error(self, request: R, error: HTTPException) -> Response:
        """The page for an HTTP error: that of the blueprint, else that of the site."""
        if (page := self.pages.get(error.code)) is not None:
            return page(request, error)
        return self.parent.on_error(request, error) if self.parent else super().on_error(request, error)

    def on_exception(self, request: R, error: Exception) -> Response | None:
        """The answer to an exception: the one for its class, or for the nearest class that it is made of."""
        kinds = (kind for kind in type(error).__mro__ if kind in self.rescues)
        return next((self.rescues[kind](request, error) for kind in kinds), None)
