"""The house stands as it was drawn: imports point one way, core does no I/O, every public name is listed and explained.

The arrows are read from the source (also imports inside functions and under TYPE_CHECKING: a type is a dependency,
too); what really gets loaded is asked of a fresh interpreter without site-packages.
"""

from __future__ import annotations

import ast
import importlib.util
import inspect
import subprocess
import sys
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

SRC = Path(__file__).parents[1] / "src"
MODULES = {
    ".".join(path.relative_to(SRC).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted((SRC / "cardan").rglob("*.py"))
}

# Rooms, and which rooms each may import from (besides itself). What is not named here stands at the top.
ARROWS = {
    "core": set[str](),
    "spooling": {"core"},
    "_crossing": {"core"},
    "wsgi": {"core", "spooling", "_crossing"},
    "asgi": {"core", "spooling", "_crossing"},
    "top": {"core", "spooling", "_crossing", "wsgi", "asgi"},
    "testing": {"core", "spooling", "_crossing", "wsgi", "asgi", "top"},
}
# The one way back: Request.from_values asks the test builder, when it is called.
BUILDER = ("top", "testing", "function")
# The standard library's I/O, and what drags it in (email imports socket on 3.11, logging imports threading).
IO_MODULES = {
    "socket", "ssl", "asyncio", "threading", "_thread", "tempfile", "select", "selectors", "subprocess", "signal",
    "http.client", "http.server", "http.cookiejar", "urllib.request", "urllib.error", "email", "logging", "mimetypes",
    "multiprocessing", "concurrent", "socketserver", "queue", "shutil", "glob", "pathlib", "ftplib", "smtplib",
    "anyio", "trio", "sniffio",
}  # fmt: skip
# Only these may import anyio.
ANYIO_ROOMS = {"_crossing", "asgi", "testing"}


def room_of(module: str) -> str:
    """The room of a module of the package: ``cardan.core.urls`` -> ``core``, ``cardan._request`` -> ``top``."""
    if module == "cardan.files.spooling":
        return "spooling"
    name = module.split(".")[1] if "." in module else ""
    return name if name in ARROWS else "top"


def imports_of(module: str) -> Iterator[tuple[str, int, str]]:
    """Every module that ``module`` imports: its absolute name, the line, and where: module, function or typing."""
    path = MODULES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    tree = ast.parse(path.read_text(), str(path))
    inside = {id(node): "function" for func in ast.walk(tree) if is_function(func) for node in ast.walk(func)}
    inside |= {id(node): "typing" for block in ast.walk(tree) if is_typing(block) for node in ast.walk(block)}
    for node in ast.walk(tree):
        where = inside.get(id(node), "module")
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno, where) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
            for alias in node.names:
                full = f"{base}.{alias.name}"
                yield (full if full in MODULES else base), node.lineno, where


def is_typing(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def is_function(node: ast.AST) -> bool:
    return isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))


def is_io(name: str) -> bool:
    parts = name.split(".")
    return any(".".join(parts[: i + 1]) in IO_MODULES for i in range(len(parts)))


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_one_way(module: str) -> None:
    """core <- spooling, _crossing <- wsgi, asgi <- the top; wsgi and asgi never see each other."""
    room = room_of(module)
    wrong = [
        f"{MODULES[module]}:{line}: {room} imports {name}"
        for name, line, where in imports_of(module)
        if name.split(".")[0] == "cardan"
        and room_of(name) not in ARROWS[room] | {room}
        and (room, room_of(name), where) != BUILDER
    ]
    assert wrong == []


@pytest.mark.parametrize("module", [name for name in MODULES if room_of(name) == "core"])
def test_core_imports_the_standard_library_less_its_io(module: str) -> None:
    """No socket, no thread, no loop, no file, no third party: bytes and values in, events and values out."""
    outside = [(name, line) for name, line, _ in imports_of(module) if name.split(".")[0] != "cardan"]
    wrong = [
        f"{MODULES[module]}:{line}: {name}"
        for name, line in outside
        if is_io(name) or name.split(".")[0] not in sys.stdlib_module_names
    ]
    assert wrong == []


@pytest.mark.parametrize("module", MODULES)
def test_anyio_is_imported_by_the_crossing_and_by_asgi_alone(module: str) -> None:
    """And by crossing.py inside functions only: a WSGI program of def handlers never loads it."""
    found = [(line, where) for name, line, where in imports_of(module) if name.split(".")[0] == "anyio"]
    room = room_of(module)
    assert all(where == "typing" for _, where in found) or room in ANYIO_ROOMS
    assert room != "_crossing" or [line for line, where in found if where == "module"] == []


def fresh(code: str) -> set[str]:
    """The modules that ``code`` loads in an interpreter of its own, without site-packages (so: without anyio)."""
    prelude = f"import sys; before = set(sys.modules); sys.path.insert(0, {str(SRC)!r})\n"
    result = subprocess.run(
        [sys.executable, "-I", "-S", "-W", "error", "-c", f"{prelude}{code}\nprint(*set(sys.modules) - before)"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return set(result.stdout.splitlines()[-1].split())


def test_core_loads_no_io_module_also_indirectly() -> None:
    """Every module of core, imported in a fresh interpreter, brings no I/O module with it."""
    names = ", ".join(name for name in MODULES if room_of(name) == "core")
    assert sorted(name for name in fresh(f"import {names}") if is_io(name)) == []


def test_import_cardan_loads_no_adapter() -> None:
    """The package itself is lazy: neither anyio nor a protocol is there before it is used."""
    loaded = fresh("import cardan")
    assert sorted(name for name in loaded if name.startswith(("cardan.wsgi", "cardan.asgi", "anyio"))) == []


def test_a_wsgi_request_with_a_def_handler_loads_no_anyio() -> None:
    """Not even installed it needs to be: the whole way from environ to the body's last byte."""
    loaded = fresh(
        """if True:
        import io
        from cardan import Request, Response
        @Request.application
        def app(request):
            return Response(request.form["name"] + request.args["x"] + request.files["f"].read().decode())
        body = (b'--b\\r\\nContent-Disposition: form-data; name="name"\\r\\n\\r\\nA\\r\\n'
                b'--b\\r\\nContent-Disposition: form-data; name="f"; filename="f"\\r\\n\\r\\nC\\r\\n--b--\\r\\n')
        environ = {"REQUEST_METHOD": "POST", "PATH_INFO": "/", "QUERY_STRING": "x=B", "SERVER_NAME": "h",
            "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.url_scheme": "http", "wsgi.errors": sys.stderr,
            "wsgi.input": io.BytesIO(body), "wsgi.version": (1, 0), "wsgi.multithread": False,
            "wsgi.multiprocess": False, "wsgi.run_once": False, "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": "multipart/form-data; boundary=b"}
        answer = app(environ, lambda status, headers, exc_info=None: None)
        assert b"".join(answer) == b"ABC"
        getattr(answer, "close", bool)()
        """
    )
    assert {"anyio", "asyncio", "trio"} & {name.split(".")[0] for name in loaded} == set()


@pytest.mark.parametrize("module", MODULES)
def test_all_is_true(module: str) -> None:
    """``__all__`` names what is there, and every public class and function that the module defines."""
    loaded = importlib.import_module(module)
    listed = getattr(loaded, "__all__", None)
    assert listed is not None, f"{module} has no __all__"
    missing = [name for name in listed if not hasattr(loaded, name)]
    tree = ast.parse(MODULES[module].read_text())
    defined = [node.name for node in tree.body if is_function(node) or isinstance(node, ast.ClassDef)]
    unlisted = [name for name in defined if not name.startswith("_") and name not in listed]
    assert (missing, unlisted, len(listed) - len(set(listed))) == ([], [], 0)


def members_without_docstring(name: str, obj: Any) -> Iterator[str]:
    """Public functions, methods and properties of ``obj`` that nothing explains, neither here nor where inherited."""
    if inspect.isclass(obj):
        if (vars(obj).get("__doc__") or f"{obj.__name__}(").startswith(f"{obj.__name__}("):  # what a dataclass writes
            yield name
        for key, member in vars(obj).items():
            explained = isinstance(member, types.MemberDescriptorType) or not hasattr(type(member), "__get__")
            if not key.startswith("_") and not explained and not inspect.getdoc(inspect.getattr_static(obj, key)):
                inherited = any(inspect.getdoc(vars(base).get(key)) for base in obj.__mro__[1:] if key in vars(base))
                if not inherited:
                    yield f"{name}.{key}"
    elif inspect.isroutine(obj) and not inspect.getdoc(obj):
        yield name


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_has_a_docstring(module: str) -> None:
    """A module's docstring is its contract; a class, function or property says what it takes, gives and raises."""
    loaded = importlib.import_module(module)
    assert not MODULES[module].read_text().strip() or loaded.__doc__, f"{module} has no docstring"
    own = [(name, getattr(loaded, name)) for name in getattr(loaded, "__all__", ())]
    bare = [
        bad
        for name, obj in own
        if getattr(obj, "__module__", None) == module
        for bad in members_without_docstring(name, obj)
    ]
    assert bare == []
