"""cardan.compat.werkzeug has the names of Werkzeug, their parameters, and what its classes have."""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from typing import Any

import pytest
import werkzeug

import cardan
from tests.house import ROOT

MODULES = [
    "wrappers", "datastructures", "http", "exceptions", "wsgi", "formparser", "test", "utils",
    "sansio.request", "sansio.response",
]  # fmt: skip
GUIDE = (ROOT / "docs/coming-from/werkzeug.md").read_text("utf-8")


def ours(module: str) -> Any:
    return import_module(f"cardan.compat.werkzeug.{module}")


def theirs(module: str) -> Any:
    return import_module(f"werkzeug.{module}")


def public_names(module: str) -> list[str]:
    """What ``werkzeug.<module>`` defines itself, and its constants."""
    home = theirs(module)
    return [
        name
        for name, value in vars(home).items()
        if not name.startswith("_")
        and (
            str(getattr(value, "__module__", "")).startswith(f"werkzeug.{module}")
            or (module, name) == ("http", "HTTP_STATUS_CODES")
        )
        and type(value).__name__ != "TypeVar"
    ]


def section(title: str) -> str:
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", GUIDE, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


HELPERS = [
    "Headers", "EnvironHeaders", "MultiDict", "ImmutableMultiDict", "CombinedMultiDict",
    "ImmutableTypeConversionDict", "ImmutableList", "FileStorage", "MIMEAccept", "LanguageAccept",
    "CharsetAccept", "Accept", "RequestCacheControl", "ResponseCacheControl", "ETags", "Range", "IfRange",
    "ContentRange", "HeaderSet", "Authorization", "WWWAuthenticate", "FormDataParser", "parse_form_data",
    "LimitedStream", "wrap_file", "responder", "EnvironBuilder", "Client", "RequestEntityTooLarge",
    "SecurityError", "ClientDisconnected", "BaseRequest", "BaseResponse", "AcceptMixin", "AuthorizationMixin",
    "ETagRequestMixin", "UserAgentMixin", "ETagResponseMixin", "ResponseStreamMixin",
    "CommonRequestDescriptorsMixin", "CommonResponseDescriptorsMixin", "WWWAuthenticateMixin", "secure_filename",
]  # fmt: skip


NOT_TAKEN_OVER = set(
    re.findall(r"`(\w+)`", "\n".join(re.findall(r"^\| (`.*?) \|", section("Names that are not taken over"), re.M)))
)


@pytest.mark.parametrize(("module", "name"), [(module, name) for module in MODULES for name in public_names(module)])
def test_every_name_is_there(module: str, name: str) -> None:
    """Every name that a module of Werkzeug defines is in the module of the same name, or in the guide's table of the
    names that are not taken over, with the reason.
    """
    assert (name in ours(module).__all__) != (name in NOT_TAKEN_OVER)


@pytest.mark.parametrize("name", ["Client", "Request", "Response"])
def test_the_package_has_the_names_of_werkzeug(name: str) -> None:
    """The package itself gives the three classes that ``werkzeug`` gives."""
    package = import_module("cardan.compat.werkzeug")
    assert getattr(package, name) is getattr(ours("test" if name == "Client" else "wrappers"), name)
    assert name in dir(package)
    assert hasattr(werkzeug, name)
    with pytest.raises(AttributeError, match="has no attribute 'run_simple'"):
        package.run_simple  # a server: Werkzeug's own is used with an application of cardan


CLASSES = [
    ("wrappers", "Request"),
    ("wrappers", "Response"),
    ("sansio.request", "Request"),
    ("sansio.response", "Response"),
]


@pytest.mark.parametrize(("module", "name"), CLASSES)
def test_requests_and_responses_have_every_member(module: str, name: str) -> None:
    """Every public member of Werkzeug's class is a member of ours."""
    assert [member for member in dir(getattr(theirs(module), name)) if not member.startswith("_")
            and not hasattr(getattr(ours(module), name), member)] == []  # fmt: skip


@pytest.mark.parametrize("name", HELPERS)
def test_the_helpers_of_the_original_design_are_there(name: str) -> None:
    """Each helper and each mixin of the original design is in one of the modules."""
    assert [module for module in MODULES if name in ours(module).__all__] != []


FUNCTIONS = [
    (module, name)
    for module in MODULES
    for name in public_names(module)
    if name not in NOT_TAKEN_OVER and inspect.isfunction(getattr(theirs(module), name))
]
#: The parameters that are missing; the guide says the same.
WITHOUT = {
    "dump_cookie": {"sync_expires", "max_size"},
    "is_resource_modified": {"ignore_if_range"},
    "parse_cache_control_header": {"on_update"},
    "parse_content_range_header": {"on_update"},
    "parse_csp_header": {"on_update", "cls"},
    "parse_range_header": {"make_inclusive"},
}


@pytest.mark.parametrize(("module", "name"), FUNCTIONS)
def test_functions_have_the_parameters_of_werkzeug(module: str, name: str) -> None:
    """A function takes at least as many positional arguments as that of Werkzeug, and every keyword argument, except
    for those in the table WITHOUT. The first argument is given by position.
    """
    expected = inspect.signature(getattr(theirs(module), name)).parameters
    got = inspect.signature(getattr(ours(module), name)).parameters
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in got.values()):
        return
    missing = WITHOUT.get(name, set())
    required = [key for key, parameter in expected.items() if parameter.default is parameter.empty] or [name]
    optional = [key for key, parameter in list(expected.items())[1:] if parameter.default is not parameter.empty]
    assert set(optional) - set(got) <= missing
    assert [key for key, parameter in list(got.items())[len(required) :] if parameter.default is parameter.empty
            and parameter.kind is not parameter.VAR_KEYWORD] == []  # fmt: skip
    for key in missing:
        assert f"`{name}({key}" in GUIDE or f"`{key}`" in GUIDE


def test_the_classes_are_those_of_cardan() -> None:
    """A response and the errors are those of cardan itself, so that ``except`` and ``isinstance`` find both."""
    assert ours("wrappers").Response is cardan.Response
    assert issubclass(ours("wrappers").Request, cardan.Request)
    for name in ours("exceptions").__all__:
        error = getattr(ours("exceptions"), name)
        if isinstance(error, type) and name not in ("Aborter", "BadHost"):
            assert error is getattr(cardan.exceptions, name)
