"""The laws on how the package is built: which module may import which, what core may load, which names are private.

What the laws speak of is read from the source by ``tests/house.py`` (an import inside a function or under TYPE_CHECKING
counts like any other); what really gets loaded is asked of a fresh interpreter without site-packages.
"""

from __future__ import annotations

import ast
import importlib.util
import inspect
import subprocess
import sys
import types
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from cardan import Request
from tests.house import ROOT, WAYS_BACK, House, is_function

if TYPE_CHECKING:
    from collections.abc import Iterator

SRC = ROOT / "src"
HOUSE = House(SRC)
MODULES = HOUSE.modules

# The floors, from the ground up. A module may import what stands on a lower floor, and modules of its own entry; the
# entries of one floor do not import each other. A package holds its modules, except those with an entry of their own.
FLOORS = [
    "core._checks",
    (
        "_lazy core._buffers core._deprecated core._limits core._members core._pickling core._pieces "
        "core._status core._urls core._waiting"
    ),
    "core.fields",
    "core._problem",
    "core._exceptions",
    "core.structures",
    "core.drive core._informational core._structured_fields",
    "core._closing",
    "core.forms",
    "core._request",
    "core._response",
    "core._compression core._environs core._flow core._mounting core._origins core._proxies core._scopes",
    "core files._temporary",
    "_crossing files._spooling",
    "_unread",
    "types",
    "wsgi asgi",
    "apps._dual apps._lifespan apps._stopping apps._middleware_decorator",
    "_request",
    "_wire",
    "_response",
    "apps",
    "files",
    "exceptions datastructures http structured",
    "",  # cardan itself: the list of the names that users import
    "testing compat _echo __main__",
]
HEIGHTS = {entry: height for height, floor in enumerate(FLOORS) for entry in floor.split() or [""]}
# File names that stand twice in core, and why that does not mislead.
TWICE = {
    "body": "the bytes of a request, the bytes of a response",
    "content_type": "Content-Type of a form, Content-Type of a response",
    "events": "the events of a form, server-sent events",
    "head": "the head of a part of a form, the head of a request",
    "limits": "the limits, and their attributes on a request",
}
FORM_TYPES = ("multipart/form-data", "application/x-www-form-urlencoded")
# The standard library's I/O, and what drags it in (email imports socket on 3.11, logging imports threading).
IO_MODULES = {
    "socket", "ssl", "asyncio", "threading", "_thread", "tempfile", "select", "selectors", "subprocess", "signal",
    "http.client", "http.server", "http.cookiejar", "urllib.request", "urllib.error", "email", "logging", "mimetypes",
    "multiprocessing", "concurrent", "socketserver", "queue", "shutil", "glob", "pathlib", "ftplib", "smtplib",
    "anyio", "trio", "sniffio",
}  # fmt: skip
# Only these may import anyio.
ANYIO_ROOMS = {"_crossing", "asgi", "testing"}


def entry_of(module: str) -> str:
    """The entry of FLOORS that a module stands in: ``cardan.core.fields._dates`` -> ``core.fields``."""
    parts = module.split(".")[1:]
    return next(entry for i in range(len(parts), -1, -1) if (entry := ".".join(parts[:i])) in HEIGHTS)


def room_of(module: str) -> str:
    """``core``, ``wsgi``, ``_crossing`` ...; "" for what stands at the top."""
    return entry_of(module).partition(".")[0]


def is_io(name: str) -> bool:
    parts = name.split(".")
    return any(".".join(parts[: i + 1]) in IO_MODULES for i in range(len(parts)))


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_down(module: str) -> None:
    """A module imports what stands on lower floors, and its neighbours in the same entry; WAYS_BACK has the others."""
    own = entry_of(module)
    wrong = [
        f"{MODULES[module]}:{line}: {own} imports {name}"
        for name, line, where in HOUSE.imports(module)
        if name in MODULES
        and entry_of(name) != own
        and HEIGHTS[entry_of(name)] >= HEIGHTS[own]
        and (where == "module" or (module, name) not in WAYS_BACK)
    ]
    assert wrong == []


def test_every_module_of_core_has_a_floor() -> None:
    """A new module or package of core is entered in FLOORS, where it is decided what it may import."""
    assert [name for name in MODULES if entry_of(name) == "core"] == ["cardan.core"]
    assert [entry for entry in HEIGHTS if entry and f"cardan.{entry}" not in MODULES] == []


def test_no_circle_of_imports() -> None:
    """Modules never import each other in a circle, not for a type and not inside a function."""
    assert HOUSE.circles(WAYS_BACK) == []


def test_each_way_back_is_one() -> None:
    """What WAYS_BACK allows is there, is against the floors, and has a reason."""
    unused = [way for way in WAYS_BACK if way[1] not in HOUSE.arrows[way[0]]]
    needless = [way for way in WAYS_BACK if HEIGHTS[entry_of(way[0])] >= HEIGHTS[entry_of(way[1])]]
    assert (unused, needless, all(WAYS_BACK.values())) == ([], [], True)


def test_no_package_uses_the_private_names_of_another() -> None:
    """What begins with an underscore is used by the package that defines it.

    Another package asks for what is public, or for what a ``Protocol`` declares: the adapters ask an application for
    ``_adapter_portal``, which no user should see when completing ``app.``.
    """
    assert HOUSE.reaches() == []


def test_every_key_of_a_dict_is_declared() -> None:
    """A string that is a key of an object's ``__dict__`` is declared in the object's class, with its type.

    In a function outside of classes the name must be declared by some class of the package.
    """
    known = set().union(*HOUSE.declared.values())
    assert [key for key in HOUSE.dict_keys() if key.key not in HOUSE.declared.get(key.owner, known)] == []


def test_the_classes_of_a_request_are_few() -> None:
    """The MRO of ``Request`` has at most ten classes, ``object`` included."""
    assert len(Request.__mro__) <= 10


def test_the_adapters_have_the_same_modules() -> None:
    """What one adapter has for a request, the other one has under the same name; only the ends have names of their own.

    The ends are where bytes come from, and what only one of the protocols has: errors that a WSGI server takes for its
    own, messages and websockets of ASGI.
    """
    shared = {
        "_head",
        "_handling",
        "_thread",
        "_sending",
        "_draining",
        "_calling",
        "_rewriting",
        "_reshaping",
        "_hints",
    }
    own = {"wsgi": {"_input", "_errors"}, "asgi": {"_receiving", "_messages", "_websockets"}}
    for adapter, names in own.items():
        found = {name.rpartition(".")[2] for name in MODULES if name.startswith(f"cardan.{adapter}.")}
        assert found == shared | names


#: the functions of ``_handling.py`` that only one adapter has, and why the other one has none
ONE_SIDED = {
    "wsgi": {
        "_handle": "handle() answers the errors that a server takes for its own, around it",
    },
    "asgi": {
        "_thread_kept": "on WSGI the whole response is made in the thread of the request",
        "_perform": "WSGI does so in the thread of the request: wsgi/_thread.py",
        "_await": "WSGI awaits in the thread of the request: wsgi/_thread.py",
        "_fail": "WSGI cannot mistake the cancellation of something else for that of the request",
        "_hold": "WSGI drains when the iterable is closed: wsgi/_draining.py",
        "_make_worker": "WSGI has the thread of the request",
        "_make_sender": "sending is a function on WSGI",
        "_until_left": "a WSGI application sends nothing itself",
        "_is_left": "on WSGI the drain looks for the body itself",
        "_end": "on WSGI nothing of this has to be awaited",
        "_close_files": "on WSGI nothing of this has to be awaited",
        "_watch": "a WSGI server does not report that a client has left",
    },
}


def test_the_adapters_mirror_each_other() -> None:
    """``wsgi/_handling.py`` and ``asgi/_handling.py`` have the same functions in the same order.

    Each other function is in :data:`ONE_SIDED`. No parameter and no result of the shared ones has the type ``Any``.
    """
    shared = []
    for adapter, own in ONE_SIDED.items():
        functions = {
            node.name: node
            for node in HOUSE.tree(f"cardan.{adapter}._handling").body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        assert own.keys() <= functions.keys()
        names = [name for name in functions if name not in own]
        shared.append(names)
        for name in names:
            signature = [*(arg.annotation for arg in functions[name].args.args), functions[name].returns]
            assert "Any" not in [ast.unparse(each) for each in signature if each is not None]
    assert shared[0] == shared[1] == ["handle", "handle_response", "_respond", "_load", "_leave", "_request_url"]


@pytest.mark.parametrize("module", [name for name in MODULES if room_of(name) == "core"])
def test_core_imports_the_standard_library_less_its_io(module: str) -> None:
    """No socket, no thread, no loop, no file, no third party: bytes and values in, events and values out.

    ``typing_extensions`` is there for type checkers, and never imported. ``idna``, tables of Unicode, is imported for a
    host name beyond ASCII.
    """
    outside = [
        (name, line)
        for name, line, where in HOUSE.imports(module)
        if name.split(".")[0] != "cardan"
        and not (where == "typing" and name.split(".")[0] == "typing_extensions")
        and (module, where, name) != ("cardan.core._urls", "function", "idna")
    ]
    wrong = [
        f"{MODULES[module]}:{line}: {name}"
        for name, line in outside
        if is_io(name) or name.split(".")[0] not in sys.stdlib_module_names
    ]
    assert wrong == []


@pytest.mark.parametrize("module", MODULES)
def test_anyio_is_imported_by_the_crossing_and_by_asgi_alone(module: str) -> None:
    """Only ``_crossing`` and ``asgi`` import anyio, and ``_crossing`` inside functions only."""
    found = [(line, where) for name, line, where in HOUSE.imports(module) if name.split(".")[0] == "anyio"]
    room = room_of(module)
    assert all(where == "typing" for _, where in found) or room in ANYIO_ROOMS
    assert room != "_crossing" or [line for line, where in found if where == "module"] == []


def test_no_name_is_a_module_and_something_else() -> None:
    """``from package import name`` gives the same thing, whatever was imported before: module or object, not both."""
    wrong = []
    for module in MODULES:
        package, _, name = module.rpartition(".")
        importlib.import_module(module)
        if package and not inspect.ismodule(found := getattr(importlib.import_module(package), name)):
            wrong.append(f"{module} is a module and {found!r}")
    assert wrong == []


def test_a_file_name_stands_twice_in_core_for_a_reason() -> None:
    """The name of a file of core stands for one file, or TWICE says why there are two."""
    names = Counter(
        path.stem.lstrip("_")
        for name, path in MODULES.items()
        if entry_of(name).startswith("core") and path.stem != "__init__"
    )
    assert {name for name, count in names.items() if count > 1} == set(TWICE)


def constant_of(node: ast.AST) -> object:
    """The value of a constant, or of a product of constants such as ``64 * 1024``; None for any other code."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        left, right = constant_of(node.left), constant_of(node.right)
        return left * right if isinstance(left, int) and isinstance(right, int) else None
    return node.value if isinstance(node, ast.Constant) else None


def test_a_constant_has_one_home() -> None:
    """A size of 10,000 and more, and the media type of a form, are written down in one module; others import it."""
    places: dict[object, set[str]] = {}
    for module in (name for name in MODULES if room_of(name) != "testing"):
        for node in ast.walk(HOUSE.tree(module)):
            value = constant_of(node)
            if (type(value) is int and value >= 10_000) or value in FORM_TYPES:
                places.setdefault(value, set()).add(module)
    assert {value: found for value, found in places.items() if len(found) > 1} == {}
    assert set(FORM_TYPES) <= set(places)


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
    """A WSGI request with a form and a def handler loads no anyio, from the environ to the body's last byte."""
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
    own = [node.name for node in HOUSE.tree(module).body if is_function(node) or isinstance(node, ast.ClassDef)]
    listed = [name for name in getattr(loaded, "__all__", ()) if name in own]
    bare = [bad for name in listed for bad in members_without_docstring(name, getattr(loaded, name))]
    assert bare == []
