"""The CORS policy: the answer to a preflight request, and the fields of every other answer."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from cardan.core import Response
from cardan.core._origins import CORSPolicy
from cardan.core._response.outgoing import WholeAnswer
from cardan.datastructures import Headers

SITE = "https://www.example.com"
PREFLIGHT_VARY = (
    "Origin, Access-Control-Request-Method, Access-Control-Request-Headers, Access-Control-Request-Private-Network"
)


def policy(origins: Any = (SITE,), **options: Any) -> CORSPolicy:
    usual = {
        "methods": ("GET", "PUT"),
        "headers": ("Content-Type", "X-Key"),
        "expose": (),
        "credentials": False,
        "max_age": 600,
        "private_network": False,
    }
    return CORSPolicy(origins, **{**usual, **options})


def preflight(
    made: CORSPolicy, origin: str = SITE, method: str = "PUT", **fields: str
) -> tuple[int, dict[str, str], str]:
    asked = {"Origin": origin, "Access-Control-Request-Method": method}
    asked |= {f"Access-Control-Request-{name.replace('_', '-')}": value for name, value in fields.items()}
    answer = made.preflight("OPTIONS", Headers(asked))
    assert answer is not None
    told = dict(answer.headers)
    assert told.pop("Vary") == PREFLIGHT_VARY
    return answer.status, {name.removeprefix("Access-Control-"): value for name, value in told.items()}, answer.text


def applied(made: CORSPolicy, origin: str | None = SITE, **answered: str) -> dict[str, str]:
    fields = Headers({name.replace("_", "-"): value for name, value in answered.items()})
    made.apply(Headers({} if origin is None else {"Origin": origin}), fields)
    return dict(fields)


def test_a_permission() -> None:
    """An allowed origin is told all that it may do."""
    assert preflight(policy(credentials=True)) == (
        204,
        {
            "Allow-Origin": SITE,
            "Allow-Credentials": "true",
            "Allow-Methods": "GET, PUT",
            "Allow-Headers": "Content-Type, X-Key",
            "Max-Age": "600",
        },
        "",
    )


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"origin": "https://evil.example"}, "The origin is not allowed."),
        ({"origin": "null"}, "The origin is not allowed."),
        ({"origin": SITE + ".evil.example"}, "The origin is not allowed."),
        ({"origin": f"{SITE}, {SITE}"}, "The origin is not allowed."),
        ({"origin": "http://www.example.com"}, "The origin is not allowed."),
        ({"method": "DELETE"}, "The method is not allowed for this origin."),
        ({"method": "put"}, "The method is not allowed for this origin."),
        ({"Headers": "x-key, x-other"}, "A header field is not allowed for this origin."),
        ({"Private_Network": "TRUE", "Headers": "x-other"}, "A header field is not allowed for this origin."),
        ({"Private_Network": "true"}, "Requests from a public to a private network are not allowed."),
    ],
)
def test_a_refusal(fields: dict[str, str], text: str) -> None:
    """A 403 says what is not allowed. Methods are compared with their case, names of fields without."""
    status, told, said = preflight(policy(), **fields)
    assert (status, said) == (403, text)
    assert ("Allow-Origin" in told) == ("origin" not in fields)
    assert "Max-Age" not in told


@pytest.mark.parametrize(
    ("options", "fields", "told"),
    [
        ({"methods": "*"}, {"method": "PURGE"}, {"Allow-Methods": "PURGE"}),
        ({"methods": ["*", "GET"], "credentials": True}, {"method": "PURGE"}, {"Allow-Methods": "PURGE"}),
        ({"headers": "*"}, {"Headers": "authorization, x-a"}, {"Allow-Headers": "authorization, x-a"}),
        ({}, {"Headers": "x-KEY,content-type"}, {"Allow-Headers": "Content-Type, X-Key"}),
        ({"origins": "*"}, {"origin": "null"}, {"Allow-Origin": "*"}),
        ({"origins": ["null"]}, {"origin": "null"}, {"Allow-Origin": "null"}),
        ({"origins": [re.compile(r"https://\w+\.example\.com")]}, {}, {"Allow-Origin": SITE}),
        ({"origins": re.compile(r"https://\w+\.example\.com")}, {}, {"Allow-Origin": SITE}),
        ({"max_age": timedelta(hours=1)}, {}, {"Max-Age": "3600"}),
        ({"max_age": timedelta(seconds=1.5)}, {}, {"Max-Age": "1"}),
        ({"headers": ["*", "X-A"]}, {"Headers": "x-b"}, {"Allow-Headers": "x-b"}),
        ({"origins": "*", "expose": ["*", "X-A"]}, {}, {"Allow-Origin": "*"}),
        ({"private_network": True}, {"Private_Network": "true"}, {"Allow-Private-Network": "true"}),
    ],
)
def test_options(options: dict[str, Any], fields: dict[str, str], told: dict[str, str]) -> None:
    """Each option of the policy. ``*`` is answered with the names that were asked for, also with Authorization."""
    status, headers, _ = preflight(policy(**options), **fields)
    assert status == 204
    assert told.items() <= headers.items()


def test_only_true_asks_for_a_private_network() -> None:
    """A browser that asks for a private network sends ``true`` (Private Network Access section 3.1)."""
    for value, status in (("true", 403), ("false", 204), ("", 204)):
        assert preflight(policy(), Private_Network=value)[0] == status


def test_names_that_are_none_are_not_repeated() -> None:
    """With ``*``, the names that the client sent stand in the answer only if they are names."""
    everything = policy("*", methods="*", headers="*")
    for fields in ({"method": "PUT, x"}, {"method": "<b>"}, {"Headers": "x-a, <b>"}):
        status, told, _ = preflight(everything, **fields)
        assert (status, "<b>" in str(told), "PUT, x" in str(told)) == (403, False, False)


def test_what_is_left_out() -> None:
    """An answer has no fields for options that the policy leaves out. Without a method none is allowed."""
    assert preflight(policy("*", methods="*", headers=(), max_age=None), method="GET") == (
        204,
        {"Allow-Origin": "*", "Allow-Methods": "GET"},
        "",
    )
    assert preflight(policy("*", methods=(), headers=(), max_age=None), method="GET") == (
        403,
        {"Allow-Origin": "*"},
        "The method is not allowed for this origin.",
    )


def test_a_pattern_matches_all_of_the_origin() -> None:
    """A pattern for a part of the origin would let in ``https://www.example.com.evil.example``."""
    assert preflight(policy([re.compile(r"https://www\.example\.com")]), SITE + ".evil.example")[0] == 403


@pytest.mark.parametrize(
    ("method", "asked"),
    [
        ("GET", {"Origin": SITE, "Access-Control-Request-Method": "PUT"}),
        ("OPTIONS", {"Origin": SITE}),
        ("OPTIONS", {"Access-Control-Request-Method": "PUT"}),
        ("options", {"Origin": SITE, "Access-Control-Request-Method": "PUT"}),
    ],
)
def test_other_requests_are_not_preflights(method: str, asked: dict[str, str]) -> None:
    """The application answers a request that is not a preflight (Fetch section 3.3.2)."""
    assert policy().preflight(method, Headers(asked)) is None


@pytest.mark.parametrize(
    ("made", "origin", "fields"),
    [
        (policy(), SITE, {"Access-Control-Allow-Origin": SITE, "Vary": "Origin"}),
        (policy(), "https://evil.example", {"Vary": "Origin"}),
        (policy(), "HTTPS://WWW.EXAMPLE.COM", {"Vary": "Origin"}),
        (policy(), None, {"Vary": "Origin"}),
        (policy("*"), SITE, {"Access-Control-Allow-Origin": "*"}),
        (policy("*"), None, {"Access-Control-Allow-Origin": "*"}),
        (
            policy(credentials=True, expose=["X-Total", "ETag"]),
            SITE,
            {
                "Access-Control-Allow-Origin": SITE,
                "Access-Control-Allow-Credentials": "true",
                "Access-Control-Expose-Headers": "X-Total, ETag",
                "Vary": "Origin",
            },
        ),
        (
            policy("*", expose="*"),
            SITE,
            {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "*"},
        ),
    ],
)
def test_every_answer(made: CORSPolicy, origin: str | None, fields: dict[str, str]) -> None:
    """Vary also without an Origin, because a cache may give the answer to another one; for ``*`` all get the same."""
    assert applied(made, origin) == fields


def test_the_application_makes_an_exception() -> None:
    """An answer with a field of its own keeps it, and gets no credentials beside it."""
    own = {"Access-Control-Allow-Origin": "*"}
    assert applied(policy(credentials=True), Access_Control_Allow_Origin="*") == {**own, "Vary": "Origin"}


ANSWERED: list[dict[str, str]] = [
    {},
    {"Content-Type": "text/plain", "content-length": "3"},
    {"Vary": "Cookie"},
    {"vary": "*"},
    {"ACCESS-CONTROL-ALLOW-ORIGIN": "*"},
    {"Access-Control-Allow-Credentials": "false"},
    {"Access-Control-Expose-Headers": "ETag"},
    {"Access-Control-Max-Age": "5"},
]


@pytest.mark.parametrize("origins", ["*", [SITE], [re.compile("https://[a-z.]+")], []], ids=str)
@pytest.mark.parametrize("credentials", [False, True])
def test_what_is_added_is_what_apply_sets(origins: Any, credentials: bool) -> None:
    """The fields that are added at once are those that the slow path gives, over both protocols and every time."""
    made = policy(origins, credentials=credentials and origins != "*", expose=["X-Total"])
    asks = [None, SITE, "https://other.example", "null", "", f"{SITE}, {SITE}", f"{SITE}/", SITE.upper()]
    for asked in [Headers() if each is None else Headers({"Origin": each}) for each in asks] * 2:
        for fields in ANSWERED:
            applied = Headers(fields)
            made.apply(asked, applied)
            added = made.added(asked, [name.lower() for name in fields])
            decides = any(name.lower() in {"vary", *PERMISSIONS} for name in fields)
            assert (added is None) == (decides or switched_off(made))
            if added is not None:
                assert [*fields.items(), *added.pairs] == applied.to_wsgi_list()
                assert added.raw == [(name.lower().encode(), value.encode()) for name, value in added.pairs]


PERMISSIONS = {f"access-control-{name}" for name in ("allow-origin", "allow-credentials", "expose-headers")}


def switched_off(made: CORSPolicy) -> bool:
    """Whether ``pytest --slow-paths`` has turned the fast path off."""
    return made.added(Headers(), []) is None


def test_only_so_many_answers_are_kept() -> None:
    """What any client may send does not fill the memory, and each gets its own answer."""
    made = policy([re.compile("https://[a-z0-9]+")], methods="*", headers="*")
    for number in range(300):
        origin, method = f"https://host{number}", f"METHOD{number}"
        for _ in range(2):
            status, told, _ = preflight(made, origin, method, Headers=f"X-{number}, X-More")
            assert (status, told["Allow-Origin"], told["Allow-Methods"]) == (204, origin, method)
            assert told["Allow-Headers"] == f"X-{number}, X-More"
            assert applied(made, origin)["Access-Control-Allow-Origin"] == origin
            made.added(Headers({"Origin": origin}), [])
    preflight(made, "https://a", "M" * 5000)
    made.added(Headers({"Origin": "https://" + "a" * 5000}), [])
    assert 0 < len(made._answers) <= 64
    assert len(made._added) <= 64
    assert max(len(method) for _, method, _, _ in made._answers) < 5000
    assert max((len(origin or "") for origin in made._added), default=0) < 5000


@pytest.mark.parametrize("longest", ["origin", "method", "names"])
def test_what_is_kept(longest: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer to a question of at most 1024 characters, whichever part of it is long, is made once. A longer one is
    made each time, and so is the oldest of more than 64.
    """
    made: list[Any] = []
    decide = CORSPolicy._decide
    monkeypatch.setattr(CORSPolicy, "_decide", lambda *question: made.append(question) or decide(*question))
    everything = policy([re.compile("https://[a-z0-9]+")], methods="*", headers="*")

    def times(length: int) -> int:
        parts = {"origin": "https://a", "method": "M", "names": "x"}
        parts[longest] += "a" * (length - sum(map(len, parts.values())))
        made.clear()
        for _ in range(3):
            assert preflight(everything, parts["origin"], parts["method"], Headers=parts["names"])[0] == 204
        return len(made)

    assert (times(1024), times(1025)) == (1, 3)
    for number in range(63):
        preflight(everything, f"https://host{number}", "M")
    assert len(everything._answers) == 64
    made.clear()
    preflight(everything, "https://host0", "M")
    assert made == []
    preflight(everything, "https://host63", "M")
    assert len(everything._answers) == 1


def test_the_fields_of_an_origin_are_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is added for an origin of at most 1024 characters is made once; for a longer one each time."""
    made: list[Any] = []
    apply = CORSPolicy._apply
    monkeypatch.setattr(CORSPolicy, "_apply", lambda *given: made.append(given) or apply(*given))
    everything = policy([re.compile("https://[a-z]+")])
    is_off = switched_off(everything)
    for length, times in ((1024, 1), (1025, 3)):
        made.clear()
        for _ in range(3):
            everything.added(Headers({"Origin": "https://" + "a" * (length - 8)}), [])
        assert len(made) == (0 if is_off else times)


def test_an_answer_to_a_preflight_is_that_of_a_response() -> None:
    """What the adapters send at once has the fields that a response with this text gets."""
    for method, reason in (("PUT", "204 No Content"), ("DELETE", "403 Forbidden")):
        answer = policy().preflight("OPTIONS", Headers({"Origin": SITE, "Access-Control-Request-Method": method}))
        assert answer is not None
        sent = Response(answer.text, answer.status, answer.headers).outgoing("OPTIONS")
        assert isinstance(sent, WholeAnswer)
        assert (answer.reason, answer.sent.pairs, answer.body) == (reason, sent.headers, sent.body)
        assert answer.sent.raw == [(name.lower().encode(), value.encode()) for name, value in sent.headers]


@pytest.mark.parametrize(
    ("options", "kind", "text"),
    [
        (
            {"origins": "*", "credentials": True},
            ValueError,
            (
                "got the origin '*' with credentials=True, expected each origin by its name: every site could read what"
                " the application shows its users (Fetch section 3.3.5)"
            ),
        ),
        ({"origins": [1]}, TypeError, "got an origin of type int, expected a str or a compiled pattern"),
        ({"methods": "GET"}, TypeError, "got the text 'GET' for methods, expected '*' or an iterable of names"),
        ({"headers": ["X Y"]}, ValueError, "got the name 'X Y' in headers, expected a token"),
        ({"expose": [1]}, TypeError, "got a name of type int in expose, expected a str"),
        ({"max_age": True}, TypeError, "got max_age = True, expected a number of seconds, a timedelta or None"),
        ({"max_age": 2**31 + 1}, ValueError, "got the max_age 2147483649, expected at most 2147483648 seconds"),
        ({"max_age": -1}, ValueError, "got the max_age -1, expected a number of seconds that is not negative"),
        ({"origins": [re.compile(b"x")]}, TypeError, "got re.compile(b'x') in origins, expected a pattern of text"),
        (
            {"expose": ["*", "X-A"], "credentials": True},
            ValueError,
            "got expose='*' with credentials=True, expected the names of the fields",
        ),
        (
            {"expose": "*", "credentials": True},
            ValueError,
            "got expose='*' with credentials=True, expected the names of the fields",
        ),
    ],
)
def test_mistakes(options: dict[str, Any], kind: type[Exception], text: str) -> None:
    """A mistake of the program is an error when the policy is made."""
    with pytest.raises(kind) as caught:
        policy(**options)
    assert str(caught.value) == text


@pytest.mark.parametrize(
    "origin",
    [
        "https://example.com/",
        "example.com",
        "https://Example.com",
        "https://example.com:443",
        "http://a.b:80",
        "https://a.b:70000",
        "https://a.b:0443",
        "https://a.b:08443",
        "",
        "**",
    ],
)
def test_text_that_is_no_origin(origin: str) -> None:
    """An origin that no browser sends would silently allow nothing."""
    with pytest.raises(
        ValueError, match=re.escape(f"got the origin {origin!r}, expected '*', 'null' or scheme://host")
    ):
        policy([origin])


@pytest.mark.parametrize(
    ("origin", "pattern", "matched", "refused"),
    [
        ("https://*.example.com", r"https://[^./]+\.example\.com", "https://a.example.com", "https://a.b.example.com"),
        ("http://localhost:*", r"http://localhost:[^./]+", "http://localhost:5173", "http://localhost"),
        ("https://*", r"https://[^./]+", "https://intranet", "https://example.com"),
    ],
)
def test_an_origin_with_an_asterisk(origin: str, pattern: str, matched: str, refused: str) -> None:
    """No browser sends an origin with an asterisk. The error names a pattern to write in its place.

    In the pattern, the asterisk stands for one name.
    """
    with pytest.raises(ValueError, match="expected each origin by its name") as caught:
        policy([origin])
    assert str(caught.value).endswith(f"or a pattern: re.compile({pattern!r})")
    allowed = policy([re.compile(pattern)])
    for asked, expected in ((matched, True), (refused, False)):
        fields = Headers()
        allowed.apply(Headers({"Origin": asked}), fields)
        assert ("Access-Control-Allow-Origin" in fields) == expected


@pytest.mark.parametrize("method", ["get", "Post", "dELETE"])
def test_a_method_in_lower_case(method: str) -> None:
    """Browsers send these methods in upper case, so that no request could have another one (Fetch section 2.2.1)."""
    with pytest.raises(ValueError, match=f"got the method {method!r}, expected {method.upper()!r}, which is what"):
        policy(methods=[method])


def test_a_method_of_the_program_keeps_its_case() -> None:
    """Browsers send a method that Fetch does not normalize as the script has written it."""
    allowed = policy(methods=["patch", "Purge"])
    for method, status in (("patch", 204), ("PATCH", 403), ("Purge", 204)):
        assert preflight(allowed, method=method)[0] == status


@pytest.mark.parametrize("method", ["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"])
def test_methods_that_browsers_write_in_upper_case(method: str) -> None:
    """Browsers send these six methods in upper case, however a script writes them (Fetch section 2.2.1, "normalize").
    In another case they would allow nothing.
    """
    assert preflight(policy(methods=[method]), method=method)[0] == 204
    for wrong in (method.lower(), method.title()):
        with pytest.raises(ValueError, match=f"got the method '{wrong}', expected '{method}', which is what browsers"):
            policy(methods=[wrong])


@pytest.mark.parametrize("method", ["PATCH", "patch", "Purge", "query", "TRACE", "connect"])
def test_other_methods_stay_as_they_are(method: str) -> None:
    """Methods are case-sensitive (RFC 9110 section 9.1): a browser sends any other one as the script writes it."""
    assert preflight(policy(methods=[method]), method=method)[0] == 204
    assert preflight(policy(methods=[method]), method=method.swapcase())[0] == 403


@pytest.mark.parametrize(("age", "sent"), [(0, "0"), (1, "1"), (2**31, "2147483648"), (timedelta(days=1), "86400")])
def test_the_bounds_of_the_age(age: Any, sent: str) -> None:
    """From 0, with which browsers ask anew each time, up to what RFC 9111 section 1.2.2 calls infinite."""
    assert preflight(policy(max_age=age))[1]["Max-Age"] == sent


@pytest.mark.parametrize("name", ["credentials", "private_network"])
@pytest.mark.parametrize("value", [1, "yes", None])
def test_what_is_yes_or_no(name: str, value: Any) -> None:
    """A permission is a bool: a text such as "no" would grant it."""
    with pytest.raises(TypeError, match=f"got {name} = {value!r}, expected a bool"):
        policy(**{name: value})
