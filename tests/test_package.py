"""What is uploaded to the package index: the files of a release, what they say about themselves, and README.md."""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.parser import BytesParser
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from packaging.requirements import Requirement
from readme_renderer import markdown
from trove_classifiers import classifiers

import cardan
from tests.house import ROOT

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
URLS: dict[str, str] = PROJECT["project"]["urls"]
GROUPS: dict[str, list[str | dict[str, str]]] = PROJECT["dependency-groups"]
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")
#: Where a file and a folder of the repository are shown.
FILES, REPOSITORY_FOLDERS = URLS["Source"] + "/blob/main/", URLS["Source"] + "/tree/main/"


class Built(NamedTuple):
    """The files of a release, and the folder into which the source distribution was unpacked."""

    sdist: Path
    wheel: Path
    unpacked: Path


def build(source: Path, folder: Path) -> Built:
    """Build the source distribution of ``source``, and from it the wheel, as `make dist` does."""
    unpacked = folder / "unpacked"
    for target, root in (("sdist", source), ("wheel", unpacked)):
        command = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(folder)]
        environ = {**os.environ, "SOURCE_DATE_EPOCH": "1767225600"}
        subprocess.run(command, cwd=root, env=environ, check=True, capture_output=True)
        if target == "sdist":
            (sdist,) = folder.glob("cardan-*.tar.gz")
            with tarfile.open(sdist) as archive:
                archive.extractall(folder, filter="data")
            (folder / sdist.name.removesuffix(".tar.gz")).rename(unpacked)
    (wheel,) = folder.glob("cardan-*.whl")
    return Built(sdist, wheel, unpacked)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return build(ROOT, tmp_path_factory.mktemp("built"))


def files_below(folder: Path) -> set[str]:
    """The files of a folder of this working copy, without what tools write there."""
    return {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and not {"__pycache__", "_build"} & set(path.parts) and not path.name.startswith("_served_")
    }


def test_the_wheel_has_the_package_alone(built: Built) -> None:
    """The wheel has every file of src/cardan, py.typed among them, and what describes the package. It has no tests."""
    with zipfile.ZipFile(built.wheel) as archive:
        names = set(archive.namelist())
    about = f"cardan-{cardan.__version__}.dist-info"
    described = {f"{about}/{name}" for name in ("METADATA", "WHEEL", "RECORD", "licenses/LICENSE")}
    assert names - described == {name.removeprefix("src/") for name in files_below(ROOT / "src")}
    assert names >= described | {"cardan/py.typed"}
    assert built.wheel.name == f"cardan-{cardan.__version__}-py3-none-any.whl"


#: The folders of the repository, without what tools make there: it is hidden, named in .gitignore, or an environment.
MADE = re.compile(r"\..*|build|dist|.*\.egg-info|__pycache__")
FOLDERS = [
    ".ci",
    ".github",
    *sorted(
        path.name
        for path in ROOT.iterdir()
        if path.is_dir() and not MADE.fullmatch(path.name) and not (path / "pyvenv.cfg").exists()
    ),
]


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_source_distribution_has_what_its_tests_need(built: Built, folder: str) -> None:
    """The source distribution has every file of each folder. `make dist-test` runs its tests."""
    found = {path.relative_to(built.unpacked).as_posix() for path in built.unpacked.rglob("*")}
    assert files_below(ROOT / folder) - found == set()


def test_the_pages_and_settings_are_in_the_source_distribution(built: Built) -> None:
    """The source distribution has the pages at the top, the license, the Makefile, and the settings of the tools."""
    top = {path.name for path in built.unpacked.iterdir() if path.is_file()}
    assert top >= {path.name for path in ROOT.glob("*.md")} | {"LICENSE", "Makefile", "conftest.py", "pyproject.toml"}


def test_a_build_can_be_repeated(built: Built, tmp_path: Path) -> None:
    """A build of the unpacked source distribution, elsewhere and at another time, makes the same bytes."""
    again = build(built.unpacked, tmp_path)
    assert again.sdist.read_bytes() == built.sdist.read_bytes()
    assert again.wheel.read_bytes() == built.wheel.read_bytes()


def test_the_metadata(built: Built) -> None:
    """The package needs anyio and nothing else. Its extras are for users. Both files of a release say the same."""
    said = (built.unpacked / "PKG-INFO").read_bytes()
    with zipfile.ZipFile(built.wheel) as archive:
        assert archive.read(f"cardan-{cardan.__version__}.dist-info/METADATA") == said
    found = BytesParser().parsebytes(said)
    assert (found["Name"], found["Version"]) == ("cardan", cardan.__version__)
    assert (found["License-Expression"], found["Description-Content-Type"]) == ("BSD-3-Clause", "text/markdown")
    needs = [Requirement(text) for text in found.get_all("Requires-Dist", [])]
    assert [need.name for need in needs if need.marker is None] == ["anyio"]
    assert found.get_all("Provides-Extra") == ["compression", "servers", "testing"]
    assert found.get_all("Project-URL") == [f"{name}, {url}" for name, url in URLS.items()]
    assert said.partition(b"\n\n")[2].decode() == README


def test_the_tests_of_the_wheel_need_the_wheel(tmp_path: Path) -> None:
    """With ``--installed``, as `make dist-test` runs pytest, no test runs if cardan is imported from another folder."""
    (tmp_path / "conftest.py").write_text((ROOT / "tests/conftest.py").read_text("utf-8"), "utf-8")
    (tmp_path / "cardan").mkdir()
    (tmp_path / "cardan/__init__.py").touch()
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--installed", str(tmp_path)]
    environ = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    done = subprocess.run(
        command, cwd=tmp_path, env={**environ, "PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert f"got cardan in {tmp_path.resolve() / 'cardan'}, expected it in " in done.stderr
    assert "--installed" in (ROOT / ".ci/dist-test").read_text("utf-8")


def test_the_version_has_one_place() -> None:
    """Only src/cardan/__init__.py has the version. The build back end reads it there."""
    assert PROJECT["project"]["dynamic"] == ["version"]
    places = [
        path.relative_to(ROOT).as_posix()
        for path in [*ROOT.glob("*.toml"), *ROOT.glob("src/**/*.py"), ROOT / "docs/conf.py", ROOT / "README.md"]
        if cardan.__version__ in path.read_text("utf-8")
    ]
    assert places == [PROJECT["tool"]["hatch"]["version"]["path"]] == ["src/cardan/__init__.py"]


def test_every_classifier_exists() -> None:
    """The index refuses a package with a classifier that it does not know."""
    assert [name for name in PROJECT["project"]["classifiers"] if name not in classifiers] == []


def versions_tested() -> list[str]:
    """The versions of Python in the Makefile, the oldest first."""
    (found,) = re.findall(r"^PYTHONS := (.*)$", MAKEFILE, re.MULTILINE)
    return found.split()[::-1]


def test_the_classifiers_name_the_pythons_that_are_tested() -> None:
    """The classifiers, `requires-python` and README.md name the versions of Python that the tests pass on."""
    tested = versions_tested()
    named = [name.rpartition(" :: ")[2] for name in PROJECT["project"]["classifiers"] if "Python :: 3." in name]
    assert named == tested
    assert [f"3.{minor}" for minor in range(11, 11 + len(tested))] == tested
    assert PROJECT["project"]["requires-python"] == f">={tested[0]}"
    assert f"Python {tested[0]} to {tested[-1]}" in README
    (newer,) = re.findall(r"^NEWER_PYTHONS \?= (.*)$", MAKEFILE, re.MULTILINE)
    assert {name.removeprefix("python") for name in newer.split()} <= set(tested)


def needs(group: str) -> list[Requirement]:
    """What a dependency group needs, that of included groups among it."""
    found: list[Requirement] = []
    for entry in GROUPS[group]:
        found += [Requirement(entry)] if isinstance(entry, str) else needs(entry["include-group"])
    return found


@pytest.mark.parametrize("group", GROUPS)
def test_every_group_can_be_read(group: str) -> None:
    """Each dependency group consists of requirements and groups. Of cardan it names only extras that exist."""
    extras = set(PROJECT["project"]["optional-dependencies"])
    found = needs(group)
    assert found
    assert all(need.extras and need.extras <= extras for need in found if need.name == "cardan")


def test_every_group_that_is_installed_is_there() -> None:
    """The Makefile installs groups that exist, and each group is installed by a target or by another group."""
    targets = set(re.findall(r"\.installed-([a-z][a-z-]*)", MAKEFILE))
    (suites,) = re.findall(r"^SUITES := (.*)$", MAKEFILE, re.MULTILINE)
    included = {entry["include-group"] for group in GROUPS.values() for entry in group if not isinstance(entry, str)}
    assert targets | set(suites.split()) <= set(GROUPS)
    assert set(GROUPS) - targets - set(suites.split()) - included == {"dev"}


def test_one_version_of_the_back_end_makes_a_release() -> None:
    """`make dist` builds with one exact version, which everybody's build accepts, too."""
    (exact,) = needs("build")
    ((operator, version),) = [(each.operator, each.version) for each in exact.specifier]
    (accepted,) = map(Requirement, PROJECT["build-system"]["requires"])
    assert (exact.name, operator) == (accepted.name, "==")
    assert version in accepted.specifier


def test_the_servers_of_the_extra_are_those_of_the_readme() -> None:
    """`pip install 'cardan[servers]'` brings each server that README.md names with a command, apart from wsgiref."""
    extra = {Requirement(need).name for need in PROJECT["project"]["optional-dependencies"]["servers"]}
    rows = set(re.findall(r"^\| (\w+) \| (?:WSGI|ASGI)", README, re.MULTILINE))
    assert rows - {"wsgiref"} == extra


LINK = re.compile(r"\]\(([^)\s]+)")


@cache
def shown() -> str:
    """README.md as the package index shows it."""
    rendered = markdown.render(README)
    assert rendered is not None
    return rendered


def test_the_index_shows_the_readme() -> None:
    """The index can render README.md. What only the tests see is not shown."""
    text = html.unescape(re.sub(r"<[^>]+>", "", shown()))
    assert "<table>" in shown()
    assert "pip install cardan" in text
    assert "invisible-code-block" not in text


def test_every_link_of_the_readme_is_absolute() -> None:
    """A relative link leads nowhere on the page of the package index."""
    links = re.findall(r'(?:href|src)="([^"]*)"', shown())
    assert len(links) >= len(LINK.findall(README)) > 10
    assert [link for link in links if not link.startswith(("https://", "#"))] == []


def anchors(page: Path) -> set[str]:
    """The anchors of the headings of a page, as GitHub and MyST write them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


#: The pages of the repository and of the manual.
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob(".github/**/*"), ROOT / "CITATION.cff"]
OWN = re.compile(r"https://(?:github\.com/[\w-]+/cardan\b|cardan\.readthedocs\.io)[^\s)\]}>\"'`]*")


def own_links() -> dict[str, str]:
    """The links into the repository and the manual, and a page that has each of them."""
    return {
        link.rstrip(".,;:"): page.relative_to(ROOT).as_posix()
        for page in PAGES
        if page.is_file() and "_build" not in page.parts
        for link in OWN.findall(page.read_text("utf-8"))
    }


OWN_LINKS = own_links()


@pytest.mark.parametrize("link", sorted(OWN_LINKS))
def test_every_link_to_the_project_leads_to_a_file(link: str) -> None:
    """A link into the repository or the manual begins as in `project.urls`, and leads to a file and a heading of it."""
    place = OWN_LINKS[link]
    assert link.startswith((URLS["Source"], URLS["Documentation"])), place
    path, _, anchor = link.partition("#")
    if path.startswith(FILES):
        page = ROOT / path.removeprefix(FILES)
    elif path.startswith(REPOSITORY_FOLDERS):
        page = ROOT / path.removeprefix(REPOSITORY_FOLDERS)
        assert page.is_dir(), place
    elif path.startswith(URLS["Documentation"]):
        name = path.removeprefix(URLS["Documentation"])
        page = ROOT / "docs" / (name.removesuffix(".html") + ("" if name.endswith(".html") else "index") + ".md")
    else:  # the repository itself, and the forms of its host
        assert path.removeprefix(URLS["Source"]).split("/")[1:2] in ([], ["issues"], ["security"]), place
        return
    assert page.exists(), place
    assert not anchor or anchor in anchors(page), place


def test_the_readme_leads_to_the_manual() -> None:
    """README.md has links to the pages with which people begin."""
    begun = {URLS["Documentation"] + name for name in ("quickstart.html", "guides/", "reference/", "stability.html")}
    assert begun <= set(OWN.findall(README))
