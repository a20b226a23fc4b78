import re
from dataclasses import replace
from urllib.parse import urlsplit

import pandas as pd
import pytest

from airwatch_dagster.publish.content import DataStatus, EarlyIssue, MonitorChange, Revision, SilentSite, TomorrowRecord
from airwatch_dagster.publish.page import render
from airwatch_dagster.publish.page.inline import with_used_style
from airwatch_dagster_tests.publish.page import bulletins
from airwatch_dagster_tests.publish.page.parsed import Parsed

NASTY = """<script>alert("1")</script> & 'quoted' </title></svg>"""
LOADING = {"src", "srcset", "data", "poster", "background", "action", "formaction", "ping", "xlink:href"}
"""Attributes by which a page makes a browser request something."""


@pytest.fixture(scope="module")
def chicago() -> str:
    return render.page(bulletins.bulletin())


def test_the_headline_says_where_when_and_how_likely_it_is_worse(chicago: str) -> None:
    text = Parsed(chicago).text

    assert "Tomorrow, Sunday 29 November: Good at all 9 sites." in text
    assert "Highest: Steelworks, AQI 49; 36 % chance of Moderate or worse there." in text


def test_the_first_target_day_is_today(chicago: str) -> None:
    assert "Today, Saturday 28 November: Good at all 9 sites." in Parsed(chicago).text


def test_the_headline_is_in_spanish() -> None:
    text = Parsed(render.page(bulletins.bulletin(), language="es")).text

    assert "Mañana, domingo 29 de noviembre: Buena en los 9 sitios. Máximo: Steelworks, AQI 49;" in text


def test_an_early_issue_says_so_and_from_how_many_sites_on_pages_mails_and_in_both_languages() -> None:
    daily = bulletins.bulletin()
    early = replace(
        daily, early=EarlyIssue(pd.Timestamp("2026-11-28 12:05").to_pydatetime(), observed_sites=6, sites=9)
    )

    english = "when 6 of 9 sites had a reading of the last day. The daily forecast follows later today."
    for made in (render.page(early), render.email_html(early), " ".join(render.email_text(early).split())):
        assert "Early issue:" in made
        assert english in made
    assert "Pronóstico temprano:" in render.page(early, language="es")
    assert "12:05" in render.page(early)
    for made in (render.page(daily), render.email_html(daily), render.email_text(daily)):
        assert "Early issue" not in made


def test_the_record_begins_with_tomorrow() -> None:
    made = bulletins.bulletin()
    assert made.trust is not None
    assert "Tomorrow's forecasts" not in Parsed(render.page(made)).text

    record = TomorrowRecord(forecasts=261, mean_abs_error_ugm3=3.14, coverage=0.9, skill_over_persistence=-0.04)
    known = replace(made, trust=replace(made.trust, tomorrow=record))

    text = Parsed(render.page(known)).text
    said = "Tomorrow's forecasts of the last 30 days (261): off by 3.1 µg/m³ on average; 90 % of the readings"
    assert said in text
    assert "Squared error 4 % higher than that of persistence (the last day's value again)." in text
    assert text.index(said) < text.index("next-day forecasts from")
    assert "Pronósticos para mañana" in Parsed(render.page(known, language="es")).text


def test_mixed_categories_are_counted_worst_first() -> None:
    sites = [
        bulletins.site(0, (30.0, 40.2, 9.0)),
        bulletins.site(1, (8.0, 12.0, 9.0)),
        bulletins.site(2, (8.0, 8.8, 9.0)),
    ]

    text = Parsed(render.page(bulletins.bulletin(sites))).text

    assert "Unhealthy for Sensitive Groups at 1 of 3 sites, Moderate at 1, Good at 1." in text


def test_text_from_sources_is_escaped() -> None:
    sites = [replace(bulletins.site(0), name=NASTY, county=NASTY), bulletins.site(1)]
    status = DataStatus(
        2,
        silent=(SilentSite("1", NASTY, 2, "late"),),
        revisions=(Revision("1", NASTY, bulletins.ISSUE_DATE, "changed", None, 3.0),),
        monitor_changes=(MonitorChange("1", NASTY, bulletins.ISSUE_DATE, "opened", NASTY),),
    )
    made = bulletins.bulletin(sites, area=NASTY, status=status)

    for html in (render.page(made), render.email_html(made), render.overview(made, {})):
        parsed = Parsed(html)
        assert len(parsed.having("script")) <= 1
        assert 'alert("1")' not in html
        assert NASTY in parsed.text


def test_an_address_that_runs_code_is_not_a_link() -> None:
    maker = replace(
        bulletins.bulletin().maker, links={"dagster": "javascript:alert(1)", "mlflow": "http://127.0.0.1:5000"}
    )

    links = [found["href"] for found in Parsed(render.page(bulletins.bulletin(maker=maker))).having("a")]

    assert "http://127.0.0.1:5000" in links
    assert [link for link in links if link and link.startswith("javascript")] == []


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_page_requests_nothing(language: str) -> None:
    for html in (
        render.page(bulletins.bulletin(), language=language),
        render.overview(bulletins.bulletin(), {"IL": "il.html"}, language=language),
        render.archive([], language=language),
    ):
        parsed = Parsed(html)
        assert [tag for tag, _ in parsed.elements if tag in {"link", "img", "iframe", "object", "embed", "base"}] == []
        assert [(tag, found) for tag, found in parsed.elements if LOADING & set(found)] == []
        assert re.findall(r"url\(|@import|fetch\(|XMLHttpRequest|import\(", html) == []
        links = [found["href"] or "" for tag, found in parsed.elements if "href" in found]
        assert [link for link in links if urlsplit(link).scheme] == []


def test_the_policy_lets_only_the_pages_own_script_run(chicago: str) -> None:
    [policy] = Parsed(chicago).having("meta", **{"http-equiv": "Content-Security-Policy"})

    assert (policy["content"] or "").startswith("default-src 'none'; ")
    assert "script-src 'sha256-" in (policy["content"] or "")


def test_simulated_air_is_marked_on_top_and_at_the_bottom(chicago: str) -> None:
    real = render.page(bulletins.bulletin(is_simulated=False))

    assert Parsed(chicago).text.count("SIMULATED AIR: not a real forecast") == 2
    assert "SIMULATED" not in Parsed(real).text


def test_a_page_carries_the_rules_of_its_own_classes() -> None:
    page = (
        "<style>.a{color:red}.a,.b > .c{top:0}.b{left:0}p:not(.b,.c){top:1px}"
        '@media print{.b{top:0}.a .d{top:2px}}</style><p class="a d">.b</p>'
    )

    assert with_used_style(page) == (
        '<style>.a{color:red}.a{top:0}p:not(.b,.c){top:1px}@media print{.a .d{top:2px}}</style><p class="a d">.b</p>'
    )


def test_identifiers_are_unique(chicago: str) -> None:
    identifiers = [found["id"] for _, found in Parsed(chicago).elements if "id" in found]

    assert len(identifiers) == len(set(identifiers))


def test_every_image_has_words(chicago: str) -> None:
    parsed = Parsed(chicago)
    images = [found for tag, found in parsed.elements if tag == "svg" or found.get("role") == "img"]

    assert len(images) > 20
    assert [one for one in images if not ({"aria-label", "aria-labelledby"} & set(one) or one.get("aria-hidden"))] == []


def test_the_value_shown_and_its_aqi_are_those_of_the_bulletin(chicago: str) -> None:
    assert re.search(r"8\.9 µg/m³ 3\.3–15\.6", Parsed(chicago).text)


def test_without_problems_the_status_says_so(chicago: str) -> None:
    assert "Nothing: all 9 sites reported" in Parsed(chicago).text


def test_problems_are_listed_by_name() -> None:
    text = Parsed(render.page(bulletins.bulletin(status=bulletins.troubled_status()))).text

    assert "Harbor missing for 2 days" in text
    assert "Rail Yard , 20 Nov: 8.1 → 9.2 µg/m³ (changed)" in text
    assert "Teledyne T640 replaced BAM 1022." in text


def test_a_bulletin_without_a_record_or_a_reading_still_has_a_page() -> None:
    bare = replace(
        bulletins.site(0),
        past=(),
        neighbours=(),
        record=replace(bulletins.site(0).record, forecasts=0, mean_abs_error_ugm3=None),
    )

    text = Parsed(render.page(bulletins.bulletin([bare], trust=None, change_in_aqi=None, agency_forecasts=()))).text

    assert "Good at the only site." in text
    assert "No forecast has been compared with a reading yet." in text


def test_a_site_without_one_of_the_days_keeps_its_columns() -> None:
    whole, part = bulletins.site(0), bulletins.site(1)
    made = bulletins.bulletin([whole, replace(part, days=part.days[:2])])

    html = render.page(made)

    rows = re.findall(r'<summary class="row">.*?</summary>', html, flags=re.DOTALL)
    assert [len(re.findall('<span class="day', row)) for row in rows] == [3, 3]
    assert '<span class="day">–</span>' in rows[1]


def test_a_bulletin_of_one_day_is_about_today() -> None:
    sites = [replace(one, days=one.days[:1]) for one in bulletins.chicago()]
    made = bulletins.bulletin()
    one_day = replace(made, sites=tuple(sites), tiles=(bulletins.tile(sites, 1),))

    text = Parsed(render.page(one_day)).text

    assert "Today, Saturday 28 November: Good at all 9 sites." in text
    assert "Tomorrow" not in text
    assert "Good at all 9 sites" in render.email_text(one_day).replace("\n", " ")


def test_chicago_fits_in_300_kilobytes() -> None:
    assert len(render.page(bulletins.bulletin(bulletins.chicago(38)), language="es").encode()) < 300_000


def test_higher_limits_are_shown_when_a_site_may_exceed_them() -> None:
    smoky = bulletins.site(0, (60.0, 80.0, 60.0))
    days = tuple(replace(day, probabilities={**day.probabilities, 125.4: 0.02}) for day in smoky.days)

    text = Parsed(render.page(bulletins.bulletin([replace(smoky, days=days)]))).text

    assert "above 125.4 µg/m³: Very Unhealthy or worse" in text
    assert "above 225.4" not in text


def test_a_mail_holds_the_headline_and_no_image() -> None:
    html = render.email_html(bulletins.bulletin())

    assert "Good at all 9 sites" in Parsed(html).text
    assert [tag for tag, _ in Parsed(html).elements if tag in {"svg", "script", "style", "img"}] == []


def test_a_mail_links_to_its_page_when_its_address_is_known() -> None:
    address = "http://127.0.0.1:8000/2026-11-27.html"
    made = bulletins.bulletin()

    assert [link["href"] for link in Parsed(render.email_html(made, address=address)).having("a")] == [address]
    assert address in render.email_text(made, address=address)
    assert Parsed(render.email_html(made)).having("a") == []


def test_a_plain_mail_is_not_escaped_and_its_sentences_wrap() -> None:
    sites = [replace(bulletins.site(0), name="Smith & Sons' Yard")]

    text = render.email_text(bulletins.bulletin(sites))

    assert "Smith & Sons' Yard" in text
    assert max(map(len, text.splitlines())) <= 90


def test_a_mail_names_the_worst_sites_and_counts_the_others() -> None:
    text = render.email_text(bulletins.bulletin(bulletins.chicago(20)))

    assert "And 5 more sites with a lower AQI." in text


def test_other_forecasters_are_named_with_what_airwatch_saves(chicago: str) -> None:
    text = Parsed(chicago).text

    assert "Persistence 23 % 3 % to 35 % 236" in text
    assert "Nearest site's last reading 31 % −5 % to 52 % 236" in text
    assert "The agencies – – 31" in text
    assert "Noaa bias corrected −4 % – 120" in text


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("nbm", "Weather forecasts of the day: National Blend of Models, National Weather Service (NOAA)."),
        ("nws", "Weather forecasts of the day: National Weather Service (NOAA), selected cities."),
        ("open-meteo", "Weather forecasts of the day: Weather data by Open-Meteo.com , CC BY 4.0"),
        (NASTY, f"Weather forecasts of the day: {NASTY}"),
    ],
)
def test_the_source_of_weather_is_named_with_the_links_that_its_licence_wants(source: str, told: str) -> None:
    made = replace(bulletins.bulletin(), is_simulated=False, weather=(source,))
    pages = [Parsed(render.page(made)), Parsed(render.page(replace(made, weather=())))]

    texts = [" ".join(page.text.split()) for page in pages]
    assert " ".join(told.split()) in texts[0]
    assert "Weather forecasts of the day" not in texts[1]
    links = {link["href"] for link in pages[0].having("a") if link.get("href")}
    wanted = {"https://open-meteo.com/", "https://creativecommons.org/licenses/by/4.0/"}
    assert links & wanted == (wanted if source == "open-meteo" else set())


def test_simulated_weather_says_so() -> None:
    made = replace(bulletins.bulletin(), is_simulated=True, weather=("nbm",))

    assert "The weather forecasts of the day are simulated." in Parsed(render.page(made)).text
    assert "National Blend" not in Parsed(render.page(made)).text
