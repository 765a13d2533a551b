"""Sphinx extension: the entries of the reference.

``entries`` describes public names, a class with the attributes that none of its public bases has; with ``:all:`` it
describes all of them, and with ``:bare:`` the class alone. ``members`` describes the attributes that it lists, on any
page. A name is described once. Its other public names, and the attributes that a class shares with one that is
described, lead to this one entry.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import itertools
import pkgutil
import re
import sys
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx import addnodes
from sphinx.domains.python._annotations import _parse_annotation
from sphinx.pycode import ModuleAnalyzer
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import make_refnode

sys.path.insert(0, str(Path(__file__).parents[1]))

import cardan
from cardan import HTTPException, Limits
from cardan.core._limits import LimitAttributes
from tests.surface import attributes_of, homes, is_own, is_public, modules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

COMPAT = "cardan.compat."
WHOLE = "cardan-entries-whole"
"""The key under which the directive says that an entry, or the page, describes the attributes of all base classes."""
TWINS = {
    "cardan.Limits": "cardan.Request",
    "cardan.core.RequestHead": "cardan.core.HeadLike",
    "cardan.wsgi.EnvironHead": "cardan.core.HeadLike",
    "cardan.asgi.ScopeHead": "cardan.core.HeadLike",
    "cardan.types.UnreadRequest": "cardan.Request",
    "cardan.compat.werkzeug.sansio.request.Request": "cardan.Request",
    "cardan.compat.werkzeug.sansio.response.Response": "cardan.Response",
}
"""Classes whose attributes have the names and the meaning of those of another class, which describes them."""


def value_of(path: str) -> Any:
    """What a public name stands for, an attribute of a class included."""
    module = max((name for name in modules() if path.startswith(f"{name}.")), key=len)
    first, *others = path.removeprefix(f"{module}.").split(".")
    value = getattr(importlib.import_module(module), first)
    for name in others:
        value = inspect.getattr_static(value, name)
    return value


@cache
def public_names() -> dict[str, list[str]]:
    """Each name of each ``__all__``, with all public names of the same thing. Equal constants are different things."""
    groups: dict[object, list[str]] = {}
    for module in modules():
        for name in importlib.import_module(module).__all__:
            path = f"{module}.{name}"
            value = value_of(path)
            constant = isinstance(value, str | bytes | int | float | tuple) or value is Any
            groups.setdefault(path if constant else id(value), []).append(path)
    return {path: group for group in groups.values() for path in group if not inspect.ismodule(value_of(path))}


def kind_of(value: object) -> str:
    """The directive of autodoc for a value in a module."""
    if inspect.isclass(value):
        return "autoexception" if issubclass(value, BaseException) else "autoclass"
    return "autofunction" if inspect.isroutine(value) else "autodata"


def kind_of_member(value: object) -> str:
    if isinstance(value, property):
        return "autoproperty"
    is_method = inspect.isroutine(value) or isinstance(value, classmethod | staticmethod)
    return "automethod" if is_method else "autoattribute"


class Entries(SphinxDirective):
    """Describes the names that it lists, one a line."""

    has_content = True
    option_spec: ClassVar[Any] = {"bare": directives.flag, "all": directives.flag}

    def run(self) -> list[nodes.Node]:
        self.env.temp_data[WHOLE] = bool({"all", "bare"} & set(self.options))
        return self.described([line.strip() for line in self.content if line.strip()])

    def described(self, paths: list[str]) -> list[nodes.Node]:
        lines = ["```{eval-rst}"]
        for path in paths:
            value = value_of(path)
            lines += [f".. {kind_of(value)}:: {path}"]
            if inspect.isclass(value) and "bare" not in self.options:
                lines += members_of(value, all_members(value) if "all" in self.options else own_members(value))
            lines.append("")
        return self.parse_text_to_nodes("\n".join([*lines, "```"]))


class Members(Entries):
    """Describes attributes of one class, which is the argument: those that are listed, in this order."""

    required_arguments = 1

    def described(self, paths: list[str]) -> list[nodes.Node]:
        (cls,) = self.arguments
        names = [name for line in paths for name in line.split()]
        kinds = [kind_of_member(inspect.getattr_static(value_of(cls), name, None)) for name in names]
        lines = [f".. {kind}:: {cls}.{name}" for kind, name in zip(kinds, names, strict=True)]
        return self.parse_text_to_nodes("\n".join(["```{eval-rst}", *lines, "```"]))


def members_of(cls: type, names: list[str]) -> list[str]:
    """What tells autodoc which attributes of a class to describe. It does not know those that a constructor sets."""
    kept = [name for name in names if name in parameters_of(cls) and not is_declared(cls, name)]
    found = [name for name in names if name not in kept]
    options = [f"   :members: {', '.join(found)}", "   :undoc-members:", "   :member-order: bysource"] if found else []
    described = [line for name in kept for line in (f"   .. py:attribute:: {name}", "", f"      {KEPT}", "")]
    return [*options, "", *described]


KEPT = "The argument of the constructor with this name."


def parameters_of(cls: type) -> list[str]:
    return list(inspect.signature(cls.__init__).parameters)


def is_declared(cls: type, name: str) -> bool:
    """Whether an attribute is in the body of the class, with a value or with a type."""
    return any(name in vars(base) or name in inspect.get_annotations(base) for base in cls.__mro__)


def own_members(cls: type) -> list[str]:
    """The attributes of a class that no public base class of it has, and no twin."""
    twin = value_of(TWINS[path_of(cls)]) if path_of(cls) in TWINS else None
    others = [base for base in cls.__mro__[1:] if base in homes()] + ([twin] if twin else [])
    return [name for name in all_members(cls) if not any(name in all_members(other) for other in others)]


def path_of(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


# ---- the types of attributes


@cache
def class_node(cls: type) -> tuple[ast.ClassDef | None, dict[str, Any]]:
    """The source of a class, and the names of the module where it stands."""
    for module in [sys.modules[name] for name in sorted(sys.modules) if name.startswith("cardan")]:
        if vars(module).get(cls.__name__) is cls and module.__file__:
            for node in ast.walk(ast.parse(Path(module.__file__).read_text("utf-8"))):
                if isinstance(node, ast.ClassDef) and node.name == cls.__name__:
                    return node, vars(module)
    return None, {}


def statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in body:
        yield statement
        if isinstance(statement, ast.If):
            yield from statements([*statement.body, *statement.orelse])


def type_of(cls: type, name: str) -> str | None:
    """The type of an attribute as text: what its annotation says, or what the function that makes it returns."""
    for base in filter(is_own, cls.__mro__):
        node, names = class_node(base)
        for statement in statements(node.body if node else []):
            match statement:
                case ast.AnnAssign(target=ast.Name(found), annotation=annotation) if found == name:
                    return bare(ast.unparse(annotation))
                case ast.FunctionDef(name=found, returns=ast.expr() as returns) if found == name:
                    return ast.unparse(returns)
                case ast.Assign(targets=[ast.Name(found)], value=ast.Call() as call) if found == name:
                    return type_of_call(call, names)
        if node and (found := type_set_in(node, name)):
            return found
    if limit := vars(Limits)["__annotations__"].get(name):
        return str(limit)
    value = inspect.getattr_static(cls, name, None)
    if inspect.isclass(value):
        return f"type[{value.__name__}]"
    return None if value is None or inspect.ismemberdescriptor(value) else type(value).__name__


def type_set_in(cls: ast.ClassDef, name: str) -> str | None:
    """The type of an attribute that a method sets: ``self.name: int = ...``, or a parameter of the constructor."""
    for node in ast.walk(cls):
        match node:
            case ast.AnnAssign(target=ast.Attribute(attr=found), annotation=annotation) if found == name:
                return ast.unparse(annotation)
            case ast.FunctionDef(name="__init__", args=arguments):
                for argument in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]:
                    if argument.arg == name and argument.annotation:
                        return ast.unparse(argument.annotation)
            case ast.Assign(targets=[ast.Attribute(attr=found)], value=ast.Constant(value)) if found == name:
                return type(value).__name__
    return None


def bare(annotation: str) -> str:
    """What an attribute reads as: ``ClassVar[HeaderField[int | None, int]]`` reads as ``int | None``."""
    inner = re.fullmatch(r"(?:\w+\.)*(?:ClassVar|Final|Required|NotRequired)\[(.*)\]", annotation)
    if inner:
        return bare(inner[1])
    tree = ast.parse(annotation, mode="eval").body
    if isinstance(tree, ast.Subscript) and ast.unparse(tree.value).endswith(("Field", "Directive")):
        read = tree.slice.elts[0] if isinstance(tree.slice, ast.Tuple) else tree.slice
        return ast.unparse(read)
    return annotation


STRUCTURED = {"dict": "Mapping[str, Item | InnerList]", "list": "tuple[Item | InnerList, ...]"}


def type_of_call(call: ast.Call, names: dict[str, Any]) -> str | None:
    """What an attribute reads as that is made by a call, such as ``header_field("Age", parse_age)``."""
    function = ast.unparse(call.func)
    arguments = [ast.unparse(argument) for argument in call.args[1:]]
    default = next((ast.unparse(keyword.value) for keyword in call.keywords if keyword.arg == "default"), "None")
    if function in ("live_field", "value_field"):
        return arguments[0]
    if function == "structured_field":
        kind, *arguments = arguments
        if not arguments:
            return STRUCTURED.get(kind, f"{kind} | None")
    elif function not in ("header_field", "_LastModified", "_URIField"):
        returned = inspect.signature(eval(function, names)).return_annotation
        return bare(returned) if isinstance(returned, str) else None
    read = returned_by(eval(arguments[0], names)) if arguments else "str"
    parts = [part for part in read.split(" | ") if part != "None"]
    return " | ".join([*parts, "None"] if default == "None" else parts)


def returned_by(function: Any) -> str:
    returned = str(inspect.signature(function).return_annotation)
    owner = getattr(function, "__self__", None)
    return returned.replace("Self", owner.__name__) if inspect.isclass(owner) else returned


def show_types(app: Sphinx, domain: str, objtype: str, content: addnodes.desc_content) -> None:
    """Give each attribute and constant its type, and take away values that are objects, whose text is of no use."""
    for signature in content.parent.findall(addnodes.desc_signature):
        if signature.parent is not content.parent or objtype not in ("attribute", "data"):
            continue
        notes = list(signature.findall(addnodes.desc_annotation))
        for note in [note for note in notes if note.astext().startswith(" = ")]:
            if re.search(r"[<{\n]", note.astext()) or len(note.astext()) > 60:
                note.parent.remove(note)
        if not any(note.astext().startswith(":") for note in notes) and (text := type_of_entry(objtype, signature)):
            note = addnodes.desc_annotation("", ": ", *_parse_annotation(text, app.env))
            positions = [signature.index(node) for node in signature.findall(addnodes.desc_name)]
            signature.insert(positions[0] + 1, note)


def shorten(
    app: Sphinx, what: str, name: str, value: Any, options: object, signature: str | None, returns: str | None
) -> tuple[str | None, str | None]:
    """Write ``[]`` for a default that a dataclass makes by calling ``list``, and a number for its private name."""
    names = getattr(value.__init__ if inspect.isclass(value) else value, "__globals__", {})

    def default(found: re.Match[str]) -> str:
        constant = names.get(found[1])
        return f" = {constant}" if isinstance(constant, int) else " = ..."

    if signature is not None:
        signature = re.sub(r" ?= ?<factory>", " = []", signature)
        signature = re.sub(r" = (_?[A-Z][A-Z_]+)\b(?!\.)", default, signature)
    return signature, returns


def type_of_entry(objtype: str, signature: addnodes.desc_signature) -> str | None:
    module, name = signature.get("module") or "", signature["fullname"]
    path = name if name.startswith("cardan.") else f"{module}.{name}"
    if objtype == "data":
        value = value_of(path)
        own = isinstance(value, str | bytes | int | tuple | dict)
        return type(value).__name__ if own else "TypeAlias"
    owner, _, attribute = path.rpartition(".")
    return type_of(value_of(owner), attribute)


# ---- the sources, and the descriptions of attributes


def sources() -> dict[str, set[str]]:
    """The private modules in which the classes of a public module are defined.

    A class has the ``__module__`` from which users import it. autodoc needs the source of the private module: for the
    docstrings of attributes, for overloads, and for the order of members.
    """
    found = defaultdict(set)
    for each in pkgutil.walk_packages(cardan.__path__, "cardan."):
        module = importlib.import_module(each.name)
        text = Path(str(module.__file__)).read_text("utf-8")
        for name, value in vars(module).items():
            if inspect.isclass(value) and value.__module__ != each.name and f"\nclass {name}" in text:
                found[value.__module__].add(each.name)
    return found


SOURCES = sources()


def analyze_with_sources(self: ModuleAnalyzer, analyze: Any = ModuleAnalyzer.analyze) -> None:
    """Read the source of a module, and those of the private modules in which its classes are defined."""
    if self._analyzed:
        return
    analyze(self)
    for name in sorted(SOURCES[self.modname]):
        source = ModuleAnalyzer.for_module(name)
        source.analyze()
        self.attr_docs = {**source.attr_docs, **self.attr_docs}
        self.overloads = {**source.overloads, **self.overloads}
        first = len(self.tagorder)
        self.tagorder |= {tag: first + number for tag, number in source.tagorder.items() if tag not in self.tagorder}
    for cls in {value_of(path) for path in public_names() if inspect.isclass(value_of(path))}:
        for name in all_members(cls) if cls.__module__ == self.modname else []:
            if (cls.__qualname__, name) not in self.attr_docs and (text := fallback(cls, name)):
                self.attr_docs[cls.__qualname__, name] = [*inspect.cleandoc(text).splitlines(), ""]


ModuleAnalyzer.analyze = analyze_with_sources  # type: ignore[method-assign]


def fallback(cls: type, name: str) -> str | None:
    """The description of an attribute that has no text where autodoc looks for it."""
    value = inspect.getattr_static(cls, name, None)
    has_text = not inspect.ismemberdescriptor(value) and getattr(value, "__doc__", "") != type(value).__doc__
    if kind_of_member(value) != "autoattribute" or has_text:
        return None
    if text := description_of(cls, name):
        return text
    if path_of(cls) == "cardan.types.ApplicationOptions":
        return f"See :attr:`cardan.Application.{name}`."
    return KEPT if name in parameters_of(cls) or issubclass(cls, HTTPException) else None


def description_of(cls: type, name: str) -> str | None:
    """The text after an attribute in the body of a class, of one of its bases, or in a method."""
    for base in [*filter(is_own, cls.__mro__), LimitAttributes]:
        node, _ = class_node(base)
        for block in bodies(node) if node else []:
            for statement, following in itertools.pairwise(block):
                if name in names_defined_by_statement(statement):
                    match following:
                        case ast.Expr(ast.Constant(str(text))):
                            return text
    return None


def bodies(cls: ast.ClassDef) -> Iterator[list[ast.stmt]]:
    """The statements of a class, and of every block in it."""
    for node in ast.walk(cls):
        body = getattr(node, "body", None)
        if isinstance(body, list):  # a lambda has an expression
            yield body


def names_defined_by_statement(statement: ast.stmt) -> list[str]:
    """``name`` for ``name = ...`` and for ``self.name = ...``, with a type or without."""
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    return [getattr(target, "id", getattr(target, "attr", "")) for target in targets if target]


# ---- other names of what is described


def say_other_names(app: Sphinx, what: str, name: str, value: object, options: object, lines: list[str]) -> None:
    """Name at the end of an entry the other modules that the name may be imported from."""
    others = [other for other in public_names().get(name, ()) if other != name and not other.startswith(COMPAT)]
    if others:
        lines += ["", f"Other names of it: {', '.join(f'``{other}``' for other in others)}.", ""]
    whole = app.env.temp_data.get(WHOLE, False) or any("It has the attributes of" in line for line in lines)
    if what == "class" and name in public_names() and not whole and (bases := described_bases(name)):
        links = " and ".join(f":class:`{base}`" for base in bases)
        lines += ["", f"It has the attributes of {links}, too.", ""]


def described_bases(path: str) -> list[str]:
    """The nearest public base class, or the twin, whose attributes the entry of a class does not repeat."""
    cls = value_of(path)
    if path_of(cls) in TWINS:
        return [TWINS[path_of(cls)]]
    if issubclass(cls, BaseException):
        return []
    public = [base for base in cls.__mro__[1:] if base in homes() and is_own(base)]
    if not path.startswith(COMPAT):
        public = [base for base in public if not homes()[base].startswith(COMPAT)]
    return [homes()[base] for base in public if not any(base in other.__mro__[1:] for other in public)]


@cache
def short_names() -> dict[str, list[str]]:
    """The public names that end in a short one. That of the package itself comes first, those of Werkzeug last."""
    found = defaultdict(list)
    for path in sorted(public_names(), key=lambda path: (COMPAT in path, path.count("."), path)):
        found[path.rpartition(".")[2]].append(path)
    return found


def link_short_name(
    app: Sphinx, env: BuildEnvironment, node: addnodes.pending_xref, content: nodes.Element
) -> nodes.Element | None:
    """Let a short name, such as WrongMode, lead to its entry from the text of every module."""
    paths = short_names().get(node["reftarget"]) if node.get("refdomain") == "py" else None
    entry = env.domains.python_domain.objects.get(paths[0]) if paths else None
    if entry is None:
        return None
    return make_refnode(app.builder, node["refdoc"], entry.docname, entry.node_id, content, paths[0] if paths else "")


def note_other_names(app: Sphinx, env: BuildEnvironment) -> None:
    """Let the other names of a thing, and of its attributes, lead to its entry."""
    objects = env.domains.python_domain.objects
    for path, group in public_names().items():
        entry = next((objects[name] for name in group if name in objects), None)
        if entry is not None and path not in objects:
            objects[path] = entry._replace(aliased=True)
    shared = {}
    for path, entry in objects.items():
        if not entry.aliased and entry.objtype in ("attribute", "property", "method"):
            shared.setdefault(static_of(path), entry)
    for path in public_names():
        if inspect.isclass(value_of(path)):
            for name in all_members(value_of(path)):
                member = f"{path}.{name}"
                entry = objects.get(member) or shared.get(static_of(member)) or described_beside(path, name, objects)
                if entry is not None and member not in objects:
                    objects[member] = entry._replace(aliased=True)


def static_of(path: str) -> object:
    """What tells an attribute from all others: its object, or its path if it has none or a plain one."""
    owner, _, name = path.rpartition(".")
    value = inspect.getattr_static(value_of(owner), name, None) if owner in public_names() else None
    plain = value is None or isinstance(value, str | bytes | int | float | tuple)
    return path if plain else id(value)


def described_beside(path: str, name: str, objects: dict[str, Any]) -> Any:
    """The entry of an attribute that a twin describes, or a relative of the class."""
    cls = value_of(path)
    for other in [TWINS.get(path_of(cls), ""), *public_names()]:
        found = objects.get(f"{other}.{name}")
        if found is None or found.aliased:
            continue
        related = value_of(other)
        is_relative = cls in related.__mro__ or owner_of(related, name) in cls.__mro__
        if is_relative or other == TWINS.get(path_of(cls)):
            return found
    return None


def owner_of(cls: type, name: str) -> type:
    """The class that an attribute comes from."""
    return next((base for base in cls.__mro__ if name in vars(base) or name in inspect.get_annotations(base)), cls)


@cache
def all_members(cls: type) -> list[str]:
    """The public attributes that a class of cardan has from cardan's classes."""
    if not is_own(cls):
        return []
    owned = {name for name in dir(cls) if is_own(next((base for base in cls.__mro__ if name in vars(base)), cls))}
    return sorted(name for name in {*owned, *attributes_of(cls)} if is_public(name) and not is_refused(cls, name))


def is_refused(cls: type, name: str) -> bool:
    """Whether it is a method of an immutable class that raises TypeError, in place of one that changes the object."""
    return getattr(inspect.getattr_static(cls, name, None), "__name__", "").lstrip("_") == "refuse"


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("entries", Entries)
    app.add_directive("members", Members)
    app.connect("object-description-transform", show_types)
    app.connect("autodoc-process-docstring", say_other_names)
    app.connect("autodoc-process-signature", shorten)
    app.connect("env-updated", note_other_names)
    app.connect("missing-reference", link_short_name)
    return {"parallel_read_safe": True}
