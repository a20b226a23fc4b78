"""Sites and monitors of the practice network: Chicago, then the states around it."""

from datetime import date
from typing import Final

from airwatch_dagster.practice.world.world import (
    ACCEPTABLE_CODE,
    FIRST_DAY,
    RESTATED_POC_OFFSET,
    Monitor,
    Schedule,
    Site,
)


def _filter(schedule: Schedule, *, poc: int = 1, is_primary: bool = False, closed_on: date | None = None) -> Monitor:
    return Monitor(
        poc,
        ((FIRST_DAY, "145"),),
        schedule=schedule,
        is_primary=is_primary,
        reports_events=False,
        closed_on=closed_on,
    )


def _hourly(
    *methods: tuple[date, str],
    poc: int = 3,
    is_primary: bool = True,
    reports_events: bool = True,
    closed_on: date | None = None,
    outages: tuple[tuple[date, date], ...] = (),
) -> Monitor:
    return Monitor(
        poc,
        methods or ((FIRST_DAY, "170"),),
        is_primary=is_primary,
        reports_events=reports_events,
        closed_on=closed_on,
        outages=outages,
    )


def _acceptable(method: str, *, poc: int = 3) -> Monitor:
    """A continuous monitor that shows the AQI without an equivalent method."""
    return Monitor(poc, ((FIRST_DAY, method),), reports_events=False, parameter_code=ACCEPTABLE_CODE)


def _improve(*, poc: int) -> Monitor:
    """A filter as of the IMPROVE network, at the POC of another monitor of the site."""
    methods = ((FIRST_DAY, "707"),)
    return Monitor(poc, methods, schedule="1-in-3", reports_events=False, parameter_code=ACCEPTABLE_CODE)


_BAM_THEN_T640 = ((FIRST_DAY, "170"), (date(2021, 7, 1), "236"))
_BAM_THEN_ALIGNED_T640 = ((FIRST_DAY, "170"), (date(2022, 4, 1), "238"), (date(2024, 7, 1), "638"))
_WINTER_OUTAGES = (
    (date(2019, 11, 4), date(2020, 2, 9)),
    (date(2022, 12, 5), date(2023, 2, 19)),
    (date(2025, 9, 15), date(2025, 11, 20)),
)

_CHICAGO = (
    Site(
        *("17", "031", "9001", "Practice Lakefront", "Chicago", "Cook", 41.8757, -87.6243, "16980", 8.5),
        monitors=(
            _filter("1-in-3"),
            _hourly(*_BAM_THEN_T640),
            Monitor(3 + RESTATED_POC_OFFSET, ((date(2023, 1, 1), "736"),), restates_poc=3),
        ),
    ),
    Site(
        *("17", "031", "9002", "Practice Rail Yard", "Cicero", "Cook", 41.8456, -87.7539, "16980", 9.4),
        monitors=(_filter("1-in-3", is_primary=True), _hourly(*_BAM_THEN_ALIGNED_T640, is_primary=False)),
    ),
    Site(
        *("17", "043", "9001", "Practice Riverwalk", "Naperville", "DuPage", 41.7711, -88.1525, "16980", 7.3),
        monitors=(_filter("1-in-3", is_primary=True),),
    ),
    Site(
        *("17", "089", "9001", "Practice Fox Valley", "Elgin", "Kane", 42.0504, -88.2800, "16980", 7.1),
        monitors=(_hourly((FIRST_DAY, "209"), reports_events=False),),
    ),
    Site(
        *("17", "097", "9001", "Practice Dunes", "Zion", "Lake", 42.4676, -87.8100, "16980", 6.1),
        monitors=(_hourly(outages=_WINTER_OUTAGES),),
    ),
    Site(
        *("17", "197", "9001", "Practice Limestone", "Joliet", "Will", 41.5269, -88.1165, "16980", 7.5),
        monitors=(_filter("1-in-6"), _hourly()),
    ),
    Site(
        *("18", "089", "9001", "Practice Steelworks", "Gary", "Lake", 41.6067, -87.3047, "16980", 9.0),
        monitors=(_filter("1-in-3"), _hourly((FIRST_DAY, "209"))),
    ),
    Site(
        *("18", "127", "9001", "Practice Harbor", "Portage", "Porter", 41.6175, -87.1992, "16980", 7.5),
        monitors=(_hourly((date(2021, 1, 1), "238"), (date(2024, 7, 1), "638")),),
    ),
    Site(
        *("55", "059", "9001", "Practice Lighthouse", "Kenosha", "Kenosha", 42.5047, -87.8093, "16980", 6.6),
        monitors=(_acceptable("731"),),
    ),
)

_AROUND = (
    Site(
        *("17", "019", "9001", "Practice Prairie", "Champaign", "Champaign", 40.1238, -88.2295, "16580", 6.8),
        monitors=(_filter("1-in-3", is_primary=True),),
    ),
    Site(
        *("17", "119", "9001", "Practice Foundry", "Granite City", "Madison", 38.6996, -90.1435, "41180", 9.0),
        monitors=(_hourly(closed_on=date(2022, 12, 31)),),
    ),
    Site(
        *("17", "143", "9001", "Practice Bluffs", "Peoria", "Peoria", 40.6970, -89.5847, "37900", 7.0),
        monitors=(_hourly(),),
    ),
    Site(
        *("18", "097", "9001", "Practice Speedway", "Indianapolis", "Marion", 39.7684, -86.1581, "26900", 8.6),
        monitors=(_filter("1-in-3"), _acceptable("731")),
    ),
    Site(
        *("19", "153", "9001", "Practice Capitol", "Des Moines", "Polk", 41.6032, -93.6431, "19780", 6.6),
        monitors=(_hourly((FIRST_DAY, "209")),),
    ),
    Site(
        *("19", "163", "9001", "Practice Levee", "Davenport", "Scott", 41.5300, -90.5876, "19340", 7.3),
        monitors=(_hourly(),),
    ),
    Site(
        *("19", "171", "9001", "Practice Cornfield", "Not in a City", "Tama", 41.9873, -92.6523, None, 5.9),
        monitors=(_acceptable("702"),),
    ),
    Site(
        *("26", "081", "9001", "Practice Furniture Row", "Grand Rapids", "Kent", 42.9561, -85.6791, "24340", 7.1),
        monitors=(_hourly(),),
    ),
    Site(
        *("26", "101", "9001", "Practice Cherry Orchard", "Manistee", "Manistee", 44.3070, -86.2426, None, 1.8),
        monitors=(_acceptable("731"),),
    ),
    Site(
        *("26", "163", "9001", "Practice Rivière", "Dearborn", "Wayne", 42.3067, -83.1488, "19820", 8.8),
        monitors=(_improve(poc=3), _hourly()),
    ),
    Site(
        *("27", "053", "9001", "Practice Millrace", "Minneapolis", "Hennepin", 45.0012, -93.2672, "33460", 6.3),
        monitors=(_hourly((FIRST_DAY, "209")),),
    ),
    Site(
        *("29", "095", "9001", "Practice Stockyards", "Kansas City", "Jackson", 39.0360, -94.5741, "28140", 7.0),
        monitors=(_hourly(),),
    ),
    Site(
        *("29", "137", "9001", "Practice Reservoir", "Not in a City", "Monroe", 39.4750, -91.7890, None, 5.8),
        monitors=(_hourly((FIRST_DAY, "209"), reports_events=False),),
    ),
    Site(
        *("29", "510", "9001", "Practice Arch", "St. Louis", "St. Louis City", 38.5426, -90.2637, "41180", 8.4),
        monitors=(_filter("1-in-3", is_primary=True), _hourly(is_primary=False)),
    ),
    Site(
        *("31", "055", "9001", "Practice Grain Dock", "Omaha", "Douglas", 41.2475, -95.9731, "36540", 6.8),
        monitors=(_hourly((date(2019, 4, 1), "209")),),
    ),
    Site(
        *("39", "061", "9001", "Practice Hilltop", "Cincinnati", "Hamilton", 39.2787, -84.3663, "17140", 8.6),
        monitors=(_hourly((FIRST_DAY, "209")),),
    ),
    Site(
        *("55", "025", "9001", "Practice Isthmus", "Madison", "Dane", 43.0819, -89.3768, "31540", 6.7),
        monitors=(_hourly((FIRST_DAY, "170"), (date(2023, 10, 1), "638")),),
    ),
    Site(
        *("55", "053", "9001", "Practice Cranberries", "Black River Falls", "Jackson", 44.3347, -90.7920, None, 5.0),
        monitors=(_hourly(reports_events=False),),
    ),
    Site(
        *("55", "079", "9001", "Practice Brewery", "Milwaukee", "Milwaukee", 43.0172, -87.9337, "33340", 7.7),
        monitors=(_filter("1-in-3"), _hourly()),
    ),
    Site(
        *("55", "133", "9001", "Practice Springs", "Waukesha", "Waukesha", 43.0201, -88.2151, "33340", 7.5),
        monitors=(_hourly(is_primary=False), _hourly((FIRST_DAY, "209"), poc=4, is_primary=False)),
    ),
)

SITES: Final = tuple(sorted(_CHICAGO + _AROUND, key=lambda site: site.site_id))
"""All sites, in order of their id."""

MONITORS: Final = tuple((site, monitor) for site in SITES for monitor in site.monitors)
"""All monitors with their sites, in order of site and POC; the position of a monitor is its number in the readings."""
