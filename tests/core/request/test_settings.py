"""What may be set on request classes and on requests, and when a mistake is found."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

import cardan
from cardan.core import BaseRequest, FileStorage, Request
from cardan.core._request.settings import CHECKS, fault_of
from cardan.core.forms import FormReader
from cardan.datastructures import UserAgent
from cardan.testing import RequestBuilder

CLASSES = [BaseRequest, Request, cardan.BaseRequest, cardan.Request]

WRONG: list[tuple[str, Any]] = [
    *[("max_content_length", value) for value in ("5", -5, 5.5, True, b"5", [5])],
    *[("body_timeout", value) for value in ("5", -5, True, float("nan"))],
    *[("max_drain_size", value) for value in ("5", -5, None)],
    *[("drain_timeout", value) for value in ("5", -5, None)],
    *[("trusted_hosts", value) for value in ("testserver", b"testserver", 5, [5], ["a", None])],
    *[("form_rules", value) for value in ("strickt", None)],
    *[("json_module", value) for value in (5, None, "json", object())],
    *[("file_storage_class", value) for value in (int, 5, None, FileStorage.save)],
    *[("part_class", value) for value in (int, 5, None, cardan.FileStorage)],
    *[("form_reader_class", value) for value in (int, 5, None, cardan.Part, FormReader.run)],
    *[("user_agent_class", value) for value in (5, None, "UserAgent")],
    *[("max_drain_size", value) for value in (True, float("nan"), b"5")],
    *[("drain_timeout", value) for value in (True, float("nan"), b"5")],
    *[("trusted_hosts", value) for value in (["ü..de"], [".ü:80", "ü" * 64])],
    *[(f"{kind}_storage_class", value) for kind in ("list", "dict", "parameter") for value in (5, None, "list")],
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_value_is_found_when_it_is_set(name: str, value: Any) -> None:
    """The body of a class and an assignment refuse the same values: "got ..., expected ..."; no request is needed.

    ``trusted_hosts = "testserver"`` would refuse every host, because a str is an iterable of its letters.
    """
    for cls in CLASSES:
        with pytest.raises((TypeError, ValueError), match=r"^got .*, expected "):
            type("Own", (cls,), {name: value})
        made = cls.__new__(cls)
        with pytest.raises((TypeError, ValueError), match=r"^got .*, expected "):
            setattr(made, name, value)
        assert name not in made.__dict__


def test_a_wrong_value_of_a_mixin_is_found() -> None:
    """What a request class inherits from a class of another kind is looked at, too."""
    mixin = type("Mixin", (), {"max_files": "5"})
    with pytest.raises(ValueError, match="got max_files = '5', expected an int"):
        type("Own", (mixin, cardan.Request), {})


def test_a_wrong_value_that_is_set_on_a_class_later_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """An application looks at its request class again."""

    class Mine(cardan.Request):
        pass

    monkeypatch.setattr(Mine, "trusted_hosts", "testserver")
    with pytest.raises(TypeError, match="got trusted_hosts = 'testserver', expected a list of hosts"):
        cardan.Application(lambda request: cardan.Response(), request_class=Mine)


RIGHT: list[tuple[str, Any]] = [
    *[(name, value) for name in ("max_content_length", "max_files") for value in (0, 5, None)],
    *[("body_timeout", value) for value in (0, 5, 0.5, None, float("inf"))],
    *[("max_drain_size", value) for value in (0, 5)],
    *[("drain_timeout", value) for value in (0, 5, 0.5)],
    *[("trusted_hosts", value) for value in ([], ["a"], ("a", ".b"), {"a"}, None)],
    ("form_rules", "strict"),
    ("json_module", json),
    ("list_storage_class", tuple),
    ("file_storage_class", cardan.FileStorage),
    ("part_class", cardan.Part),
    ("form_reader_class", FormReader),
    ("user_agent_class", UserAgent),
    *[("trusted_hosts", value) for value in (["ü.de:80"], [".ü"], ["not a host"])],
]


@pytest.mark.parametrize(("name", "value"), RIGHT)
def test_right_values(name: str, value: Any) -> None:
    """Every documented value is accepted, in the body of a class and on a request."""
    own: Any = type("Own", (cardan.Request,), {name: value})
    assert getattr(own(RequestBuilder("/").environ()), name) == value
    request: Any = cardan.Request(RequestBuilder("/").environ())
    setattr(request, name, value)
    assert getattr(request, name) == value


def test_a_property_is_not_called() -> None:
    """A setting may be a property, whose value depends on the request. A method in its place is an error."""

    def limit(self: Any) -> int:
        raise AssertionError

    type("Own", (cardan.Request,), {"max_files": property(limit), "trusted_hosts": property(limit)})
    with pytest.raises(ValueError, match="got max_files = "):
        type("Own", (cardan.Request,), {"max_files": limit})


def test_an_iterator_is_no_value_of_a_class() -> None:
    """The first request would use up an iterator of hosts, and later requests would be refused."""
    with pytest.raises(TypeError, match=r"got trusted_hosts = .*, expected a list"):
        type("Own", (cardan.Request,), {"trusted_hosts": iter(["a"])})


def test_an_iterator_of_hosts_for_one_request() -> None:
    """A request may have an iterator: it is read when the host is checked, and not before."""
    request = cardan.Request(RequestBuilder("/", base_url="http://a.example").environ())
    hosts = iter(["a.example", "b.example"])
    request.trusted_hosts = hosts
    assert request.host == "a.example"
    assert list(hosts) in ([], ["b.example"])


NEAR = [
    ("trusted_host", "trusted_hosts"), ("trustedhosts", "trusted_hosts"), ("TRUSTED_HOSTS", "trusted_hosts"),
    ("body_timout", "body_timeout"), ("drain_timout", "drain_timeout"), ("form_rule", "form_rules"),
    ("json_modul", "json_module"), ("file_storage_clas", "file_storage_class"), ("part_clas", "part_class"),
    ("make_file_sinks", "make_file_sink"), ("mx_content_length", "max_content_length"),
    ("form_reader_clas", "form_reader_class"), ("user_agent_clas", "user_agent_class"),
    ("disable_data_descriptors", "disable_data_descriptor"), ("list_storage_clas", "list_storage_class"),
    ("dict_storage_clas", "dict_storage_class"), ("parameter_storage_clas", "parameter_storage_class"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "meant"), NEAR)
def test_a_misspelt_setting_is_an_error(name: str, meant: str) -> None:
    """``trusted_host = [...]`` would switch the check of the host off in silence: the error says what was meant."""
    text = f"got {name}, which is no setting of a request: did you mean {meant}?"
    for cls in CLASSES:
        with pytest.raises(TypeError) as caught:
            type("Own", (cls,), {name: ["testserver"]})
        assert str(caught.value) == text
        made = cls.__new__(cls)
        with pytest.raises(AttributeError) as refused:
            setattr(made, name, ["testserver"])
        assert str(refused.value) == text


@pytest.mark.parametrize("name", ["max_fils", "trusted_host", "body_timout"])
def test_an_annotation_with_a_misspelt_name_is_an_error(name: str) -> None:
    """``max_fils: int`` in the body of a class is found, although the name has no value yet."""
    with pytest.raises(TypeError, match=f"got {name}, which is no"):
        type("Own", (cardan.Request,), {"__annotations__": {name: "int"}})
    type("Own", (cardan.Request,), {"__annotations__": {"max_files": "int", "user": "str"}})


@pytest.mark.parametrize(
    "name",
    ["user", "timeout", "read_timeout", "host_name", "hosts", "rules", "_trusted_host", "base_class"],
)
def test_other_names_are_free(name: str) -> None:
    """An application may give its requests attributes of its own."""
    own: Any = type("Own", (cardan.Request,), {name: 5})
    request = own(RequestBuilder("/").environ())
    setattr(request, name, 6)
    assert getattr(request, name) == 6


def _all_names() -> Iterator[str]:
    for cls in CLASSES:
        yield from dir(cls)


def test_no_attribute_of_a_request_counts_as_misspelt() -> None:
    """The names that request classes have are not mistaken for other names, so that subclasses may override them."""
    assert {name: fault for name in _all_names() if (fault := fault_of(name)) is not None} == {}
    assert set(CHECKS) <= set(_all_names())
