"""What can be pickled: objects of public classes, under the public names of these classes."""

from __future__ import annotations

import copy
import importlib
import inspect
import pickle
import re
from collections.abc import Callable
from dataclasses import is_dataclass
from datetime import UTC, datetime
from typing import Any, get_type_hints, is_typeddict

import pytest

import cardan
from cardan import core, datastructures, exceptions, structured
from cardan.core import drive, forms, structures
from cardan.core.forms import MultipartDecoder

MODULES = [
    "cardan",
    "cardan.apps",
    "cardan.asgi",
    "cardan.core",
    "cardan.core.drive",
    "cardan.core.fields",
    "cardan.core.forms",
    "cardan.core.structures",
    "cardan.datastructures",
    "cardan.exceptions",
    "cardan.files",
    "cardan.http",
    "cardan.structured",
    "cardan.testing",
    "cardan.types",
    "cardan.wsgi",
]
PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)

PAIRS = [("a", "1"), ("b", "2"), ("a", "3")]
BODY = b"""--b
Content-Disposition: form-data; name="a"

text
--b
Content-Disposition: form-data; name="a"; filename="f"
X-A: b

data
--b--
""".replace(b"\n", b"\r\n")
FIELD, FILE = MultipartDecoder(b"b").feed(BODY)[:2]

VALUES: list[Any] = [
    *datastructures.COEP,
    *datastructures.COOP,
    *datastructures.CORP,
    *datastructures.FetchDest,
    *datastructures.FetchMode,
    *datastructures.FetchSite,
    *datastructures.ReferrerPolicy,
    core.Conditions(if_match='"a"', range="bytes=0-1"),
    core.Decision(206, [(0, 2)]),
    core.Representation(etag='"a"', last_modified=datetime(2030, 1, 1), length=5),
    datastructures.Accept([("a", 1), ("b", 0.5)]),
    datastructures.AltService("h3", ":443", persist=True),
    datastructures.AltServices([datastructures.AltService.CLEAR]),
    datastructures.AuthenticationInfo({"nextnonce": "a"}),
    datastructures.Authorization("basic", {"username": "a", "password": "b"}),
    datastructures.CacheControl({"max-age": "5"}),
    datastructures.Challenge("basic", {"realm": "a"}),
    datastructures.CharsetAccept([("utf-8", 1)]),
    datastructures.ClearSiteData(["cookies"]),
    datastructures.CombinedMultiDict([datastructures.MultiDict(PAIRS), {"c": "4"}]),
    datastructures.ContentDisposition("attachment", "a.txt"),
    datastructures.ContentRange("bytes", 0, 5, 10),
    datastructures.ContentSecurityPolicy({"default-src": "'self'"}),
    datastructures.ETags(["a"], ["b"]),
    datastructures.EncodingAccept([("gzip", 1)]),
    datastructures.EnvironHeaders({"HTTP_HOST": "a"}),
    datastructures.Forwarded([datastructures.ForwardedElement("a", "b")]),
    datastructures.ForwardedElement("a", "b"),
    datastructures.HeaderSet(["a", "b"]),
    datastructures.Headers(PAIRS),
    datastructures.IfRange("a"),
    datastructures.IfRange(date=datetime(2030, 1, 1, tzinfo=UTC)),
    datastructures.ImmutableDict(a=1),
    datastructures.ImmutableList([1, 2]),
    datastructures.ImmutableMultiDict(PAIRS),
    datastructures.LanguageAccept([("de", 1)]),
    datastructures.Link("/a", rel="next"),
    datastructures.Links([datastructures.Link("/a", rel="next")]),
    datastructures.MIMEAccept([("text/html", 1)]),
    datastructures.MediaType("text", "html", {"charset": "utf-8"}),
    datastructures.MediaTypeParameters(datastructures.MediaType("text", "html", {"charset": "utf-8"})),
    datastructures.MultiDict(PAIRS),
    datastructures.Prefer({"wait": "5", "a": None}, {"a": {"b": "c"}}),
    datastructures.PreferenceApplied({"return": "minimal"}),
    datastructures.Range("bytes", [(0, 5)]),
    datastructures.RequestCacheControl({"no-cache": None}),
    datastructures.ResponseCacheControl({"no-cache": None}),
    datastructures.ScopeHeaders([(b"host", b"a")]),
    datastructures.ServerTiming("db", 5, "a b"),
    datastructures.ServerTimings([datastructures.ServerTiming("db", 5)]),
    datastructures.StrictTransportSecurity(5, preload=True),
    datastructures.Trailers({"Server-Timing": "a"}),
    datastructures.UserAgent("curl/8"),
    datastructures.WWWAuthenticate("basic", {"realm": "a"}),
    structured.DisplayString("ä"),
    structured.InnerList(["a", structured.Token("b")], {"c": 1.5}),
    structured.Item(datetime(2030, 1, 1, tzinfo=UTC), {"a": b"b"}),
    structured.Priority(3, incremental=True),
    structured.TargetedCacheControl({"max-age": "5"}),
    structured.Token("gzip"),
    structures.CallbackDict({"a": 1}),
    structures.ImmutableOrderedMultiDict(PAIRS),
    structures.ImmutableTypeConversionDict(a=1),
    structures.OrderedMultiDict(PAIRS),
    structures.TypeConversionDict(a=1),
    core.Chunk(b"a"),
    core.End([("a", "b")]),
    core.Head(200, "OK", [(b"a", b"b")]),
    core.Informational(103, [("Link", "</a>")]),
    core.Limits(max_files=5),
    core.RequestHead("POST", "/a", headers=[(b"host", b"a")]),
    core.TrustedProxies(x_for=2, peers=("10.0.0.0/8",)),
    core.ServerSentEvent({"a": 1}, id="5"),
    drive.Close(None),
    drive.Open(FILE),
    drive.Read(5),
    drive.Write(None, b"a"),
    forms.Field("a", "b", b"b"),
    forms.FileEnd(),
    forms.PartStart(FILE.headers),
    forms.PartEnd(),
    forms.FormType("multipart", "b"),
    forms.parse_form("application/x-www-form-urlencoded", b"a=1&b=%ff"),
    FILE,
    FILE.headers,
    FIELD,
]


#: public classes whose objects are not pickled, and why
NOT_PICKLED = {
    "it belongs to a connection, to a file or to a running program": (
        "cardan.BaseRequest cardan.Request cardan.FileStorage cardan.Part cardan.Application cardan.Dual cardan.Mount "
        "cardan.ProxyFix cardan.CORS cardan.Compression cardan.StaticFiles cardan.files.BlockingFileStorage "
        "cardan.asgi.ScopeHead cardan.wsgi.EnvironHead "
        "cardan.core.BaseRequest cardan.core.Request cardan.core.FileStorage cardan.core.Part "
        "cardan.testing.AsyncClient cardan.testing.Client cardan.testing.RequestBuilder"
    ),
    "it is a machine, or a part of one": (
        "cardan.core.ResponseFinalizer cardan.core.forms.BodyReader "
        "cardan.core.forms.FormBuilder cardan.core.forms.FormReader cardan.core.forms.MemoryBudget "
        "cardan.core.forms.MemorySink cardan.core.forms.MultipartDecoder cardan.core.forms.MultipartEncoder "
        "cardan.core.forms.PartDecoder cardan.core.forms.PartEncoder "
        "cardan.core.forms.PartReader cardan.core.forms.UrlencodedDecoder"
    ),
    "it is part of a class": (
        "cardan.core.fields.CachedHeaderField cardan.core.fields.HeaderField cardan.core.fields.LiveField "
        "cardan.structured.StructuredField"
    ),
    "it has no objects of its own": (
        "cardan.core.Live cardan.core.fields.LiveDict cardan.core.fields.LiveMapping "
        "cardan.core.fields.LiveSequence "
        "cardan.core.HeadersView"
    ),
}


def public_classes() -> dict[type, str]:
    """Each public class of cardan, with its shortest public name; without protocols and typed dicts."""
    found: dict[type, str] = {}
    for module in sorted(MODULES, key=lambda module: (module.count("."), module)):
        for name in importlib.import_module(module).__all__:
            value = getattr(importlib.import_module(module), name)
            is_own = inspect.isclass(value) and value.__module__.partition(".")[0] == "cardan"
            if is_own and not is_typeddict(value) and not getattr(value, "_is_protocol", False):
                found.setdefault(value, f"{module}.{name}")
    return found


def make(cls: type[BaseException]) -> BaseException:
    """Return an error of a class, with a cause and another argument where there can be one."""
    if not issubclass(cls, exceptions.HTTPException):
        return cls("text")
    error = cls("text", headers={"X-A": "b"}, original_exception=ValueError("secret"))
    error.__cause__ = None
    return error


ERRORS = [make(cls) for cls in public_classes() if issubclass(cls, BaseException)]
RESPONSE_CLASSES = [cardan.Response, cardan.BaseResponse, core.Response, core.BaseResponse]
RESPONSES = [cls("text", 404, {"X-A": "b"}) for cls in RESPONSE_CLASSES]
with_ids = pytest.mark.parametrize("value", [*VALUES, *ERRORS, *RESPONSES], ids=lambda value: type(value).__name__)


def state_of(value: Any) -> object:
    """What two equal objects have in common: the object itself, if its class defines what is equal."""
    if isinstance(value, core.BaseResponse):
        return value.status, list(value.headers.items()), value.get_data()
    if isinstance(value, BaseException):
        return value.args, {**vars(value), "original_exception": str(getattr(value, "original_exception", None))}
    return value


@pytest.mark.parametrize("protocol", PROTOCOLS)
@with_ids
def test_an_object_comes_back(value: Any, protocol: int) -> None:
    """An object comes back equal from a pickle of every protocol, as an object of the same class."""
    twin = pickle.loads(pickle.dumps(value, protocol))
    assert type(twin) is type(value)
    assert state_of(twin) == state_of(value)


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
@with_ids
def test_an_object_can_be_copied(value: Any, duplicate: Callable[[Any], Any]) -> None:
    """A copy, shallow or deep, is an equal object of the same class. It has the same hash if the object has one. Only
    the copy of a CallbackDict is a plain dict, because nothing is to be called back.
    """
    twin = duplicate(value)
    assert type(twin) is type(value) or type(value) is structures.CallbackDict
    assert state_of(twin) == state_of(value)
    if type(value).__hash__ is not None and not isinstance(value, (core.BaseResponse, BaseException)):
        assert hash(twin) == hash(value)


@pytest.mark.parametrize(
    ("value", "change"),
    [
        (datastructures.Trailers({"A": "1"}), lambda value: value.update({"A": "2"})),
        (datastructures.HeaderSet(["a"]), lambda value: value.add("b")),
        (datastructures.Headers(PAIRS), lambda value: value.clear()),
        (datastructures.MultiDict(PAIRS), lambda value: value.clear()),
        (datastructures.Links([datastructures.Link("/a", "next")]), lambda value: value.clear()),
        (datastructures.ResponseCacheControl({"public": None}), lambda value: value.clear()),
        (structures.CallbackDict({"a": 1}), lambda value: value.clear()),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_changed_copy_leaves_the_original(value: Any, change: Callable[[Any], object]) -> None:
    """A change of a shallow copy of a container does not change the original."""
    twin = copy.copy(value)
    assert twin == value
    change(twin)
    assert twin != value
    assert len(value) > 0


def test_an_event_without_data_stays_without_data() -> None:
    """A copy and a pickle of an event that has no data have none either."""
    event = core.ServerSentEvent(id="5")
    for twin in (copy.deepcopy(event), pickle.loads(pickle.dumps(event))):
        assert twin == event
        assert twin.encode() == b"id: 5\n\n"
    assert event != core.ServerSentEvent("", id="5")
    assert event != "id: 5"


def test_trailers_are_equal_in_any_case() -> None:
    """Names of trailer fields are the same in upper and lower case (RFC 9110 section 5.1)."""
    assert datastructures.Trailers({"ETag": "a"}) == datastructures.Trailers({"etag": "a"}) == {"etag": "a"}
    assert datastructures.Trailers({"ETag": "a"}) != datastructures.Trailers({"etag": "b"})


@pytest.mark.parametrize("protocol", PROTOCOLS)
@with_ids
def test_a_pickle_names_public_homes(value: Any, protocol: int) -> None:
    """A pickle contains no private name of cardan, so that a later version, with other private modules, can read it."""
    assert re.findall(rb"cardan[\w.]*(?:\.|\s|\x94\x8c.)_\w+", pickle.dumps(value, protocol)) == []


@pytest.mark.parametrize("cls", public_classes(), ids=public_classes().get)
def test_the_home_of_a_class_is_public(cls: type) -> None:
    """``__module__`` is a public module that has the class under its name. Users read it in tracebacks."""
    assert cls.__module__ in MODULES
    assert getattr(importlib.import_module(cls.__module__), cls.__qualname__) is cls
    assert cls.__qualname__ in importlib.import_module(cls.__module__).__all__


def test_every_public_class_is_tried() -> None:
    """Each public class has an object above, or a reason in NOT_PICKLED."""
    tried = {public_classes()[type(value)] for value in [*VALUES, *ERRORS, *RESPONSES]}
    not_pickled = {name for names in NOT_PICKLED.values() for name in names.split()}
    assert tried & not_pickled == set()
    assert set(public_classes().values()) - tried - not_pickled == set()
    assert not_pickled - set(public_classes().values()) == set()


RECORDS = [cls for cls in public_classes() if is_dataclass(cls) or (issubclass(cls, tuple) and hasattr(cls, "_fields"))]


@pytest.mark.parametrize("cls", RECORDS, ids=public_classes().get)
def test_the_types_of_fields_are_found(cls: type) -> None:
    """``get_type_hints()`` gives the types of dataclasses and named tuples, although they name another module."""
    assert not any(isinstance(kind, str) for kind in get_type_hints(cls).values())
