"""The public API changes only together with CHANGELOG.md.

``tests/surface.py`` lists the public API, ``tests/public_names.txt`` is the list of the last release (before the first
one: of its candidate), and ``tests/public_values.txt`` has its defaults and constants. What differs is named in the
Unreleased section of the changelog.
"""

from __future__ import annotations

import importlib
import re
from functools import partial
from typing import TYPE_CHECKING

import pytest

import cardan
from cardan.asgi._handling import ServedOverASGI
from cardan.wsgi._handling import ServedOverWSGI
from tests.surface import RECORD, ROOT, VALUES, is_own, is_public, modules, public_names, public_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

TITLE, *RECORDED = RECORD.read_text("utf-8").splitlines()
VALUES_TITLE, *VALUES_RECORDED = VALUES.read_text("utf-8").splitlines()
COMPAT = "cardan.compat.werkzeug"
SPAN = re.compile(r"`([^`]+)`")


def unreleased(changelog: str) -> dict[str, str]:
    """The Unreleased section of a changelog, as the text of each of its headings: Added, Changed, ..."""
    section = changelog.partition("\n## [Unreleased]\n")[2].partition("\n## ")[0]
    return {head: text for head, _, text in (part.partition("\n") for part in section.split("\n### ")[1:])}


def names_in(text: str) -> Iterator[str]:
    """What the code spans of ``text`` name: ``send_file(path, etag=None)`` names the function and two parameters."""
    for span in SPAN.findall(" ".join(text.split())):
        name, _, parameters = span.partition("(")
        yield name
        for parameter in parameters.rstrip(")").split(","):
            yield f"{name}({parameter.partition('=')[0].partition(':')[0].strip()})"


def spellings(entry: str) -> set[str]:
    """How the changelog may write an entry: in full, or without packages in front. At least two parts remain."""
    path, bracket, parameter = entry.partition("(")
    parts = path.split(".")
    return {".".join(parts[start:]) + bracket + parameter for start in range(max(len(parts) - 1, 1))}


def owners(entry: str) -> Iterator[str]:
    """The entry itself, and what it belongs to: function, class, module."""
    yield entry
    path, bracket, _ = entry.partition("(")
    if bracket:
        yield path
    while "." in path:
        path = path.rpartition(".")[0]
        yield path


def unnamed(actual: Iterable[str], recorded: Iterable[str], changelog: str) -> list[str]:
    """What appeared (+) and what disappeared (-) without the changelog.

    What comes or goes together with its class, function or module need not be named if that is named.
    """
    sections = unreleased(changelog)
    found = []
    for sign, head, changed in (
        ("+", "Added", set(actual) - set(recorded)),
        ("-", "Removed", set(recorded) - set(actual)),
    ):
        named = {name for text in (sections.get(head, ""), sections.get("Changed", "")) for name in names_in(text)}
        for entry in changed:
            if not any(spellings(owner) & named for owner in owners(entry) if owner in changed):
                found.append(f"{sign} {entry}")
    return sorted(found)


def test_no_public_name_comes_or_goes_without_the_changelog() -> None:
    """What differs from the recorded list is named in the Unreleased section, under Added, Removed or Changed."""
    assert unnamed(public_names(), RECORDED, (ROOT / "CHANGELOG.md").read_text("utf-8")) == []


def changed_silently(actual: dict[str, str], recorded: dict[str, str], changelog: str) -> list[str]:
    """The values that differ from those of the last release, and that no line under Changed names.

    A value that came or went with its class or function need not be named itself.
    """
    sections = {head: set(names_in(text)) for head, text in unreleased(changelog).items()}
    anywhere = {name for names in sections.values() for name in names}
    silent = []
    for entry in sorted({*actual, *recorded}):
        before, after = recorded.get(entry), actual.get(entry)
        if before is not None and after is not None:
            is_named = bool(spellings(entry) & sections.get("Changed", set()))
        else:
            is_named = any(spellings(owner) & anywhere for owner in owners(entry))
        if before != after and not is_named:
            silent.append(f"{entry}: {before} -> {after}")
    return silent


def test_no_default_and_no_constant_changes_without_the_changelog() -> None:
    """The default of a parameter, and what an attribute of a class is if a program does not set it, are as promised as
    the name itself: a program that names neither would get another result.
    """
    recorded = dict(line.split(" = ", 1) for line in VALUES_RECORDED)
    assert changed_silently(public_values(), recorded, (ROOT / "CHANGELOG.md").read_text("utf-8")) == []


def test_the_lists_are_those_of_this_version() -> None:
    """Whoever raises the version writes both lists anew: ``python -m tests.surface > tests/public_names.txt``, and
    ``python -m tests.surface values > tests/public_values.txt``.
    """
    assert f"# cardan {cardan.__version__}" == TITLE == VALUES_TITLE


def test_the_page_on_stability_speaks_of_every_public_module() -> None:
    """The table of docs/stability.md names each public module, and no other one."""
    page = (ROOT / "docs" / "stability.md").read_text("utf-8")
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in SPAN.findall(row)}
    assert named == {module for module in modules() if "compat" not in module} - {"cardan.testing.lint"} | {COMPAT}


CHANGELOG = "\n".join(  # noqa: FLY002 - the names of the example would be looked for in a long string
    [
        "",
        "# Changelog",
        "",
        "## [Unreleased]",
        "",
        "### Added",
        "",
        "- `Request.colour`, `http.parse_colour(value)`, and `cardan.redirect(code, colour=None)`.",
        "- `cardan.Paint`, a class.",
        "",
        "### Changed",
        "",
        "- The default of `files.send_file(max_age)`.",
        "",
        "### Removed",
        "",
        "- `Request.taste`",
        "",
        "## [0.1.0]",
        "",
        "### Added",
        "",
        "- `Request.smell`",
        "",
    ]
)


@pytest.mark.parametrize(
    ("entry", "appeared", "gone"),
    [
        ("cardan.Request.colour", True, False),
        ("cardan.core.Request.colour", True, False),
        ("cardan.http.parse_colour", True, False),
        ("cardan.http.parse_colour(value)", True, False),
        ("cardan.http.parse_colour(strict)", False, False),
        ("cardan.redirect(colour)", True, False),
        ("cardan.redirect(flavour)", False, False),
        ("cardan.Response.colour", False, False),
        ("cardan.colour", False, False),
        ("cardan.Request.taste", False, True),
        ("cardan.Request.smell", False, False),
        ("cardan.Paint", True, False),
        ("cardan.Paint.mix", False, False),
    ],
)
def test_what_counts_as_named(entry: str, appeared: bool, gone: bool) -> None:
    """A code span of the Unreleased section names it, under the heading for what happened to it."""
    assert unnamed([entry], [], CHANGELOG) == ([] if appeared else [f"+ {entry}"])
    assert unnamed([], [entry], CHANGELOG) == ([] if gone else [f"- {entry}"])


@pytest.mark.parametrize(
    ("entry", "before", "after", "silent"),
    [
        ("cardan.send_file(etag)", "1", "1", False),
        ("cardan.send_file(etag)", "1", "2", True),
        ("cardan.send_file(max_age)", "1", "2", True),
        ("cardan.files.send_file(max_age)", "1", "2", False),
        ("cardan.redirect(code)", "302", "303", True),  # it is named, but not as one that has changed
        ("cardan.render(flavour)", None, "2", True),
        ("cardan.render(flavour)", "1", None, True),
        ("cardan.Paint(size)", None, "2", False),  # it came with its class
        ("cardan.Paint(size)", "1", "2", True),
        ("cardan.Request.smell", "1", "2", True),
        ("cardan.Request.taste", "1", None, False),
    ],
)
def test_which_changes_of_values_are_silent(entry: str, before: str | None, after: str | None, silent: bool) -> None:
    """A value that is another one is named itself. One that came or went may have come with its class or function."""
    actual, recorded = ({entry: value} if value is not None else {} for value in (after, before))
    assert changed_silently(actual, recorded, CHANGELOG) == ([f"{entry}: {before} -> {after}"] if silent else [])


def test_what_comes_with_its_owner_need_not_be_named() -> None:
    """A new class brings its attributes and parameters; a module that goes takes its names along."""
    new = ["cardan.Paint", "cardan.Paint.mix", "cardan.Paint.mix(with_)", "cardan.Paint(colour)"]
    assert unnamed(new, [], CHANGELOG) == []
    assert unnamed(new, new[:1], CHANGELOG) == [f"+ {entry}" for entry in sorted(new[1:])]


@pytest.mark.parametrize(
    ("cls", "names"),
    [
        (cardan.Response, "plain whole finalizer closers keep_alive_chunk"),
        (cardan.FileStorage, "bind release arelease on_disk closes_async"),
        (cardan.Part, "bind release arelease on_disk closes_async"),
        (cardan.core.FileStorage, "bind release arelease on_disk closes_async"),
    ],
)
def test_what_adapters_ask_of_an_object_is_private(cls: type, names: str) -> None:
    """Completing ``response.`` or ``file.`` shows what users call, and not what the adapters do."""
    assert [name for name in names.split() if hasattr(cls, name)] == []


@pytest.mark.parametrize("served", [ServedOverWSGI, ServedOverASGI])
def test_what_adapters_ask_of_an_application_is_private(served: type) -> None:
    """The names that adapters ask of an application are private, except for the options and hooks that users give,
    assign and override.
    """
    options = {*cardan.types.ApplicationOptions.__annotations__, "handler", "request_class", "resolve", "on_error"}
    asked = {name for base in served.__mro__ if is_own(base) for name in vars(base) if not name.startswith("__")}
    assert {name for name in asked if is_public(name)} <= options
    assert any(name.startswith("_adapter_") for name in asked)


def test_the_list_has_names_of_every_kind() -> None:
    """Modules, their names, attributes of classes and of objects, parameters of functions, methods, constructors."""
    expected = {
        "cardan.http",
        "cardan.Response",
        "cardan.core.BaseRequest.form",
        "cardan.Limits.max_files",
        "cardan.http.http_date(when)",
        "cardan.redirect(status)",
        "cardan.testing.RequestBuilder.body",
        "cardan.StaticFiles(directory)",
        "cardan.datastructures.MultiDict.getlist(type)",
    }
    assert expected <= set(RECORDED)
    assert [entry for entry in RECORDED if "._" in entry or "(_" in entry] == []


def test_the_list_has_values_of_every_kind() -> None:
    """Defaults of functions, of methods, of constructors and of what has a public base; attributes; members of enums;
    lists, whose text does not depend on the process.
    """
    expected = {
        "cardan.redirect(status) = 302",
        "cardan.core.BaseResponse.set_cookie(path) = '/'",
        "cardan.testing.Client(grace) = 10.0",
        "cardan.CORS(methods) = tuple('GET', 'HEAD', 'POST')",
        "cardan.core.BaseRequest.max_files = 100",
        "cardan.exceptions.NotFound.code = 404",
        "cardan.datastructures.FetchSite.SAME_SITE = 'same-site'",
        "cardan.http.parse_cookie(cls) = cardan.datastructures.MultiDict",
    }
    assert expected <= set(VALUES_RECORDED)


@pytest.mark.parametrize("module", modules())
def test_what_a_module_does_not_have(module: str) -> None:
    """The error for a name that a public module does not have is the usual one. The public modules inside a package are
    its attributes, whether they were imported before or not.
    """
    loaded = importlib.import_module(module)
    with pytest.raises(AttributeError, match=rf"^module '{re.escape(module)}' has no attribute 'no_such_name'$"):
        loaded.no_such_name
    for name in modules():
        package, _, last = name.rpartition(".")
        if package == module:
            find = getattr(loaded, "__getattr__", partial(getattr, loaded))
            assert find(last) is importlib.import_module(name)
