from dataclasses import replace
from datetime import date, timedelta

from airwatch_dagster.publish.content import ReliabilityPoint
from airwatch_dagster.publish.page.charts import (
    ChartDay,
    day_chart,
    interval_bars,
    reliability_dots,
    site_chart,
    sparkline,
    sparkline_top,
)
from airwatch_dagster_tests.publish.page import bulletins

START = date(2026, 11, 1)


def days(*observed: float | None) -> list[ChartDay]:
    return [ChartDay(START + timedelta(days=number), value) for number, value in enumerate(observed)]


def test_a_value_lies_as_high_as_its_share_of_the_top() -> None:
    chart = day_chart(days(0.0, 6.0, 12.0), top_ugm3=12.0)

    assert chart.observed_line == "m0 100 1-50 1-50"
    assert chart.observed == "m0 100h0m1-50h0m1-50h0"


def test_a_day_without_a_value_parts_the_line() -> None:
    chart = day_chart(days(6.0, 6.0, None, 9.0, 9.0), top_ugm3=12.0)

    assert chart.observed_line == "m0 50 1 0m2-25 1 0"


def test_a_single_day_is_a_dot_in_the_line_too() -> None:
    chart = day_chart(days(None, 6.0, None), top_ugm3=12.0)

    assert (chart.observed, chart.observed_line) == ("m1 50h0", "m1 50h0")


def test_nothing_observed_gives_an_empty_chart() -> None:
    chart = day_chart(days(None, None))

    assert (chart.observed, chart.forecast, chart.band) == ("", "", "")


def test_the_limits_inside_the_chart_are_labelled_where_there_is_room() -> None:
    low, high = day_chart(days(10.0, 10.0)), day_chart(days(300.0, 300.0))

    assert [(tick.label, tick.percent) for tick in low.limits] == [(9.0, 75.0)]
    assert [tick.label for tick in high.limits] == [225.4, 125.4, 55.4]


def test_the_band_goes_along_the_upper_ends_and_back_along_the_lower() -> None:
    forecast = [ChartDay(START + timedelta(days=number), None, 6.0, 3.0, 9.0) for number in range(2)]

    assert day_chart(forecast, top_ugm3=12.0).band == "m0 25 1 0 0 50-1 0z"


def test_a_sites_chart_ends_with_its_forecasts() -> None:
    chart = site_chart(bulletins.site(0))

    assert chart.width == 62
    assert chart.today_percent == 96.0
    assert [tick.label for tick in chart.days] == [
        date(2026, 10, 15),
        date(2026, 11, 1),
        date(2026, 11, 15),
    ]


def test_sparklines_of_a_page_share_their_scale() -> None:
    clean, smoky = bulletins.site(0), bulletins.site(1, (80.0, 90.0, 70.0))
    top = sparkline_top([clean, smoky])

    assert top >= 90.0
    assert sparkline(clean, top_ugm3=top).limits == sparkline(smoky, top_ugm3=top).limits
    assert sparkline(clean, top_ugm3=top).width == 16


def test_bars_of_all_tiles_share_their_scale() -> None:
    first, *_ = bars = interval_bars(bulletins.bulletin([bulletins.site(0, (8.0, 10.0, 9.0))]).tiles)

    assert {bar.limits for bar in bars} == {first.limits}
    assert (first.lower, first.value, first.upper) == (12.0, 40.0, 73.5)


def test_a_bin_of_the_reliability_diagram_stands_where_it_was_forecast_and_happened() -> None:
    dot, _ = reliability_dots([ReliabilityPoint(9.0, 0.2, 0.19, 100), ReliabilityPoint(35.4, 0.02, 0.0, 25)])

    assert (dot.x, dot.y, dot.look, dot.scale) == (20.0, 81.0, 1, 0.55)


def test_a_band_far_above_the_values_does_not_flatten_a_past_chart() -> None:
    site = bulletins.site(0)
    wide = tuple(replace(one, upper_ugm3=400.0) for one in site.past)

    assert site_chart(replace(site, past=wide)).limits == site_chart(site).limits
