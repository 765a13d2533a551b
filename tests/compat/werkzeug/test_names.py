"""cardan.compat.werkzeug has the names of Werkzeug, their parameters, and what its classes have."""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
import werkzeug

import cardan
from tests.house import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

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


def callables_of(module: str) -> Iterator[tuple[str, Any, Any]]:
    """The functions of a module of Werkzeug and the constructors and methods of its classes, with ours."""
    for name in public_names(module):
        their, our = getattr(theirs(module), name), getattr(ours(module), name, None)
        if inspect.isfunction(their) and our is not None:
            yield name, their, our
        elif inspect.isclass(their) and our is not None:
            for method in ["__init__", *(member for member in dir(their) if not member.startswith("_"))]:
                pair = getattr(their, method, None), getattr(our, method, None)
                if all(inspect.isroutine(each) for each in pair):
                    yield f"{name}.{method}", *pair


def signature_of(function: Any) -> dict[str, inspect.Parameter]:
    try:
        return dict(inspect.signature(function).parameters)
    except ValueError:  # a method of a class of C
        return {}


def defaults_in(module: str) -> dict[str, tuple[Any, Any]]:
    """The defaults of the parameters that both have: Werkzeug's and ours."""
    return {
        f"{name}({key})": (parameter.default, signature_of(our)[key].default)
        for name, their, our in callables_of(module)
        for key, parameter in signature_of(their).items()
        if parameter.default is not parameter.empty and key in signature_of(our)
    }


#: where None stands for a value, or a value for nothing given
SAME_AS = {
    "datastructures.RequestCacheControl.__init__(values)": ((), None),
    "datastructures.ResponseCacheControl.__init__(values)": ((), None),
    "datastructures.ContentSecurityPolicy.__init__(values)": ((), None),
    "datastructures.CombinedMultiDict.__init__(dicts)": (None, ()),
    "datastructures.FileMultiDict.setlistdefault(default_list)": (None, ()),
    "datastructures.MultiDict.setlistdefault(default_list)": (None, ()),
    "http.dump_age(age)": (None, inspect.Parameter.empty),  # without an age there is nothing to write
    "http.parse_accept_header(cls)": (None, cardan.datastructures.Accept),
    "http.parse_cache_control_header(cls)": (None, cardan.datastructures.RequestCacheControl),
    "http.parse_cookie(cls)": (None, cardan.datastructures.MultiDict),
    "datastructures.FileStorage.save(buffer_size)": (16384, 1048576),  # it has no effect
}


@pytest.mark.parametrize("module", MODULES)
def test_defaults_are_those_of_werkzeug(module: str) -> None:
    """A parameter that Werkzeug has as well has the same default, but for the table SAME_AS. What ``pop()`` gets if no
    default is given is an object of its own in both.
    """
    found = {name: pair for name, pair in defaults_in(module).items() if not name.endswith("pop(default)")}
    differing = {f"{module}.{name}": pair for name, pair in found.items() if pair[0] != pair[1]}
    assert differing == {name: pair for name, pair in SAME_AS.items() if name.startswith(f"{module}.")}


def test_many_defaults_are_compared() -> None:
    """The comparison of defaults covers those of functions, of constructors and of methods."""
    counts = {module: len(defaults_in(module)) for module in MODULES}
    assert {module for module, count in counts.items() if count >= 5} >= {"wrappers", "datastructures", "http", "test"}
    assert {"dump_cookie(path)", "quote_etag(weak)"} <= set(defaults_in("http"))
    assert {"Client.__init__(use_cookies)", "Client.open(buffered)"} <= set(defaults_in("test"))


@pytest.mark.parametrize("module", MODULES)
def test_the_order_of_parameters_is_that_of_werkzeug(module: str) -> None:
    """Arguments that are given by position mean the same. A request may stand in the place of an environ."""
    for name, their, our in callables_of(module):
        expected, got = positional_of(their), positional_of(our)
        if module == "exceptions" and "request" in got:
            expected = ["request" if each == "environ" else each for each in expected]
        both = set(expected) & set(got)
        assert [each for each in got if each in both] == [each for each in expected if each in both], name


def positional_of(function: Any) -> list[str]:
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [each.name for each in signature_of(function).values() if each.kind in kinds]


def test_every_error_has_the_code_of_werkzeug() -> None:
    """Every error class has the status code of Werkzeug's, and ``default_exceptions`` has the class of the same name
    for each code.
    """
    home = vars(theirs("exceptions"))
    codes = {name: home[name].code for name in public_names("exceptions") if hasattr(home[name], "code")}
    assert len(codes) >= 30
    for name, code in codes.items():
        assert getattr(ours("exceptions"), name).code == code
    for code, cls in theirs("exceptions").default_exceptions.items():
        assert ours("exceptions").default_exceptions[code] is getattr(ours("exceptions"), cls.__name__)


def test_the_classes_are_those_of_cardan() -> None:
    """A response and the errors are those of cardan itself, so that ``except`` and ``isinstance`` find both."""
    assert ours("wrappers").Response is cardan.Response
    assert issubclass(ours("wrappers").Request, cardan.Request)
    for name in ours("exceptions").__all__:
        error = getattr(ours("exceptions"), name)
        if isinstance(error, type) and name not in ("Aborter", "BadHost"):
            assert error is getattr(cardan.exceptions, name)
