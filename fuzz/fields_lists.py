"""Fuzzes Alt-Svc, Authentication-Info, Clear-Site-Data, Prefer, Referrer-Policy, Server-Timing and the like.

The rule: any field can be read. A value that is written and read again is equal. The language and the media type that
are chosen for a client are offers.
"""

from __future__ import annotations

from typing import Any

from _fields import fuzz, same_again

from cardan.core.fields._alt_svc import AltServices
from cardan.core.fields._authentication_info import AuthenticationInfo
from cardan.core.fields._clear_site_data import ClearSiteData
from cardan.core.fields._prefer import Prefer, PreferenceApplied
from cardan.core.fields._referrer_policy import ReferrerPolicy
from cardan.core.fields._server_timing import ServerTimings
from cardan.core.fields._transport_security import StrictTransportSecurity

SEEDS = [
    'h3=":443"; ma=3600; persist=1, h2="a.de:8000"',
    'nextnonce="abc", qop=auth, rspauth="", cnonce="x", nc=00000001',
    '"cache", "cookies", "*"',
    "respond-async, wait=10; foo=bar, return=minimal, a=\"b, c\"",
    "no-referrer, strict-origin-when-cross-origin",
    'db;dur=53.2, app;desc="a b";dur=-1',
    "max-age=31536000; includeSubDomains; preload",
]  # fmt: skip


def again(read: Any) -> Any:
    return lambda text, value: None if value is None else same_again(text, value, read)


def parameters(text: str, value: Any) -> None:
    assert all(name == name.lower() for name, _ in value)


def chosen(*offers: str) -> Any:
    def check(text: str, value: Any) -> None:
        assert value is None or value in (*offers, text)

    return check


if __name__ == "__main__":
    laws: Any = {
        "alt_svc": again(AltServices.from_header),
        "authentication_info": again(AuthenticationInfo.from_header),
        "clear_site_data": again(ClearSiteData.from_header),
        "parameters": parameters,
        "prefer": again(Prefer.from_header),
        "preference_applied": again(PreferenceApplied.from_header),
        "referrer_policy": again(ReferrerPolicy.from_header),
        "server_timing": again(ServerTimings.from_header),
        "strict_transport_security": again(StrictTransportSecurity.from_header),
        "accept_language.best_match": chosen("en"),
        "accept_media.best_match": chosen("text/html", "a/b;c=d"),
    }
    fuzz(__doc__ or "", SEEDS, laws)
