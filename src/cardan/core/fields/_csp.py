"""Content-Security-Policy and Content-Security-Policy-Report-Only (W3C CSP Level 3, section 3).

A message can have several policies, in several fields or in one field; all of them apply. If a directive occurs more
than once in a policy, the first one counts (section 2.2.1). Parsing takes linear time and never raises. Writing raises
:exc:`ValueError` for a value with characters other than printable ASCII, with ``;`` (it ends a directive) or with
``,`` (it ends a policy).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import Generic, Literal, Self, TypeVar, overload

from ._live import Live
from ._reading_back import folded
from ._syntax import key_of

__all__ = ["ContentSecurityPolicy"]

T = TypeVar("T")

_is_name = re.compile(r"[A-Za-z0-9\-]+").fullmatch
# The quantifiers are possessive: a space could belong to the white space before the value or to the value. Without
# them, a directive that an invalid character ends would be tried both ways for each space: quadratic time.
_directives = re.compile(
    r"(?:\A|;)[ \t\r\n\f]*+([A-Za-z0-9\-]++)(?:[ \t\r\n\f]++([\t\x20-\x2b\x2d-\x3a\x3c-\x7e]*+))?+(?=;|\Z)"
).findall
_is_value = re.compile(r"[\t\x20-\x2b\x2d-\x3a\x3c-\x7e]*").fullmatch
_SPACE = " \t\r\n\f"

Policy = dict[str, str]
Sources = str | Iterable[str] | Literal[True]


class _Directive(Generic[T]):
    """Descriptor of one directive. ``T`` is the type of its value: ``str | None``, or bool for a flag.

    Setting a string or an iterable of sources writes the directive, True writes it without a value, and None or False
    removes it.
    """

    def __init__(self, name: str, flag: bool, doc: str) -> None:
        self._name = name
        self._flag = flag
        self.__doc__ = doc

    @overload
    def __get__(self, obj: None, owner: type | None = None) -> Self: ...
    @overload
    def __get__(self, obj: ContentSecurityPolicy, owner: type | None = None) -> T: ...
    def __get__(self, obj: ContentSecurityPolicy | None, owner: type | None = None) -> object:
        if obj is None:
            return self
        return self._name in obj if self._flag else obj.get(self._name)

    def __set__(self, obj: ContentSecurityPolicy, value: Sources | bool | None) -> None:
        if value is None or value is False:
            obj.pop(self._name, None)
        else:
            obj[self._name] = _text(value)

    def __delete__(self, obj: ContentSecurityPolicy) -> None:
        obj.pop(self._name, None)


def _text(value: Sources | bool) -> str:
    if value is True:
        return ""
    return (value if isinstance(value, str) else " ".join(value)).strip(" \t")  # type: ignore[arg-type]


def _sources(name: str, doc: str = "") -> _Directive[str | None]:
    return _Directive(name, False, doc or f"The sources of ``{name}``, None if the policy lacks the directive.")


def _flag(name: str, doc: str) -> _Directive[bool]:
    return _Directive(name, True, doc)


class ContentSecurityPolicy(Live[tuple[Policy, ...]], MutableMapping[str, str]):
    """The first policy, as a mapping of directives to values. A directive without a value has the value ``""``.

    :attr:`policies` has all policies; :meth:`add_policy` adds one. A value can be set as a string or as an iterable of
    sources. The object is live: every change is written to the field.

    >>> csp = ContentSecurityPolicy({"default-src": ["'self'", "https:"]})
    >>> csp.object_src = "'none'"
    >>> csp.to_header()
    "default-src 'self' https:; object-src 'none'"
    """

    __module__ = "cardan.datastructures"
    __slots__ = ()

    base_uri = _sources("base-uri")
    child_src = _sources("child-src")
    connect_src = _sources("connect-src")
    default_src = _sources("default-src")
    font_src = _sources("font-src")
    form_action = _sources("form-action")
    frame_ancestors = _sources("frame-ancestors")
    frame_src = _sources("frame-src")
    img_src = _sources("img-src")
    manifest_src = _sources("manifest-src")
    media_src = _sources("media-src")
    navigate_to = _sources("navigate-to")
    object_src = _sources("object-src")
    plugin_types = _sources("plugin-types")
    prefetch_src = _sources("prefetch-src")
    report_to = _sources("report-to", "Where the browser sends reports: a name in Reporting-Endpoints.")
    report_uri = _sources("report-uri", "Where the browser sends reports: URLs (deprecated; use ``report_to``).")
    require_trusted_types_for = _sources("require-trusted-types-for")
    sandbox = _sources("sandbox", 'The permissions of the sandbox; ``""`` for none, None for no sandbox.')
    script_src = _sources("script-src")
    script_src_attr = _sources("script-src-attr")
    script_src_elem = _sources("script-src-elem")
    style_src = _sources("style-src")
    style_src_attr = _sources("style-src-attr")
    style_src_elem = _sources("style-src-elem")
    trusted_types = _sources("trusted-types")
    worker_src = _sources("worker-src")
    upgrade_insecure_requests = _flag(
        "upgrade-insecure-requests", "The browser fetches ``http:`` resources over ``https:``."
    )
    block_all_mixed_content = _flag(
        "block-all-mixed-content", "The browser fetches nothing over ``http:`` (deprecated)."
    )

    def __init__(self, values: Mapping[str, Sources] | Iterable[tuple[str, Sources]] | None = None) -> None:
        policy = folded((name, _text(value)) for name, value in dict(values or ()).items())
        state = (policy,) if policy else ()
        super().__init__(state)

    @classmethod
    def parse(cls, text: str, /) -> tuple[Policy, ...]:
        return tuple([policy for part in text.split(",") if (policy := _read_policy(part))])

    @classmethod
    def serialize(cls, state: tuple[Policy, ...], /) -> str:
        return ", ".join("; ".join(_directive(*item) for item in policy.items()) for policy in state)

    @property
    def policies(self) -> tuple[Mapping[str, str], ...]:
        """All policies, the first one included. They are copies."""
        return tuple(dict(policy) for policy in self.state)

    def add_policy(self, values: Mapping[str, Sources]) -> None:
        """Add a policy. It applies together with the others."""
        policy = folded((name, _text(value)) for name, value in values.items())
        self.state = (*self.state, policy) if policy else self.state

    def _first(self) -> Policy:
        state = self.state
        return state[0] if state else {}

    def _set_first(self, policy: Policy) -> None:
        self.state = ((policy,) if policy else ()) + self.state[1:]

    def __getitem__(self, key: str) -> str:
        return self._first()[key_of(key)]

    def __setitem__(self, key: str, value: Sources) -> None:
        self._set_first({**self._first(), key.lower(): _text(value)})

    def __delitem__(self, key: str) -> None:
        policy = dict(self._first())
        del policy[key_of(key)]
        self._set_first(policy)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and key.lower() in self._first()

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._first()))

    def __len__(self) -> int:
        return len(self._first())

    def __bool__(self) -> bool:
        return bool(self.state)


def _read_policy(text: str) -> Policy:
    policy: Policy = {}
    for name, value in _directives(text):
        policy.setdefault(name.lower(), value.rstrip(_SPACE))
    return policy


def _directive(name: str, value: str) -> str:
    if not _is_name(name):
        raise ValueError(f"got directive {name!r}, expected letters, digits and '-'")
    if not _is_value(value):
        raise ValueError(f"got value {value!r} for {name}, expected printable ASCII without ';' and ','")
    return f"{name} {value.strip(_SPACE)}".rstrip()
