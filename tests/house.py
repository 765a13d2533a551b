"""Reads the source of the package and says how it is built: imports, circles, private names, counts.

``tests/test_architecture.py`` asks it for what the laws forbid. As a command it prints the counts of one tree, this one
or another that is checked out somewhere::

    python tests/house.py
    python tests/house.py ../old/src
"""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).parents[1]
PACKAGE = "cardan"
SHORT = 60
"""A module with fewer lines is counted as short."""

WAYS_BACK = {
    ("cardan.core._exceptions", "cardan._response"): (
        "an error is raised on every floor; HTTPException.get_response() makes a response that every server can send"
    ),
    ("cardan.asgi", "cardan.apps._application"): "from_wsgi() gives one side of what Application.from_wsgi() makes",
    ("cardan.wsgi", "cardan.apps._application"): "from_asgi() gives one side of what Application.from_asgi() makes",
    ("cardan.apps._dual", "cardan.apps._responding"): (
        "respond() and arespond() of every application for both protocols make a response of a request of core"
    ),
    ("cardan.apps._dual", "cardan._response"): "the type of what respond() and arespond() give",
    ("cardan._request", "cardan.apps._application"): (
        "Request.application makes an application, whose requests are of the class Request unless it is told otherwise"
    ),
    ("cardan", "cardan.compat"): "after `import cardan` every public module is an attribute, for type checkers, too",
    ("cardan", "cardan.testing"): "after `import cardan` every public module is an attribute, for type checkers, too",
    (
        "cardan.types",
        "cardan._request",
    ): "Handler alone is a handler of Request, the class that users import",
    ("cardan.types", "cardan._response"): "a middleware is sent an object of Response, the class that users import",
    ("cardan._unread", "cardan._request"): (
        "UnreadRequest is an annotation: what its load() gives is of the class Request unless it is told otherwise"
    ),
    ("cardan._request", "cardan.testing._bodies"): "the types of the parameters of Request.from_values()",
    ("cardan._request", "cardan.testing._builder"): "Request.from_values() takes what the builder of the tests takes",
    ("cardan._request", "cardan.testing._carriers"): "Request.from_values() takes what only servers say, too",
}
"""The imports against the floors, with the reason for each: a class makes an object of something that stands above it,
or a type names it.

Such an import stands in the function that needs it, or under TYPE_CHECKING. No circle of imports is left without them.
"""

LEANING = re.compile(
    r"(It|Its|They|Them|Their|This|That|These|Those|Such|Here|So|And|But|Or|Nor|Also|Likewise|Exactly|Not|Who|Otherwise"
    r"|The same|The others?|The reverse|As before|As above|As with|For developers|What (it|they)"
    r"|(All|Each|Many|None|Nothing|One) of (it|them|these|those))\b"
)
"""The beginnings of docstrings that are understood only together with the name of the test or the test before."""

HOMES = {
    "request": {"core._request", "cardan"},
    "response": {"core._response", "cardan"},
    "app": {"apps"},
    "application": {"apps"},
}
"""Variables of these names hold objects of these packages: their private attributes are never those of another one."""


class Import(NamedTuple):
    """One import statement: the module that is imported, the line, and where it stands: module, function or typing."""

    name: str
    line: int
    where: str


class Reach(NamedTuple):
    """One use of a private name that another package defines."""

    package: str
    name: str
    place: str


class DictKey(NamedTuple):
    """One string that is used as a key of an object's ``__dict__``, and the class that uses it ("" in a function)."""

    key: str
    owner: str
    module: str
    line: int


def is_function(node: ast.AST) -> bool:
    return isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))


def is_typing(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name != "_"


class House:
    """The package in a source folder, read as text: nothing of it is imported."""

    def __init__(self, src: Path) -> None:
        self.src = src
        self.modules = {
            ".".join(path.relative_to(src).with_suffix("").parts).removesuffix(".__init__"): path
            for path in sorted((src / PACKAGE).rglob("*.py"))
        }

    @cache  # noqa: B019  -- there is one house in a run
    def tree(self, module: str) -> ast.Module:
        path = self.modules[module]
        return ast.parse(path.read_text(), str(path))

    # --- imports ---

    def imports(self, module: str) -> Iterator[Import]:
        """Every import in ``module``, also those in functions and under TYPE_CHECKING: a type is a dependency, too."""
        package = module if self.modules[module].name == "__init__.py" else module.rpartition(".")[0]
        tree = self.tree(module)
        places = {id(node): "function" for func in ast.walk(tree) if is_function(func) for node in ast.walk(func)}
        places |= {id(node): "typing" for block in ast.walk(tree) if is_typing(block) for node in ast.walk(block)}
        for node in ast.walk(tree):
            where = places.get(id(node), "module")
            if isinstance(node, ast.Import):
                yield from (Import(alias.name, node.lineno, where) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
                for alias in node.names:
                    full = f"{base}.{alias.name}"
                    yield Import(full if full in self.modules else base, node.lineno, where)

    @cached_property
    def arrows(self) -> dict[str, set[str]]:
        """Which modules of the package each of them imports."""
        return {
            module: {name for name, _, _ in self.imports(module) if name in self.modules} - {module}
            for module in self.modules
        }

    def circles(self, without: Iterable[tuple[str, str]] = ()) -> list[list[str]]:
        """The groups of modules that import each other in a circle; the arrows ``without`` are left out."""
        left_out = set(without)
        return circles({
            module: {name for name in names if (module, name) not in left_out} for module, names in self.arrows.items()
        })  # fmt: skip

    # --- private names ---

    def package_of(self, module: str) -> str:
        """The package that a private name belongs to: ``core._request``, ``core`` for its single modules, ``wsgi``
        ..., and ``cardan`` for the modules at the top.
        """
        parts = module.split(".")
        if parts[1:2] == ["core"]:
            has_folder = f"{PACKAGE}.core.{parts[2]}" in self.packages if len(parts) > 2 else False
            return ".".join(parts[1 : 3 if has_folder else 2])
        return parts[1] if ".".join(parts[:2]) in self.packages and len(parts) > 1 else PACKAGE

    @cached_property
    def packages(self) -> set[str]:
        return {module for module, path in self.modules.items() if path.name == "__init__.py"}

    @cached_property
    def defined(self) -> dict[str, set[str]]:
        """Private name -> the packages that define it: a function, a class, a variable, or an attribute of self."""
        found: dict[str, set[str]] = defaultdict(set)
        for module in self.modules:
            package = self.package_of(module)
            for node in ast.walk(self.tree(module)):
                for name in names_defined_by(node):
                    if is_private(name):
                        found[name].add(package)
        return found

    @cached_property
    def contracts(self) -> set[str]:
        """The private names that a class derived from ``Protocol`` declares.

        Such a class is a contract between packages: it says with types what one of them asks of an object that another
        one makes and that users complete. Its names are private to users only.
        """
        return {
            name
            for module in self.modules
            for node in ast.walk(self.tree(module))
            if isinstance(node, ast.ClassDef) and "Protocol" in map(ast.unparse, node.bases)
            for name in names_declared_in(node)
            if is_private(name)
        }

    def reaches(self) -> list[Reach]:
        """Every use of a private attribute, or import of a private name, that only another package defines.

        The names of :attr:`contracts` do not count.

        A name counts as the package's own if any of its modules defines it, and if it is not asked of a variable that
        holds something of another package (``HOMES``). Also seen are ``getattr(x, "_name")`` and its like. The names of
        modules do not count: a module that users must not import is private by its name.
        """
        found = []
        modules = {module.rpartition(".")[2] for module in self.modules}
        for module in self.modules:
            package = self.package_of(module)
            for node in ast.walk(self.tree(module)):
                for name in names_used_by(node):
                    owners = self.defined.get(name, set())
                    if not is_private(name) or not owners or name in modules or name in self.contracts:
                        continue
                    homes = homes_of(node)
                    if package not in owners or (homes and package not in homes and owners & homes):
                        found.append(Reach(package, name, f"{module}:{getattr(node, 'lineno', 0)}"))
        return found

    # --- keys of __dict__ ---

    def dict_keys(self) -> list[DictKey]:
        """Every string that stands as a key of some object's ``__dict__``."""
        found = []
        for module in self.modules:
            for owner, function in functions_of(self.tree(module)):
                aliases = {
                    target.id
                    for node in ast.walk(function)
                    if isinstance(node, ast.Assign) and is_dict_of_object(node.value, set())
                    for target in node.targets
                    if isinstance(target, ast.Name)
                }
                for node in ast.walk(function):
                    for key in keys_used_by(node, aliases):
                        found.append(DictKey(key, owner, module, getattr(node, "lineno", 0)))
        return found

    @cached_property
    def declared(self) -> dict[str, set[str]]:
        """Name of a class -> the names that its body, or that of a base in the package, declares."""
        own: dict[str, set[str]] = defaultdict(set)
        bases: dict[str, set[str]] = defaultdict(set)
        for module in self.modules:
            for node in ast.walk(self.tree(module)):
                if isinstance(node, ast.ClassDef):
                    bases[node.name] |= {ast.unparse(base).partition("[")[0].rpartition(".")[2] for base in node.bases}
                    own[node.name] |= set(names_declared_in(node))

        def all_of(name: str, seen: frozenset[str]) -> set[str]:
            above = [all_of(base, seen | {base}) for base in bases[name] if base in own and base not in seen]
            return own[name].union(*above)

        return {name: all_of(name, frozenset()) for name in list(own)}

    # --- counts ---

    def lines(self) -> dict[str, int]:
        """Lines of source by package, with the lines in total last."""
        counts: Counter[str] = Counter()
        for module, path in self.modules.items():
            counts[self.package_of(module)] += len(path.read_text().splitlines())
        return {**dict(sorted(counts.items())), "total": counts.total()}

    def short_modules(self) -> list[str]:
        """The modules with fewer than SHORT lines; an ``__init__.py`` is a listing and does not count."""
        return [
            module
            for module, path in self.modules.items()
            if path.name != "__init__.py" and len(path.read_text().splitlines()) < SHORT
        ]

    def bare_any(self) -> Counter[str]:
        """By package: parameters and results of public functions and methods that are annotated with just ``Any``.

        ``*args`` and ``**options`` do not count.
        """
        counts: Counter[str] = Counter()
        for module in self.modules:
            for function in public_functions(self.tree(module)):
                spec = function.args
                places = [arg.annotation for arg in [*spec.posonlyargs, *spec.args, *spec.kwonlyargs]]
                counts[self.package_of(module)] += sum(
                    isinstance(node, ast.Name) and node.id == "Any" for node in [*places, function.returns]
                )
        return +counts


def circles(arrows: dict[str, set[str]]) -> list[list[str]]:
    """The groups of names that reach each other (the strongly connected components with more than one member)."""
    order: list[str] = []
    seen: set[str] = set()

    def visit(name: str, graph: dict[str, set[str]], into: list[str]) -> None:
        stack = [(name, iter(sorted(graph.get(name, ()))))]
        seen.add(name)
        while stack:
            current, following = stack[-1]
            for other in following:
                if other not in seen:
                    seen.add(other)
                    stack.append((other, iter(sorted(graph.get(other, ())))))
                    break
            else:
                stack.pop()
                into.append(current)

    for name in sorted(arrows):
        if name not in seen:
            visit(name, arrows, order)
    backward: dict[str, set[str]] = defaultdict(set)
    for name, others in arrows.items():
        for other in others:
            backward[other].add(name)
    seen.clear()
    found = []
    for name in reversed(order):
        if name not in seen:
            group: list[str] = []
            visit(name, backward, group)
            if len(group) > 1:
                found.append(sorted(group))
    return sorted(found)


def names_defined_by(node: ast.AST) -> Iterator[str]:
    if is_function(node) or isinstance(node, ast.ClassDef):
        yield node.name  # type: ignore[attr-defined]
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
        if isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"):
            yield node.attr
    elif isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__slots__" for t in node.targets):
        yield from strings_in(node.value)


def names_used_by(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.ImportFrom):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("getattr", "setattr", "hasattr", "delattr"):
        yield from strings_in(node.args[1])


def homes_of(node: ast.AST) -> set[str]:
    """The packages of the object whose attribute ``node`` is; empty where the name of the variable does not tell."""
    value = node.value if isinstance(node, ast.Attribute) else node.args[0] if isinstance(node, ast.Call) else None
    return HOMES.get(value.id, set()) if isinstance(value, ast.Name) else set()


def strings_in(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


def is_dict_of_object(node: ast.AST, aliases: set[str]) -> bool:
    if isinstance(node, ast.Attribute) and node.attr == "__dict__":
        return True
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "vars" and node.args:
        return True
    return isinstance(node, ast.Name) and node.id in aliases


def keys_used_by(node: ast.AST, aliases: set[str]) -> Iterator[str]:
    """The strings that ``node`` uses as keys of a ``__dict__``: subscript, ``in``, ``get`` and its like.

    Names of Python itself, such as ``__orig_bases__``, do not count.
    """
    keys: list[ast.expr] = []
    if isinstance(node, ast.Subscript) and is_dict_of_object(node.value, aliases):
        keys = [node.slice]
    elif isinstance(node, ast.Compare) and any(is_dict_of_object(other, aliases) for other in node.comparators):
        keys = [node.left]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
        if node.func.attr in ("get", "pop", "setdefault") and is_dict_of_object(node.func.value, aliases):
            keys = [node.args[0]]
    elif isinstance(node, ast.Assign) and any(
        isinstance(target, ast.Attribute) and target.attr == "__dict__" for target in node.targets
    ):
        keys = [key for key in getattr(node.value, "keys", []) if key is not None]
    found = [key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
    yield from (name for name in found if not name.startswith("__"))


def functions_of(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """Every function that is not inside another one, with the name of the class around it ("" without one)."""

    def walk(node: ast.AST, owner: str) -> Iterator[tuple[str, ast.AST]]:
        for child in ast.iter_child_nodes(node):
            if is_function(child):
                yield owner, child
            else:
                yield from walk(child, child.name if isinstance(child, ast.ClassDef) else owner)

    return walk(tree, "")


def leaning_docstrings(tree: ast.Module) -> Iterator[str]:
    """The names of the tests in a module, also in its classes, whose docstring begins as :data:`LEANING` says."""
    for _, test in functions_of(tree):
        assert isinstance(test, (ast.FunctionDef, ast.AsyncFunctionDef))
        if test.name.startswith("test_") and LEANING.match(ast.get_docstring(test) or ""):
            yield test.name


def names_declared_in(cls: ast.ClassDef) -> Iterator[str]:
    """What the body of a class declares: annotations, assignments, functions, and ``self.name: type`` in a method."""
    for node in ast.walk(cls):
        if isinstance(node, ast.AnnAssign):
            target = node.target
            if isinstance(target, ast.Name):
                yield target.id
            elif isinstance(target, ast.Attribute):
                yield target.attr
    body = list(cls.body)
    for node in body:
        if is_function(node):
            yield node.name  # type: ignore[attr-defined]
        elif isinstance(node, ast.Assign):
            yield from (name.id for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name))
        elif isinstance(node, ast.If):
            body += [*node.body, *node.orelse]


def public_functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """The public functions of a module and the public methods of its public classes, and ``__init__``, ``__call__``."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            if not node.name.startswith("_") or node.name in ("__init__", "__call__"):
                yield node
        elif isinstance(node, ast.ClassDef):
            if not node.name.startswith("_"):
                yield from public_functions(node)
        elif isinstance(node, (ast.If, ast.Try)):
            yield from public_functions(node)


# What one small form and one plain response touch. It runs in a process of its own, because it imports the tree.
WALKS = """
import asyncio, io, json, sys
from pathlib import Path
from cardan import Request, Response

HOME = str(Path(sys.argv[1]).resolve() / "cardan")
BODY = (b'--b\\r\\nContent-Disposition: form-data; name="name"\\r\\n\\r\\nA\\r\\n'
        b'--b\\r\\nContent-Disposition: form-data; name="mail"\\r\\n\\r\\nB\\r\\n--b--\\r\\n')
TYPE = "multipart/form-data; boundary=b"
FORM = Response("AB")

class Walk:
    def __init__(self):
        self.files = []
    def __call__(self, frame, event, arg):
        if event == "call" and frame.f_code.co_filename.startswith(HOME):
            self.files.append(frame.f_code.co_filename)
    def result(self):
        changes = sum(a != b for a, b in zip(self.files, self.files[1:]))
        return {"calls": len(self.files), "files": len(set(self.files)), "changes of file": changes}

def environ(body=None):
    made = {"REQUEST_METHOD": "POST" if body else "GET", "PATH_INFO": "/", "QUERY_STRING": "", "SERVER_NAME": "h",
        "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.url_scheme": "http", "wsgi.errors": sys.stderr,
        "wsgi.input": io.BytesIO(body or b""), "wsgi.version": (1, 0), "wsgi.multithread": False,
        "wsgi.multiprocess": False, "wsgi.run_once": False, "HTTP_HOST": "h"}
    return made | ({"CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": TYPE} if body else {})

def scope(body=None):
    headers = [(b"host", b"h")]
    if body:
        headers += [(b"content-length", str(len(body)).encode()), (b"content-type", TYPE.encode())]
    return {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST" if body else "GET",
        "scheme": "http", "path": "/", "raw_path": b"/", "query_string": b"", "root_path": "", "headers": headers,
        "client": ("127.0.0.1", 1), "server": ("h", 80)}

def wsgi(app, body=None):
    def serve():
        answer = app(made, lambda status, headers, exc_info=None: None)
        b"".join(answer)
        getattr(answer, "close", bool)()
    made = environ(body)
    serve()
    made, walk = environ(body), Walk()
    sys.setprofile(walk)
    serve()
    sys.setprofile(None)
    return walk.result()

def asgi(app, body=None):
    async def serve(walk):
        messages = [{"type": "http.request", "body": body or b"", "more_body": False}]
        async def receive():
            if messages:
                return messages.pop()
            await asyncio.sleep(60)
        async def send(message):
            pass
        made = scope(body)
        sys.setprofile(walk)
        await app(made, receive, send)
        sys.setprofile(None)
    async def twice():
        await serve(Walk())
        walk = Walk()
        await serve(walk)
        return walk.result()
    return asyncio.run(twice())

@Request.application
def form(request):
    return Response(request.form["name"] + request.form["mail"])

@Request.application
async def aform(request):
    await request.load()
    return Response(request.form["name"] + request.form["mail"])

@Request.application
def hello(request):
    return Response("hello")

@Request.application
async def ahello(request):
    return Response("hello")

print(json.dumps({
    "mro": [cls.__name__ for cls in Request.__mro__],
    "walks": {
        "small form, WSGI": wsgi(form, BODY), "small form, ASGI": asgi(aform, BODY),
        "plain response, WSGI": wsgi(hello), "plain response, ASGI": asgi(ahello),
    },
}))
"""


def measured(src: Path) -> dict[str, dict[str, dict[str, int]]]:
    """The MRO of ``Request``, and how many calls, files and changes of file the walks take."""
    env = {**os.environ, "PYTHONPATH": str(src)}
    command = [sys.executable, "-c", WALKS, str(src)]
    result = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    loaded: dict[str, dict[str, dict[str, int]]] = json.loads(result.stdout)
    return loaded


def report(src: Path) -> Iterator[str]:
    """The lines that the command prints."""
    house = House(src)
    found = measured(src)
    yield f"MRO of Request: {len(found['mro'])} classes ({', '.join(found['mro'])})"
    yield ""
    for name, walk in found["walks"].items():
        yield f"{name}: " + ", ".join(f"{count} {what}" for what, count in walk.items())
    yield ""
    groups = house.circles(WAYS_BACK)
    yield f"circles of imports: {len(groups)}, with {sum(map(len, groups))} modules"
    used = [way for way in WAYS_BACK if way[1] in house.arrows.get(way[0], ())]
    yield f"imports inside functions against the floors: {len(used)}"
    reaches = house.reaches()
    names = Counter((reach.package, reach.name) for reach in reaches)
    yield f"private names reached across packages: {len(names)}, used {len(reaches)} times"
    keys = house.dict_keys()
    known = set().union(*house.declared.values())
    bare = {key.key for key in keys if key.key not in house.declared.get(key.owner, known)}
    yield f"keys of __dict__: {len({key.key for key in keys})}, of which undeclared: {len(bare)}"
    short = house.short_modules()
    yield f"modules: {len(house.modules)}, of which under {SHORT} lines: {len(short)}"
    anys = house.bare_any()
    yield f"bare Any in public signatures: {anys.total()}"
    yield ""
    yield f"{'package':<20}{'lines':>8}{'bare Any':>10}"
    for package, lines in house.lines().items():
        count = anys.total() if package == "total" else anys[package]
        yield f"{package:<20}{lines:>8}{count:>10}"


if __name__ == "__main__":
    print(*report(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "src"), sep="\n")
