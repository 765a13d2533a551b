"""What people who contribute are given: the forms for issues, the template for changes, the way of a release."""

from __future__ import annotations

import re
import subprocess
import tomllib
from typing import Any

import pytest
import yaml

import cardan
from tests.house import ROOT

FORMS = ROOT / ".github" / "ISSUE_TEMPLATE"
URLS: dict[str, str] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["urls"]


def form(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((FORMS / f"{name}.yml").read_text("utf-8"))
    return found


@pytest.mark.parametrize("name", ["bug", "question", "proposal"])
def test_the_forms_for_issues(name: str) -> None:
    """A form has a name and a description. Each of its fields has an id of its own and a label."""
    found = form(name)
    assert found.keys() == {"name", "description", "labels", "body"}
    fields = [field for field in found["body"] if field["type"] != "markdown"]
    assert all(field["type"] in ("textarea", "dropdown", "checkboxes") for field in fields)
    assert all(field["attributes"]["label"] for field in fields)
    assert len({field["id"] for field in fields}) == len(fields)
    assert any(field.get("validations", {}).get("required") for field in fields)


def test_a_report_of_a_bug_says_what_is_needed() -> None:
    """The form for bugs asks for the output of ``python -m cardan``, and for a request as ``python -m cardan echo``
    shows it.
    """
    fields = {field["id"]: field for field in form("bug")["body"]}
    assert "`python -m cardan`" in fields["versions"]["attributes"]["label"]
    assert fields["versions"]["validations"]["required"]
    assert "`python -m cardan echo --server SERVER`" in fields["request"]["attributes"]["description"]


def test_holes_in_security_are_reported_in_private() -> None:
    """The page of forms leads to the private one, and has no other way around the forms."""
    found = form("config")
    assert found["blank_issues_enabled"] is False
    assert [link["url"] for link in found["contact_links"]] == [
        URLS["Source"] + "/security/advisories/new",
        URLS["Documentation"],
    ]


def test_promises_name_their_tests() -> None:
    """Each promise in SECURITY.md names a file of tests, or a page that does."""
    page = (ROOT / "SECURITY.md").read_text("utf-8")
    promises = page.partition("## What is promised")[2].partition("\n## ")[0].split("\n- ")[1:]
    assert len(promises) > 5
    for promise in promises:
        named = re.findall(r"`(tests/\S+\.py)`|\((docs/explanation/incidents\.md)\)", promise)
        assert named, promise
        assert all((ROOT / "".join(path)).is_file() for path in named), promise


def test_the_citation() -> None:
    """CITATION.cff says what pyproject.toml says. It has no version, because that has one place."""
    found = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert (found["cff-version"], found["title"], found["type"]) == ("1.2.0", "cardan", "software")
    assert (found["repository-code"], found["url"]) == (URLS["Source"], URLS["Documentation"])
    assert "version" not in found
    assert found["authors"]
    assert found["message"]


def test_the_workflow_of_a_release() -> None:
    """A tag is built and tested, and uploaded by a job that alone may ask for a token of the trusted publisher."""
    found = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text("utf-8"))
    assert found[True] == {"push": {"tags": ["v*"]}}  # YAML 1.1 reads the key `on` as a boolean
    assert found["permissions"] == {"contents": "read"}
    build, upload = found["jobs"]["build"], found["jobs"]["upload"]
    assert "permissions" not in build
    assert {"run": "make dist-test"} in build["steps"]
    assert (upload["needs"], upload["environment"]) == ("build", "pypi")
    assert upload["permissions"] == {"id-token": "write"}


@pytest.mark.parametrize(("tag", "right"), [(f"v{cardan.__version__}", True), ("v0.0", False), ("v0x1.0", False)])
def test_a_tag_is_the_version(tag: str, right: bool) -> None:
    """The workflow refuses a tag that is not the version in src/cardan/__init__.py."""
    found = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text("utf-8"))
    (check,) = [step["run"] for step in found["jobs"]["build"]["steps"] if step.get("name") == "the tag is the version"]
    done = subprocess.run(
        ["sh", "-c", check], cwd=ROOT, env={"GITHUB_REF_NAME": tag, "PATH": "/usr/bin:/bin"}, check=False
    )
    assert (done.returncode == 0) is right


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "RELEASING.md"])
def test_every_command_of_make_is_there(page: str) -> None:
    """The pages name targets of the Makefile, and so does the workflow."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    named = re.findall(r"^ *make (?:[A-Z]+=\S+ )*([a-z-]+)", (ROOT / page).read_text("utf-8"), re.MULTILINE)
    assert named
    assert set(named) <= set(phony.split())


def test_every_place_of_the_table_is_there() -> None:
    """The folders that CONTRIBUTING.md sends a newcomer to exist."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    places = set(re.findall(r"`((?:src|tests|docs)(?:/[\w.]+)*)`", text))
    assert len(places) > 15
    assert [place for place in places if not (ROOT / place).exists()] == []
