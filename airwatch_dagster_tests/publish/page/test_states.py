from airwatch_dagster.publish.content import DataStatus, SilentSite
from airwatch_dagster.publish.page import render
from airwatch_dagster.publish.page.states import by_state, state_rows
from airwatch_dagster_tests.publish.page import bulletins
from airwatch_dagster_tests.publish.page.parsed import Parsed

SITES = [
    bulletins.site(0, (60.0, 70.0, 50.0), state="CA", place=(-119.0, 36.0)),
    bulletins.site(1, (8.0, 8.8, 9.0), state="CA", place=(-118.0, 34.0)),
    bulletins.site(2, (20.0, 12.0, 9.0), state="IL"),
    bulletins.site(3, (5.0, 5.0, 5.0), state=""),
]
STATUS = DataStatus(
    4, silent=(SilentSite("170310002", "Harbor", 3, "late"), SilentSite("170310001", "Rail Yard", 1, "missing"))
)
NATION = bulletins.bulletin(SITES, area="United States", status=STATUS)


def test_each_state_has_its_own_sites_tiles_and_problems() -> None:
    parts = by_state(NATION)

    assert list(parts) == ["CA", "IL"]
    assert [site.site_id for site in parts["CA"].sites] == ["170310000", "170310001"]
    assert parts["CA"].area == "California"
    assert parts["CA"].tiles[1].sites_by_category == {"Good": 1, "Unhealthy": 1}
    assert parts["IL"].tiles[0].worst.pm25_ugm3 == 20.0
    assert [one.name for one in parts["IL"].status.silent] == ["Harbor"]


def test_what_the_nation_says_of_itself_is_not_said_of_a_state() -> None:
    part = by_state(NATION)["CA"]

    assert (part.change_in_aqi, part.agency_forecasts) == (None, ())


def test_the_worst_state_comes_first() -> None:
    rows = state_rows(by_state(NATION), {"CA": "ca.html"})

    assert [(row.bulletin.area, row.file_name) for row in rows] == [("California", "ca.html"), ("Illinois", None)]


def test_the_overview_links_to_the_states() -> None:
    parsed = Parsed(render.overview(NATION, {"CA": "ca.html", "IL": "il.html"}))

    assert [link["href"] for link in parsed.having("a") if (link["href"] or "").endswith(".html")][1:] == [
        "ca.html",
        "il.html",
    ]
    assert "Unhealthy at 1 of 4 sites, Moderate at 1, Good at 2." in parsed.text


def test_a_states_page_names_the_nations_accuracy_by_link() -> None:
    pages = render.state_pages(NATION, links=render.Links(up="nation.html"))

    assert "nation.html#trust-title" in [link["href"] for link in Parsed(pages["CA"]).having("a")]
    assert "Unhealthy at 1 of 2 sites" in Parsed(pages["CA"]).text


def test_model_method_and_files_are_told_on_the_overview_alone() -> None:
    state, whole = (
        render.state_pages(NATION, links=render.Links(up="nation.html"))["CA"],
        render.overview(NATION, {"CA": "ca.html"}),
    )

    assert all(
        ("forecasts.csv" in page, "maker-title" in page) == (page is whole, page is whole) for page in (state, whole)
    )
    assert "Model, method, data files and how to cite" in Parsed(state).text


def test_a_site_without_a_bad_day_misses_none() -> None:
    text = Parsed(render.state_pages(NATION)["CA"]).text

    assert "within one category, mean error" in text
    assert "0 of 0" not in text


def test_a_page_with_charts_is_the_larger_one() -> None:
    without, with_charts = (render.state_pages(NATION, with_charts=charts)["CA"] for charts in (False, True))

    assert len(without) + 3_000 < len(with_charts)
    assert [len(Parsed(made).having("table")) for made in (without, with_charts)] == [2, 4]


def test_a_site_adds_little_to_a_states_page() -> None:
    few, many = (
        render.state_pages(
            bulletins.bulletin([bulletins.site(number, place=(-87.6 + number / 9, 41.8)) for number in range(count)]),
            links=render.Links(up="nation.html"),
        )["IL"]
        for count in (2, 42)
    )

    assert len(few.encode()) < 30_000
    assert len(many.encode()) - len(few.encode()) < 40 * 1_300
