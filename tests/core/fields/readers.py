"""All parsers of fields, and the shapes of hostile input for them. Tests, benchmarks and fuzzers use both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cardan.core._structured_fields.parser import parse_dictionary, parse_item
from cardan.core._structured_fields.parser import parse_list as parse_structured_list
from cardan.core._structured_fields.targeted import TargetedCacheControl
from cardan.core.fields import (
    _cors as cors,
)
from cardan.core.fields import (
    _dates as dates,
)
from cardan.core.fields import (
    _durations as durations,
)
from cardan.core.fields import (
    _lists as lists,
)
from cardan.core.fields import (
    _media_types as media_types,
)
from cardan.core.fields import (
    _options as options,
)
from cardan.core.fields import (
    _syntax as syntax,
)
from cardan.core.fields._accept import Accept, CharsetAccept, EncodingAccept
from cardan.core.fields._accept_language import LanguageAccept
from cardan.core.fields._accept_media import MIMEAccept
from cardan.core.fields._alt_svc import AltServices
from cardan.core.fields._authentication_info import AuthenticationInfo
from cardan.core.fields._authorization import Authorization, Challenge
from cardan.core.fields._cache_control import RequestCacheControl, ResponseCacheControl
from cardan.core.fields._clear_site_data import ClearSiteData
from cardan.core.fields._content_disposition import ContentDisposition
from cardan.core.fields._cookies import parse_cookie
from cardan.core.fields._csp import ContentSecurityPolicy
from cardan.core.fields._etags import ETags, unquote_etag
from cardan.core.fields._fetch_metadata import FetchDest, parse_fetch_user
from cardan.core.fields._forwarded import Forwarded, split_node
from cardan.core.fields._links import Links
from cardan.core.fields._media_type_parameters import MediaTypeParameters
from cardan.core.fields._parameters import parse_parameters
from cardan.core.fields._prefer import Prefer, PreferenceApplied
from cardan.core.fields._ranges import ContentRange, IfRange, Range
from cardan.core.fields._referrer_policy import ReferrerPolicy
from cardan.core.fields._server_timing import ServerTimings
from cardan.core.fields._transport_security import StrictTransportSecurity
from cardan.core.fields._www_authenticate import WWWAuthenticate

__all__ = ["READERS", "WORST"]


def _or_none(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """A parser that refuses by ValueError, as its descriptor uses it: an invalid value is none."""

    def read(text: str) -> Any:
        try:
            return parse(text)
        except ValueError:
            return None

    return read


READERS: dict[str, Callable[[str], Any]] = {
    "accept": Accept.from_header,
    "accept_charset": CharsetAccept.from_header,
    "accept_encoding": EncodingAccept.from_header,
    "accept_language": LanguageAccept.from_header,
    "accept_language.best_match": lambda text: LanguageAccept.from_header(text).best_match(["en", text]),
    "accept_media": MIMEAccept.from_header,
    "accept_media.best_match": lambda text: MIMEAccept.from_header(text).best_match(["text/html", "a/b;c=d"]),
    "age": durations.parse_age,
    "alt_svc": AltServices.from_header,
    "authentication_info": AuthenticationInfo.from_header,
    "authorization": Authorization.from_header,
    "cache_control.request": RequestCacheControl.from_header,
    "cache_control.response": ResponseCacheControl.from_header,
    "challenge": Challenge.from_header,
    "clear_site_data": ClearSiteData.from_header,
    "content_disposition": ContentDisposition.from_header,
    "content_range": ContentRange.from_header,
    "cookies": parse_cookie,
    "coop": cors.COOP.from_header,
    "csp": ContentSecurityPolicy.from_header,
    "date": dates.parse_date,
    "dict": lists.parse_dict,
    "etag": unquote_etag,
    "etags": ETags.from_header,
    "extended": options.decode_extended,
    "fetch_dest": FetchDest.from_header,
    "fetch_user": parse_fetch_user,
    "forwarded": Forwarded.from_header,
    "if_range": IfRange.from_header,
    "integer": syntax.parse_integer,
    "links": Links.from_header,
    "list": lists.parse_list,
    "max_age": cors.parse_max_age,
    "structured.dictionary": _or_none(parse_dictionary),
    "structured.item": _or_none(parse_item),
    "structured.list": _or_none(parse_structured_list),
    "media_type": media_types.parse_media_type,
    "media_type.extract": media_types.extract_media_type,
    "media_type.parameters": MediaTypeParameters.from_header,
    "node": split_node,
    "nosniff": media_types.is_nosniff,
    "options": options.parse_options,
    "origin": cors.parse_origin,
    "parameters": parse_parameters,
    "prefer": Prefer.from_header,
    "preference_applied": PreferenceApplied.from_header,
    "range": Range.from_header,
    "referrer_policy": ReferrerPolicy.from_header,
    "retry_after": durations.parse_retry_after,
    "server_timing": ServerTimings.from_header,
    "strict_transport_security": StrictTransportSecurity.from_header,
    "targeted_cache_control": TargetedCacheControl.from_header,
    "www_authenticate": WWWAuthenticate.from_header,
}

#: Shapes of hostile input: a text at the start, a text that is repeated, a text at the end.
WORST = [
    ("", " ", ""),
    ("", "\t", "x"),
    ("", ",", ""),
    ("", ";", ""),
    ("", ", ", ""),
    ("", "a", ""),
    ("", "1", ""),
    ("", '"', ""),
    ("", "\\", ""),
    ('"', "\\", ""),
    ('"', '\\"', ""),
    ('"', "a", ""),
    ("", '"a', ""),
    ("", '",', ""),
    ("", '"x",', ""),
    ("", 'W/"x",', ""),
    ("", 'W/"x,', ""),
    ("", "a=", ""),
    ("", "a=b;", ""),
    ("", "a=b,", ""),
    ("", 'a="b', ""),
    ("", "a ", "="),
    ("a", ";a ", ""),
    ("a", ';a="b', ""),
    ("a", ";a*=x", ""),
    ("a", ";a*0=x", ""),
    ("a;b*=UTF-8''", "%41", ""),
    ("a;b*=UTF-8''", "%", ""),
    ("a;b*=", "'", ""),
    ("a/b;c=", '"', ""),
    ("a/b", ";c", ""),
    ("", "a/b,", ""),
    ("", "a/b;q=0.5,", ""),
    ("", "*/*;q=0.", ""),
    ("", "a-", ""),
    ("en-", "x-", "y"),
    ("bytes=", "0-0,", ""),
    ("bytes=", "1", "-"),
    ("bytes ", "1", "/"),
    ("Basic ", "A", ""),
    ("Basic ", "=", ""),
    ("Digest ", "a=b,", ""),
    ("", "Basic ", ""),
    ("", "Basic,", ""),
    ("", "a a=b,", ""),
    ("", "<", ""),
    ("", "<,", ""),
    ("", "<a>,", ""),
    ("", "<a>;b=", ""),
    ("", ">", ""),
    ("for=", "[", ""),
    ("", "for=a;", ""),
    ("", "for=a,", ""),
    ("Sun, 06 Nov 1994 08:49:37", " ", "GMT"),
    ("Sun, 06 Nov 1994 08:49:", "9", " GMT"),
    ("https://", "a", "/"),
    ("default-src ", "x ", ""),
    ("", "(", ""),
    ("(", "a ", ""),
    ("(", " ", ""),
    ("", "a;b=1,", ""),
    ("", "a=(b c), ", ""),
    (":", "A", ""),
    (":", "=", ""),
    ('%"', "%c3%bc", ""),
    ('%"', "%c3", '"'),
    ("@", "1", ""),
    ("-", "1", "."),
    ("", "\xff", ""),
]
