"""A file of EPA's Download Daily Data page as office and statistics programs save it anew."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Final

HEADER: Final = (
    *("Date", "Source", "Site ID", "POC", "Daily Mean PM2.5 Concentration", "Units", "Daily AQI Value"),
    *("Local Site Name", "Daily Obs Count", "Percent Complete", "AQS Parameter Code", "AQS Parameter Description"),
    *("Method Code", "Method Description", "CBSA Code", "CBSA Name", "State FIPS Code", "State", "County FIPS Code"),
    *("County", "Site Latitude", "Site Longitude"),
)
FIRST_DAY: Final = date(2021, 1, 1)
SITES: Final = {
    "170310076": ("COM ED", "16980", "Chicago-Naperville-Elgin, IL-IN-WI", "41.7514", "-87.713488"),
    "170890003": ("ELGIN", "16980", "Chicago-Naperville-Elgin, IL-IN-WI", "42.0503", "-88.28"),
    "171150013": ("DECATUR", "", "", "39.866933", "-88.925452"),
}
SITES_OF_ALABAMA: Final = {
    "010730023": ("North Birmingham", "13820", "Birmingham-Hoover, AL", "33.553056", "-86.815"),
    "011010003": ("MOMS", "33860", "Montgomery, AL", "32.5", "-86.25"),
}

Row = dict[str, str]


def published_rows(*, days: int = 31, sites: Mapping[str, Sequence[str]] = SITES) -> list[Row]:
    """Rows of consecutive days from 2021-01-01 of every site, as EPA writes them."""
    return [
        _row(FIRST_DAY + timedelta(days=n), n, site, *values) for site, values in sites.items() for n in range(days)
    ]


def text(
    rows: Sequence[Mapping[str, str]],
    *,
    separator: str = ",",
    line_end: str = "\r\n",
    quoting: int = csv.QUOTE_MINIMAL,
    header: Sequence[str] = HEADER,
) -> str:
    """The rows as a table of text."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator=line_end, quoting=quoting)  # type: ignore[arg-type]
    writer.writerow(header)
    writer.writerows([row[name] for name in HEADER] for row in rows)
    return out.getvalue()


def changed(rows: Sequence[Row], change: Callable[[str], str], *columns: str) -> list[Row]:
    """The rows with every value of ``columns`` changed."""
    return [row | {name: change(row[name]) for name in columns} for row in rows]


def dated(rows: Sequence[Row], layout: str) -> list[Row]:
    """The rows with days in another layout of strftime; ``{d}`` and ``{m}`` are day and month without zeros."""

    def rewritten(value: str) -> str:
        month, day, year = (int(part) for part in value.split("/"))
        return date(year, month, day).strftime(layout).format(d=day, m=month)

    return changed(rows, rewritten, "Date")


def _row(day: date, number: int, site: str, name: str, cbsa: str, cbsa_name: str, lat: str, lon: str) -> Row:
    mean = f"{7 + number % 9}.{number % 10}"
    values = (
        *(f"{day:%m/%d/%Y}", "AQS", site, "1", mean, "ug/m3 LC", str(30 + number), name, "1", "100.0000", "88101"),
        *("PM2.5 - Local Conditions", "170", "Met One BAM", cbsa, cbsa_name, site[:2], "Illinois", site[2:5], "Cook"),
        *(lat, lon),
    )
    return dict(zip(HEADER, values, strict=True))
