"""Draws the states of the machines from the tables in the source, and writes their page.

As a command this file writes the page anew::

    python -m tests.state_diagrams > docs/explanation/states.md

Most machines have a table that says which reader belongs to which state, and the source of a reader says which states
follow. Each change of state has a sample of the input that causes it. What ``close()`` does is tried in every state. A
machine that takes events has a table of events and states, which is drawn as it is.
"""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

from cardan._crossing import turns
from cardan.asgi._messages import TRAILERS, AppAnswer
from cardan.core._exceptions import HTTPException
from cardan.core._response.finalizer import ResponseFinalizer
from cardan.core.forms import BodyReader, FormBuilder, MultipartEncoder, PartDecoder
from cardan.core.forms._machine import MultipartMachine
from tests.house import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

PAGE = ROOT / "docs" / "explanation" / "states.md"
BODY_PAGE = ROOT / "docs" / "guides" / "body-states.md"

FAILED = "failed"
"""The state of a machine after an error. It is not drawn, because arrows from many states would lead to it."""


class Arrow(NamedTuple):
    """A change of state, and what causes it."""

    before: str
    after: str
    cause: str


@dataclass(frozen=True)
class Diagram:
    """One machine as it is drawn. The first of its arrows begins in the state that the machine begins in."""

    title: str
    text: str
    arrows: list[Arrow]
    fails: bool = False

    @property
    def states(self) -> list[str]:
        """The states, in the order of the arrows."""
        return list(dict.fromkeys(state for arrow in self.arrows for state in (arrow.before, arrow.after)))


@dataclass(frozen=True)
class Machine:
    """A machine that has a table of readers."""

    kind: type
    readers: dict[str, Any]
    makes: list[Callable[[], Any]]
    """Make a machine in its first state: several ways, if not every state follows from the same one."""
    samples: list[tuple[str, str, str, Any]] = field(default_factory=list)
    """Input for each change of state: the state before, the state after, what the page calls it, and the input."""

    def changes(self) -> set[tuple[str, str]]:
        """The changes of state that the table and the source of its readers allow, without those to ``failed``."""
        return {
            (state, after)
            for state, reader in self.readers.items()
            for after in _set_by(self.kind, reader, set())
            if after not in (state, FAILED)
        }

    def walks(self, state: str) -> Iterator[tuple[str, Any]]:
        """Machines that samples have brought to ``state``, each with what was fed to it last."""
        for make in self.makes:
            yield from self._walks(make, [], state)

    def _walks(self, make: Callable[[], Any], path: list[Any], state: str) -> Iterator[tuple[str, Any]]:
        machine, seen = make(), []
        for _, _, _, piece in path:
            seen.append(machine.state)
            machine.feed(piece)
        at = machine.state
        if at == state:
            yield (path[-1][2] if path else ""), machine
        elif at not in seen:
            for sample in self.samples:
                if sample[0] == at and sample not in path:
                    yield from self._walks(make, [*path, sample], state)

    def arrows(self) -> list[Arrow]:
        """The changes of state with their samples, and those by ``close()``."""
        changes = self.changes()
        named = {(before, after) for before, after, _, _ in self.samples}
        assert changes == named, f"got samples for {sorted(named)}, expected {sorted(changes)}"
        found = [Arrow(before, after, cause) for before, after, cause, piece in self.samples]
        states = dict.fromkeys(state for arrow in found for state in arrow[:2])
        for state in states:
            ends = {after for _, machine in self.walks(state) if (after := _closed(machine)) not in (None, state)}
            found += [Arrow(state, str(after), "`close()`") for after in sorted(ends, key=str)]
        return list(dict.fromkeys(found))


def _closed(machine: Any) -> str | None:
    """The state after ``close()``; None if that is an error, or no change."""
    try:
        machine.close()
    except (HTTPException, RuntimeError):
        return None
    return str(machine.state)


def _set_by(kind: type, function: Any, seen: set[str]) -> set[str]:
    """The states that a method assigns to ``self.state``, itself or by other methods that it calls on ``self``."""
    seen.add(function.__name__)
    found: set[str] = set()
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function)))):
        if isinstance(node, ast.Assign) and _is_of_self(node.targets[0], "state"):
            found |= _constants(node.value, inspect.unwrap(function).__globals__)
        elif isinstance(node, ast.Call) and _is_of_self(node.func):
            assert isinstance(node.func, ast.Attribute)
            name = node.func.attr
            called = getattr(kind, name, None)
            if name not in seen and inspect.isfunction(called):
                found |= _set_by(kind, called, seen)
    return found


def _is_of_self(node: ast.expr, name: str | None = None) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
        and name in (None, node.attr)
    )


def _constants(node: ast.expr, names: dict[str, Any]) -> set[str]:
    if isinstance(node, ast.IfExp):
        return _constants(node.body, names) | _constants(node.orelse, names)
    return {node.value if isinstance(node, ast.Constant) else names[ast.unparse(node)]}


# --- the machines ---

NAME = b'Content-Disposition: form-data; name="a"'
FILE_NAME = NAME + b'; filename="b"'

FORM = Machine(
    MultipartMachine,
    MultipartMachine._READERS,
    [lambda: MultipartMachine("B")],
    [
        ("preamble", "delimiter", "`--B`", b"--B"),
        ("delimiter", "head", "`CRLF`", b"\r\n"),
        ("head", "field", "a name", NAME + b"\r\n\r\n1"),
        ("head", "file", "a file name", FILE_NAME + b"\r\n\r\n1"),
        ("field", "delimiter", "`CRLF --B`", b"\r\n--B"),
        ("file", "delimiter", "`CRLF --B`", b"\r\n--B"),
        ("delimiter", "close-delimiter", "`--`", b"--"),
        ("close-delimiter", "epilogue", "`CRLF`", b"\r\n"),
    ],
)
PARTS = Machine(
    PartDecoder,
    PartDecoder._READERS,
    [lambda: PartDecoder("B")],
    [
        ("preamble", "delimiter", "`--B`", b"--B"),
        ("delimiter", "head", "`CRLF`", b"\r\n"),
        ("head", "data", "an empty line", b"A: 1\r\n\r\n1"),
        ("data", "delimiter", "`CRLF --B`", b"\r\n--B"),
        ("delimiter", "close-delimiter", "`--`", b"--"),
        ("close-delimiter", "epilogue", "`CRLF`", b"\r\n"),
    ],
)
READER = Machine(
    BodyReader,
    BodyReader._READERS,
    [lambda: BodyReader(content_length=3), lambda: BodyReader(content_length=None)],
    [("reading", "complete", "the last byte", b"abc")],
)
FINALIZER = Machine(
    ResponseFinalizer,
    ResponseFinalizer.readers,
    [lambda: ResponseFinalizer("GET", 200, [])],
    [("head", "body", "a chunk", b"abc")],
)
START = {"type": "http.response.start", "status": 200, "headers": []}
ANSWER = Machine(
    AppAnswer,
    {state: reader for state, (_, reader) in AppAnswer._READERS.items()},
    [AppAnswer],
    [
        ("start", "body", "the start", START),
        ("start", "body", "the start", {**START, "trailers": True}),
        ("body", "trailers", "the last body, if trailers were announced", {"type": "http.response.body"}),
        ("body", "done", "the last body", {"type": "http.response.body"}),
        ("trailers", "done", "the last trailers", {"type": TRAILERS}),
    ],
)
MACHINES = {"form": FORM, "parts": PARTS, "reader": READER, "finalizer": FINALIZER, "answer": ANSWER}


def of_events(table: dict[str, dict[type, str]], first: str) -> list[Arrow]:
    """The arrows of a table of events, and of ``close()``, which ends a machine in its first state."""
    arrows = [
        Arrow(before, after, f"`{kind.__name__}`") for before, row in table.items() for kind, after in row.items()
    ]
    return [*arrows, Arrow(first, "closed", "`close()`")]


def of_drawing(text: str) -> list[Arrow]:
    """The arrows of a table with three columns in a docstring: the state, the event, the next state."""
    lines = [line for line in text.splitlines() if line.startswith("    ")]
    columns = [lines[0].index(title) for title in ("event", "next state")]
    rows = [(line[: columns[0]], line[columns[0] : columns[1]], line[columns[1] :]) for line in lines[1:]]
    return [Arrow(before.strip(), after.strip(), event.strip()) for before, event, after in rows]


def of_body() -> list[Arrow]:
    """The arrows of the request's body: the table of first uses in the guide, one arrow for each state."""
    lines = BODY_PAGE.read_text("utf-8").splitlines()
    begin = next(number for number, line in enumerate(lines) if line.startswith("| first use |"))
    uses: dict[str, list[str]] = {}
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[begin : lines.index("", begin)]]
    kinds = [cell.replace(" form", "") for cell in table[0][1:]]
    for names, *states in table[2:]:
        for state in dict.fromkeys(states):
            which = [kind for kind, cell in zip(kinds, states, strict=True) if cell == state]
            every = len(which) == len(kinds)
            forms = which == ["multipart", "urlencoded"]
            note = (
                "" if every else " of a form" if forms else " of another body" if len(which) == 2 else f" of {which[0]}"
            )
            if state != "unread":
                uses.setdefault(state, []).append(names + note)
    return [Arrow("unread", state, "; ".join(causes)) for state, causes in uses.items()]


def diagrams() -> list[Diagram]:
    """All diagrams, in the order of the page."""
    return [
        Diagram(
            "The body of a request",
            "All request objects of one request share one body. Its first use decides what becomes of it, and no "
            "later use changes that. [Reading the body more than once](../guides/body-states.md) has the whole "
            "table, and says what each name gives in each state.",
            of_body(),
            fails=True,
        ),
        Diagram(
            "Counting the bytes of a body",
            "`BodyReader` counts what arrives, and stops a body that is larger than a limit or longer than its "
            "Content-Length. Without a Content-Length, a body may end after any byte.",
            READER.arrows(),
            fails=True,
        ),
        Diagram(
            "The bytes of a form",
            "`MultipartDecoder` reads `multipart/form-data` whose boundary is `B`. In the state `field` it keeps the "
            "data, because a field is one value. In the state `file` it passes the data on as they arrive.",
            FORM.arrows(),
            fails=True,
        ),
        Diagram(
            "The parts of any multipart",
            "`PartDecoder` finds the boundaries with the same readers as the decoder of a form. Only the data are "
            "different: the state `data` takes the place of `field` and `file`. If a part is a multipart itself, "
            "another machine reads its data.",
            PARTS.arrows(),
            fails=True,
        ),
        Diagram(
            "The events of a form become a form",
            "`FormBuilder` collects the fields in every state, and checks the order of the events of files.",
            of_events(FormBuilder._EVENTS, "fields"),
            fails=True,
        ),
        Diagram(
            "A form is written",
            "`MultipartEncoder` takes the events that the decoder gives, and writes the bytes of a form.",
            of_events(MultipartEncoder._EVENTS, "parts"),
        ),
        Diagram(
            "A response goes out",
            "`ResponseFinalizer` is fed the chunks of a response. It gives the head with the first one. A body that is "
            "longer or shorter than its Content-Length is an error.",
            FINALIZER.arrows(),
            fails=True,
        ),
        Diagram(
            "The answer of an ASGI application",
            "A bridge calls an ASGI application on a WSGI server, and reads its messages by `AppAnswer`. A message "
            "that is out of order is an error of the application.",
            ANSWER.arrows(),
        ),
        Diagram(
            "The turns of a thread",
            "A bridge calls a WSGI application on an ASGI server. The application may call `write()`, which has to "
            "wait until the server has its bytes. The call that runs the application then pauses: it ends early, and "
            "the thread stays in `write()` until the next step of the body is asked for. If the client has left, "
            "`write()` raises an error.",
            of_drawing(turns.__doc__ or ""),
        ),
    ]


# --- the drawing ---

BOX, HEIGHT, GAP = 126, 30, 42
STEP = 16
"""How far an arc is from the boxes, and from the arcs within it."""
CHAR, LINE = 6.6, 14
"""The width of a character, and the height of a line."""


class Arc(NamedTuple):
    """An arrow beside the column of boxes, which does not lead to the next box."""

    top: int
    bottom: int
    down: bool
    label: tuple[str, ...]


def svg(diagram: Diagram, name: str) -> str:
    """The drawing: the states below each other, arrows down and to themselves on the right, arrows up on the left.

    If all arrows come from one state, each label stands where its arrow ends.
    """
    states = diagram.states
    place = {state: number for number, state in enumerate(states)}
    star = len({arrow.before for arrow in diagram.arrows}) == 1
    straight: dict[int, str] = {}
    right: list[Arc] = []
    left: list[Arc] = []
    for (before, after), causes in together(diagram.arrows).items():
        begin, end = place[before], place[after]
        if end == begin + 1 and len(shown(causes)) <= 14:
            straight[begin] = causes
            continue
        arc = Arc(min(begin, end), max(begin, end), begin <= end, lines_of(causes, 30 if star else 14))
        (right if arc.down else left).append(arc)
    drawn_right, width_right = side(right, star)
    drawn_left, width_left = side(left, False)
    center = width_left + BOX / 2
    width, height = width_left + BOX + width_right, len(states) * (HEIGHT + GAP) - GAP + (20 if star else 2)
    size = f'viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}"'
    parts = [
        f'<svg class="states" role="img" aria-labelledby="{name}-title" {size}>',
        f'<title id="{name}-title">{escape(diagram.title)}: the states. The table below says the same.</title>',
    ]
    for state, number in place.items():
        y = number * (HEIGHT + GAP) + 1
        rounded = HEIGHT / 2 if number == 0 else 4
        parts.append(
            f'<rect x="{center - BOX / 2:g}" y="{y}" width="{BOX}" height="{HEIGHT}" rx="{rounded:g}"/>'
            f'<text class="state" x="{center:g}" y="{y + 20}">{escape(state)}</text>'
        )
        if (label := straight.get(number)) is not None:
            parts.append(arrow([(center, y + HEIGHT), (center, y + HEIGHT + GAP)]))
            parts.append(f'<text x="{center + 7:g}" y="{y + HEIGHT + 24}">{shown(label)}</text>')
    for arcs, edge, sign in ((drawn_right, center + BOX / 2, 1), (drawn_left, center - BOX / 2, -1)):
        for arc, offset, leave, arrive in arcs:
            parts += around(arc, edge, sign, offset, leave, arrive, drawn_right[-1][1] if star else None)
    return "\n".join([*parts, "</svg>"])


def together(arrows: Iterable[Arrow]) -> dict[tuple[str, str], str]:
    """The causes of all arrows between the same two states."""
    found: dict[tuple[str, str], list[str]] = {}
    for before, after, cause in arrows:
        found.setdefault((before, after), []).append(cause)
    return {pair: "; ".join(dict.fromkeys(causes)) for pair, causes in found.items()}


def shown(label: str) -> str:
    """A label of the table in the drawing."""
    return escape(label.replace("`", ""))


def lines_of(causes: str, width: int) -> tuple[str, ...]:
    """The lines of a label."""
    return tuple(line for cause in causes.split("; ") for line in textwrap.wrap(cause.replace("`", ""), width))


def side(arcs: list[Arc], star: bool) -> tuple[list[tuple[Arc, float, float, float]], float]:
    """Where the arcs of one side stand, and how wide the side is.

    Each arc has its distance from the boxes, and the heights of its ends. An arc within another one is nearer to the
    boxes. In a star, all labels stand beside the outermost arc.
    """
    ports: dict[int, list[tuple[tuple[int, int], Arc, str]]] = {}
    for arc in arcs:
        for own, other, end in ((arc.top, arc.bottom, "top"), (arc.bottom, arc.top, "bottom")):
            # So no arcs cross: above are those that lead up, the nearest first; below those that lead down, it last.
            place = (2, own - other) if other > own else (0, own - other) if other < own else (1, end == "bottom")
            ports.setdefault(own, []).append((place, arc, end))
    heights: dict[tuple[Arc, str], float] = {}
    for box, ends in ports.items():
        for number, (_, arc, end) in enumerate(sorted(ends), 1):
            heights[arc, end] = box * (HEIGHT + GAP) + 1 + HEIGHT * number / (len(ends) + 1)
    placed: list[tuple[Arc, float, float, float]] = []
    for arc in sorted(arcs, key=lambda arc: (arc.bottom - arc.top, arc.top)):
        top, bottom = heights[arc, "top"], heights[arc, "bottom"]
        offset = float(STEP)
        for other, distance, above, below in placed:
            if min(bottom, below) - max(top, above) > -LINE:
                offset = max(offset, distance + STEP + (0 if star else label_width(other)))
        placed.append((arc, offset, top, bottom))
    return placed, 2 + max((offset + label_width(arc) for arc, offset, _, _ in placed), default=0)


def label_width(arc: Arc) -> float:
    return 6 + CHAR * max(map(len, arc.label))


def around(
    arc: Arc, edge: float, sign: int, offset: float, top: float, bottom: float, label_offset: float | None
) -> list[str]:
    """An arc and its label, which stands at its middle, or at its lower end if ``label_offset`` says how far out."""
    x = edge + sign * offset
    points = [(edge, top), (x, top), (x, bottom), (edge, bottom)]
    label_x = (x if label_offset is None else edge + label_offset) + 5 * sign
    middle = (top + bottom) / 2 if label_offset is None else bottom
    first = middle - LINE * (len(arc.label) - 1) / 2 + 4
    anchor = "start" if sign > 0 else "end"
    return [
        arrow(points if arc.down else points[::-1]),
        *(
            f'<text style="text-anchor: {anchor}" x="{label_x:g}" y="{first + LINE * number:g}">{shown(line)}</text>'
            for number, line in enumerate(arc.label)
        ),
    ]


def arrow(points: list[tuple[float, float]]) -> str:
    """A line through points, with a head at its end."""
    (x0, y0), (x1, y1) = points[-2:]
    dx, dy = (x1 > x0) - (x1 < x0), (y1 > y0) - (y1 < y0)
    head = [(x1 - 7 * dx - 4 * dy, y1 - 7 * dy - 4 * dx), (x1, y1), (x1 - 7 * dx + 4 * dy, y1 - 7 * dy + 4 * dx)]
    path = "M" + " L".join(f"{x:g},{y:g}" for x, y in points)
    return f'<path d="{path}"/><path class="head" d="M{" L".join(f"{x:g},{y:g}" for x, y in head)} z"/>'


# --- the page ---

HEAD = """# States

A machine of cardan is an object with [`feed` and `close`](two-verbs.md), and is in one state at any time. This page
shows the states of the machines, and some other states that a reader of the code meets. The command
`python -m tests.state_diagrams` writes the page from tables in the source, and a test checks that the two agree.

The state in which a machine begins has round ends. The text beside an arrow is the input that takes the machine to the
next state. The table below each drawing says the same. Machines that need no table of states, such as
`UrlencodedDecoder`, are left out. What the machines have in common is explained in [Two verbs](two-verbs.md).

<style>
svg.states { display: block; max-width: 100%; height: auto; margin: 1.5rem 0 }
svg.states rect { fill: var(--color-background-secondary, none); stroke: currentColor; stroke-width: 1.3 }
svg.states path { fill: none; stroke: currentColor; stroke-width: 1.3 }
svg.states path.head { fill: currentColor; stroke: none }
svg.states text { fill: currentColor; font: 12px var(--font-stack, sans-serif) }
svg.states text.state { font-weight: 600; font-size: 13px; text-anchor: middle }
</style>
"""

FAILS = "An error that the input causes leads to the state `failed`, in which every call raises the error again.\n"


def page() -> str:
    """The page, in Markdown."""
    lines = [HEAD]
    for number, diagram in enumerate(diagrams()):
        lines += [f"## {diagram.title}\n", textwrap.fill(diagram.text, 118, break_on_hyphens=False) + "\n"]
        lines.append(svg(diagram, f"states-{number}") + "\n")
        lines += ["| state | what happens | next state |", "|---|---|---|"]
        lines += [f"| {before} | {cause} | {after} |" for (before, after), cause in together(diagram.arrows).items()]
        lines += ["", FAILS] if diagram.fails else [""]
    return "\n".join(lines).rstrip("\n") + "\n"


if __name__ == "__main__":
    sys.stdout.write(page())
