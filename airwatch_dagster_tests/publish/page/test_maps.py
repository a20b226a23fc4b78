import re
from dataclasses import replace

import pytest

from airwatch_dagster.publish.content import Site
from airwatch_dagster.publish.page.area_map import AreaMap, area_map
from airwatch_dagster.publish.page.nation_map import HEIGHT, WIDTH, nation_map
from airwatch_dagster.publish.page.outlines import Line, Outlines, Window, outlines
from airwatch_dagster.publish.page.svg import simplified
from airwatch_dagster_tests.publish.page import bulletins

SQUARE = Window(0, 0, 10, 10)
PLACES = {
    "Chicago": (-87.63, 41.88),
    "Honolulu": (-157.86, 21.31),
    "Fairbanks": (-147.72, 64.84),
    "San Juan": (-66.1, 18.42),
    "Guam": (144.8, 13.45),
}


def sites_at(*places: tuple[float, float]) -> list[Site]:
    return [bulletins.site(number, place=place) for number, place in enumerate(places)]


def covers(made: AreaMap, x: float, y: float) -> bool:
    """Whether a point is on land: a ray from it to the right crosses the outline an odd number of times."""
    inside, at_x, at_y = False, 0, 0
    for ring in re.findall(r"m[^z]*z", made.land):
        numbers = [int(one) for one in re.findall(r"-?\d+", ring)]
        points = []
        for step_x, step_y in zip(numbers[::2], numbers[1::2], strict=True):
            at_x, at_y = at_x + step_x, at_y + step_y
            points.append((at_x, at_y))
        at_x, at_y = points[0]
        for (x1, y1), (x2, y2) in zip(points, [*points[1:], points[0]], strict=True):
            if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
                inside = not inside
    return inside


@pytest.mark.parametrize("name", PLACES)
def test_every_part_of_the_nation_has_land_under_its_sites(name: str) -> None:
    made = area_map(sites_at(PLACES[name]))

    [placed] = made.sites
    assert covers(made, placed.x, placed.y)


def test_a_map_holds_only_borders_near_its_sites() -> None:
    assert len(area_map(sites_at(PLACES["Chicago"])).land) < 3_000


def test_all_sites_are_inside_the_map_and_north_is_up() -> None:
    made = area_map(sites_at((-88.2, 41.4), (-87.4, 42.3), (-87.0, 41.6)))

    by_id = {one.site.site_id: one for one in made.sites}
    assert all(0 < one.x < made.width and 0 < one.y < made.height for one in made.sites)
    assert by_id["170310001"].y < by_id["170310002"].y < by_id["170310000"].y
    assert by_id["170310000"].x < by_id["170310001"].x < by_id["170310002"].x


def test_alaskas_islands_beyond_the_date_line_are_beside_the_others() -> None:
    made = area_map(sites_at((-176.6, 51.9), (173.1, 52.9)))

    assert {one.site.site_id: one.x < made.width / 2 for one in made.sites} == {"170310000": False, "170310001": True}


def test_the_worst_site_lies_on_top() -> None:
    sites = bulletins.chicago()

    assert area_map(sites).sites[-1].site == sites[0]


def test_labels_do_not_cover_each_other() -> None:
    close = sites_at(*((-87.6 + 0.001 * number, 41.8) for number in range(9)))

    labels = [one.label for one in area_map(close).sites if one.label is not None]

    assert 1 <= len(labels) < 9


def test_a_less_certain_site_has_a_wider_ring() -> None:
    site = bulletins.site(0)
    unsure = replace(site, days=tuple(replace(day, upper_ugm3=day.upper_ugm3 + 20) for day in site.days))

    sure_ring, unsure_ring = (area_map([one]).sites[0].dots[0].ring for one in (site, unsure))

    assert sure_ring < unsure_ring


def test_days_that_look_alike_share_a_dot_where_no_number_tells_them_apart() -> None:
    sites = [bulletins.site(0)]

    assert [dot.horizons for dot in area_map(sites, with_labels=False).sites[0].dots] == [(1, 2, 3)]
    assert [dot.horizons for dot in area_map(sites).sites[0].dots] == [(1,), (2,), (3,)]


def line(*points: tuple[float, float]) -> Line:
    xs, ys = zip(*points, strict=True)
    return Line(points, Window(min(xs), min(ys), max(xs), max(ys)))


def test_a_border_ends_at_the_first_point_outside_the_window() -> None:
    known = Outlines((), (line((-5, 5), (5, 6), (15, 5), (25, 5), (5, 8)),), {})

    assert list(known.county_borders(SQUARE, 0.1)) == [[(-5, 5), (5, 6), (15, 5)], [(25, 5), (5, 8)]]


def test_a_state_around_the_window_fills_it() -> None:
    known = Outlines((line((-9, -9), (20, -9), (20, 20)), line((-9, -9), (-9, 20), (20, 20))), (), {"IL": ((0, -2),)})

    [ring] = known.land(SQUARE, 0.1)
    assert set(ring) == {(0, 0), (0, 10), (10, 0), (10, 10)}


def test_a_state_elsewhere_leaves_nothing() -> None:
    known = Outlines((line((50, 50), (60, 50), (60, 60), (50, 50)),), (), {"IL": ((0,),)})

    assert list(known.land(SQUARE, 0.1)) == []


def test_neighbours_share_their_border_however_it_is_simplified() -> None:
    middle = line((5, 0), (5.2, 3), (4.8, 6), (5, 10))
    left, right = line((5, 10), (1, 10), (1, 0), (5, 0)), line((5, 10), (9, 10), (9, 0), (5, 0))
    known = Outlines((middle, left, right), (), {"IL": ((0, 1),), "IN": ((0, 2),)})

    west, east = known.land(SQUARE, 0.15)

    assert [point for point in west if 4 < point[0] < 6] == [point for point in east if 4 < point[0] < 6]


def test_a_simplified_line_keeps_its_ends_and_its_corners() -> None:
    line = [(0.0, 0.0), (1.0, 0.1), (2.0, 0.0), (2.0, 5.0), (2.1, 9.0)]

    assert simplified(line, 0.5) == [(0.0, 0.0), (2.0, 0.0), (2.1, 9.0)]


def test_the_outlines_name_every_state_and_territory_that_aqs_lists_but_islands_without_an_outline() -> None:
    known = outlines()

    assert len(known.states) == 54
    assert {"AK", "HI", "PR", "DC", "GU", "VI"} < set(known.states)
    assert all(rings for rings in known.states.values())


def test_the_nations_map_has_a_place_for_alaska_hawaii_and_puerto_rico() -> None:
    names = ("Chicago", "Honolulu", "Fairbanks", "San Juan")
    made = nation_map(bulletins.bulletin(sites_at(*(PLACES[name] for name in names))))

    places = dict(zip(names, made.days[0].layers[0].places, strict=True))
    assert all(0 < x < WIDTH and 0 < y < HEIGHT for x, y in places.values())
    assert places["Fairbanks"][0] < places["Honolulu"][0] < places["Chicago"][0] < places["San Juan"][0]
    assert places["Chicago"][1] < places["Fairbanks"][1]


def test_a_site_that_was_not_observed_is_grey_on_the_nations_map() -> None:
    sites = [bulletins.site(0), replace(bulletins.site(1), days_since_observed=2)]

    assert [layer.look for layer in nation_map(bulletins.bulletin(sites)).days[0].layers] == [None, 0]


def test_the_worst_category_lies_on_top_of_the_nations_map() -> None:
    sites = [bulletins.site(0, (60.0, 60.0, 60.0)), bulletins.site(1)]

    assert [layer.look for layer in nation_map(bulletins.bulletin(sites)).days[0].layers] == [0, 3]
