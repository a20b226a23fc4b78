"""Markdown tables and numbers."""

import pytest

from airwatch_dagster.figures.markdown import (
    SIGNED,
    TextTable,
    ahead,
    counted,
    escaped,
    label,
    number,
    numbers,
    table,
    unbroken,
)


def test_a_table_has_a_header_a_rule_and_a_line_per_row() -> None:
    assert table(["Family", "RMSE"], [["ridge", "2.00"], ["blend", "–"]]).splitlines() == [
        "| Family | RMSE |",
        "|---|---|",
        "| ridge | 2.00 |",
        "| blend | – |",
    ]


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (0.126, ".2f", "0.13"),
        (-0.001, SIGNED, "+0.00"),
        (0.5, ".0%", "50%"),
        (None, ".2f", "–"),
        (float("nan"), ".2f", "–"),
    ],
)
def test_a_number_is_formatted_and_an_undefined_one_is_a_dash(value: float | None, form: str, text: str) -> None:
    assert number(value, form) == text


def test_numbers_of_a_cell_are_side_by_side() -> None:
    assert numbers([0.1, None, -0.2], SIGNED) == "+0.10 / – / -0.20"
    assert numbers([]) == "–"


def test_a_text_table_is_markdown_or_records_without_its_marks() -> None:
    found = TextTable(("Family", "Skill"), (("**_ridge_**", "**+0.10**"),))
    assert str(found).splitlines()[-1] == "| **_ridge_** | **+0.10** |"
    assert found.plain_rows() == [{"Family": "ridge", "Skill": "+0.10"}]


def test_counts_and_leads_agree_with_their_nouns() -> None:
    assert [counted(count, "site") for count in (0, 1, 1200)] == ["0 sites", "1 site", "1,200 sites"]
    assert [ahead(lead) for lead in (1, 3)] == ["1 day ahead", "3 days ahead"]


def test_a_cell_stays_on_one_line_and_a_name_fits_it() -> None:
    assert unbroken("< 1 %") == "<\u00a01\u00a0%"
    assert unbroken("5.4–23.3") == "5.4\u2060–\u206023.3"
    assert label("A Name | of Thirty Letters and More") == "A Name / of Thirty Lett…"


HOSTILE = "<script>x</script> [EPA](http://evil.example) | `rm` **b** _u_ ~~s~~ $x$ \\ &amp; ![i](j)\n# head"


def test_text_from_elsewhere_stays_text_on_one_line_of_a_cell() -> None:
    shown = escaped(HOSTILE)

    assert shown == (
        r"&lt;script&gt;x&lt;/script&gt; \[EPA\](http://evil.example) \| \`rm\` \*\*b\*\* \_u\_ \~\~s\~\~ \$x\$ "
        r"\\ &amp;amp; !\[i\](j) # head"
    )
    assert len(table(["Site"], [[shown]]).splitlines()) == 3


def test_records_show_text_from_elsewhere_as_it_was() -> None:
    [record] = TextTable(("Site", "Skill", "Name"), ((escaped(HOSTILE), "**1.0**", escaped("*a*")),)).plain_rows()

    assert record == {"Site": " ".join(HOSTILE.split()), "Skill": "1.0", "Name": "*a*"}
