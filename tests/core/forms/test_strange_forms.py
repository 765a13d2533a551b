"""Every row of the table of strange forms, in both modes, at every cut, and as a whole form; the page says the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cardan.core.forms import parse_form
from tests.core.forms.forms import flat, form_values, make_machine
from tests.core.forms.strange_forms import MULTIPART, URLENCODED, Row
from tests.core.machines import assert_cuts_do_not_matter

PAGE = Path(__file__).parents[3] / "docs" / "explanation" / "strange-forms.md"
ROWS = [*MULTIPART, *URLENCODED]
CASES = [pytest.param(row, mode, id=f"{row.id}-{mode}") for row in ROWS for mode in ("default", "strict")]


def decoded(row: Row, form_rules: str) -> Any:
    """What the decoder makes of a row, however it is cut."""
    try:
        if make_machine(row.content_type, form_rules=form_rules) is None:
            return None
    except Exception as error:
        return type(error).__name__
    splits = 400 if len(row.body) > 2048 else 2048
    return flat(
        assert_cuts_do_not_matter(
            lambda: make_machine(row.content_type, form_rules=form_rules), row.body, splits=splits
        )
    )


@pytest.mark.parametrize(("row", "form_rules"), CASES)
def test_decoders(row: Row, form_rules: str) -> None:
    """The decoder does what the row says, wherever the body is cut."""
    assert decoded(row, form_rules) == getattr(row, form_rules)


@pytest.mark.parametrize(("row", "form_rules"), CASES)
def test_whole_form(row: Row, form_rules: Any) -> None:
    """FormReader gives the same for the whole form. Another media type gives an empty form."""
    expected = getattr(row, form_rules)
    if isinstance(expected, str):
        with pytest.raises(Exception) as caught:
            parse_form(row.content_type, row.body, form_rules=form_rules)
        assert type(caught.value).__name__ == expected
    else:
        assert form_values(parse_form(row.content_type, row.body, form_rules=form_rules)) == (expected or [])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_silent_mode_forgives_form_errors_only(row: Row) -> None:
    """With ``form_rules="silent"`` a broken form is an empty one; a limit that is passed still raises."""
    if row.default == "RequestEntityTooLarge":
        with pytest.raises(Exception, match="expected at most"):
            parse_form(row.content_type, row.body, form_rules="silent")
    else:
        form = parse_form(row.content_type, row.body, form_rules="silent")
        assert form_values(form) == ([] if isinstance(row.default, str) else row.default or [])


def shown(outcome: Any) -> str:
    """An outcome as the page shows it."""
    if outcome is None:
        return "no form"
    if isinstance(outcome, str):
        return {"MultipartError": "400", "UrlencodedError": "400", "RequestEntityTooLarge": "413"}[outcome]
    return ", ".join(f"`{value!r}`" for value in outcome) or "empty form"


def table(rows: list[Row]) -> str:
    """The table of the page, in Markdown."""
    lines = ["| | input | default | strict | source or reason |", "|---|---|---|---|---|"]
    for row in rows:
        cells = [row.id, row.case, shown(row.default), shown(row.strict), row.law]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def test_the_page_says_what_the_tests_say() -> None:
    """The tables in docs/explanation/strange-forms.md are these; a difference prints what belongs there."""
    text = PAGE.read_text(encoding="utf-8")
    assert table(MULTIPART) in text, f"docs/explanation/strange-forms.md should have:\n{table(MULTIPART)}"
    assert table(URLENCODED) in text, f"docs/explanation/strange-forms.md should have:\n{table(URLENCODED)}"
