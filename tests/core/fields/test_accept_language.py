"""Accept-Language: the languages that a client prefers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardan.core.fields._accept import Accept, CharsetAccept, EncodingAccept
from cardan.core.fields._accept_language import LanguageAccept, matches_extended
from cardan.core.fields._accept_media import MIMEAccept
from tests.corpora import corpus_json


def test_qualities_of_the_rfc() -> None:
    """The qualities of RFC 9110 section 12.5.4 hold with basic filtering (RFC 4647 section 3.3.1)."""
    case = corpus_json("rfc-examples")["rfc9110_accept_language"][0]
    accept = LanguageAccept.from_header(case["header"])
    assert {tag: accept.quality(tag) for tag in case["q"]} == case["q"]


@pytest.mark.parametrize("row", range(3))
def test_basic_filtering(row: int) -> None:
    """The examples of basic filtering in RFC 4647 section 3.3.1 hold."""
    case = corpus_json("rfc-examples")["rfc4647_basic_filtering"][row]
    tags = case["matches"] + case["does_not_match"]
    assert LanguageAccept([(case["range"], 1)]).filter(tags) == case["matches"]


@pytest.mark.parametrize("row", range(2))
def test_extended_filtering(row: int) -> None:
    """The examples of extended filtering in RFC 4647 section 3.3.2 hold."""
    case = corpus_json("rfc-examples")["rfc4647_extended_filtering"][row]
    tags = case["matches"] + case["does_not_match"]
    assert LanguageAccept([(case["range"], 1)]).filter(tags, extended=True) == case["matches"]
    assert [tag for tag in tags if matches_extended(case["range"], tag)] == case["matches"]


@pytest.mark.parametrize("row", range(2))
def test_lookup(row: int) -> None:
    """Lookup tries the tags in the order of RFC 4647 section 3.4: it finds each tag if all earlier ones are missing."""
    case = corpus_json("rfc-examples")["rfc4647_lookup"][row]
    ranges = case.get("priority_list") or [case["range"]]
    accept = LanguageAccept([(tag, 1 - place / 10) for place, tag in enumerate(ranges)])
    candidates = case["candidates_in_order"]
    for place, candidate in enumerate(candidates):
        assert accept.lookup(["xx", *reversed(candidates[place:])], "default") == candidate
    assert accept.lookup(["xx"], "default") == "default"


@pytest.mark.parametrize(
    ("header", "offers", "best"),
    [
        ("de-DE,de;q=0.9,en;q=0.7", ["en", "de"], "de"),
        ("en-US,en;q=0.5", ["en"], "en"),
        ("en", ["en-US"], "en-US"),
        ("en, de;q=0.5", ["de", "en_GB"], "en_GB"),
        ("de-CH, fr;q=0.9", ["fr", "de"], "de"),
        ("de-CH, de;q=0, fr;q=0.5", ["de", "fr"], "fr"),
        ("*, en;q=0", ["en", "en-US", "de"], "de"),
        ("*;q=0.5, fr", ["de", "fr-CA"], "fr-CA"),
        ("zh-Hant-CN-x-private", ["zh-Hant"], "zh-Hant"),
        ("EN-us", ["en-US"], "en-US"),
        ("fr", ["de"], None),
        ("fr;q=0", ["fr"], None),
        ("", ["fr"], None),
        (None, ["fr", "de"], "fr"),
        ("e", ["en"], None),
    ],
)
def test_best_match(header: str | None, offers: list[str], best: str | None) -> None:
    """``best_match()`` chooses for each range, in descending order of quality, the equal tag, then a longer one, then a
    shorter one. An excluded tag is never chosen.
    """
    assert LanguageAccept.from_header(header).best_match(offers) == best


@pytest.mark.parametrize("cls", [Accept, CharsetAccept, EncodingAccept, LanguageAccept, MIMEAccept])
@pytest.mark.parametrize("header", [None, "*", "d"])
def test_offers_are_a_list(cls: type[Accept], header: str | None) -> None:
    """A str in place of a list of offers is refused: it is an iterable of letters, one of which would be chosen."""
    accept = cls.from_header(header)
    choices: list[Any] = [accept.best_match]
    if isinstance(accept, LanguageAccept):
        choices += accept.lookup, accept.filter
    for choose in choices:
        with pytest.raises(TypeError, match=r"^got 'de' as the offers, expected an iterable of them$"):
            choose("de")


def test_defaults() -> None:
    """The default is returned if no tag is found. If the field was not sent, it is returned too."""
    assert LanguageAccept.from_header("fr").best_match(["de"], "en") == "en"
    assert LanguageAccept.from_header(None).best_match(["de"], "en") == "en"
    assert LanguageAccept.from_header(None).best_match([]) is None
    assert LanguageAccept.from_header("de-DE, de;q=0").lookup(["de"], "x") == "x"


@pytest.mark.parametrize(
    ("language_range", "tag", "result"),
    [
        ("*-DE", "de-DE", True),
        ("*", "x", True),
        ("de-*", "de", True),
        ("de-DE", "de-x-DE", False),
        ("de", "den", False),
        ("en-a-a", "en-a", False),
        ("en-a-a", "en-a-a", True),
    ],
)
def test_extended_ranges(language_range: str, tag: str, result: bool) -> None:
    """Special cases of extended ranges (RFC 4647 section 3.3.2)."""
    assert matches_extended(language_range, tag) == result


tags = st.lists(st.sampled_from(["de", "en", "CH", "Latn", "x", "a"]), min_size=1, max_size=4).map("-".join)


@given(st.lists(st.tuples(tags | st.just("*"), st.sampled_from([0.0, 0.5, 1.0]))), st.lists(tags))
def test_what_is_excluded_is_never_chosen(items: list[tuple[str, float]], offers: list[str]) -> None:
    """The chosen tag is one of the offers, and the most specific range that matches it does not exclude it."""
    accept = LanguageAccept(items)
    for chosen in (accept.best_match(offers), accept.lookup(offers)):
        assert chosen is None or chosen in offers
        assert chosen is None or accept._match(chosen) is None or accept.quality(chosen) > 0
    assert LanguageAccept.from_header(accept.to_header()) == accept


def test_an_excluded_range_selects_nothing() -> None:
    """A range with ``q=0`` only excludes (RFC 9110 section 12.4.2): filtering gives none of its tags."""
    accept = LanguageAccept([("de", 1), ("en", 0), ("*", 0.5)])
    assert accept.filter(["en", "fr", "de-AT", "en-GB"]) == ["de-AT", "fr"]


def test_of_equal_offers_the_first_one_is_chosen() -> None:
    """Tags are compared without regard to case; the choice is the offer as the program has written it."""
    accept = LanguageAccept.from_header("en-us")
    assert accept.best_match(["EN-us", "en_US", "en-US"]) == "EN-us"
    assert accept.best_match(["en_US", "EN-us"]) == "en_US"


def test_an_excluded_range_chooses_nothing() -> None:
    """A range with the quality 0 excludes tags, and asks for none: not for a shorter one, either."""
    accept = LanguageAccept.from_header("de-AT;q=0")
    assert accept.best_match(["de", "de-DE"]) is None
    assert accept.lookup(["de"]) is None
    assert accept.filter(["de", "de-AT"]) == []


def test_very_long_ranges_are_not_looked_up() -> None:
    """No real tag has more than 128 characters; to shorten a longer range step by step would take quadratic time."""
    for size, found in ((128, "a"), (129, None)):
        accept = LanguageAccept.from_header("a-" + "b" * (size - 2))
        assert accept.lookup(["a"]) == accept.best_match(["a"]) == found


def test_an_underscore_is_a_hyphen() -> None:
    """A range with an underscore is as specific as the one with a hyphen: it counts more than a shorter range. Lookup
    finds a tag with an underscore.
    """
    for header in ("en_US;q=0.1, en;q=0.9", "en-US;q=0.1, en;q=0.9"):
        assert LanguageAccept.from_header(header).quality("en-us") == 0.1
        assert LanguageAccept.from_header(header).quality("en_GB") == 0.9
        assert LanguageAccept.from_header(header).lookup(["en_US"]) == "en_US"


def test_a_single_letter_goes_with_its_subtag() -> None:
    """Lookup removes the single letter before a subtag together with it (RFC 4647 section 3.4)."""
    accept = LanguageAccept.from_header("zh-Hant-x-private")
    assert accept.lookup(["zh-Hant-x", "zh"]) == "zh"
    assert accept.lookup(["zh-hant", "zh-hant-x"]) == "zh-hant"
