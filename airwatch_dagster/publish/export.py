"""Tables as files for other programs: CSV, Parquet or GeoJSON, also as means by county or statistical area."""

import io
import json
from typing import Any, Final, Literal

import pandas as pd

from airwatch_dagster.acquire.aqs_codes import cbsa_code_of_county, cbsa_names
from airwatch_dagster.publish.material import records
from airwatch_dagster.publish.names import county_title
from airwatch_dagster.schemas import TABLES

Form = Literal["csv", "parquet", "geojson"]

Region = Literal["county", "cbsa"]

AREA_MEANS: Final[dict[str, tuple[str, ...]]] = {
    "site_days": ("date_local",),
    "predictions": ("issue_date", "target_date", "horizon_days"),
}
"""Tables with means by region, and the columns that each mean is for."""

METHOD: Final = (
    "Unweighted arithmetic mean of the 24-hour PM2.5 of all sites of the region; of site_days only valid ones (at "
    "least 75 % of observations). No weighting by population or area; sites are not spread evenly, and a region has as "
    "many sites as the column sites says."
)

FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
"""Characters that make a spreadsheet take a text for a formula."""


def region_means(table: str, rows: pd.DataFrame, *, by: Region) -> pd.DataFrame:
    """Mean, lowest and highest PM2.5 (µg/m³) of the sites of each region, by METHOD; one row per region and day.

    ``table`` is one of AREA_MEANS. Columns: region, region_name, the table's days, sites, pm25_mean_ugm3,
    pm25_min_ugm3, pm25_max_ugm3. Sites outside every statistical area are left out for ``cbsa``.
    """
    if table == "site_days":
        rows = rows[rows["is_valid"]]
    region = rows["site_id"].map({site: _region(site, by) for site in rows["site_id"].unique()})
    groups = rows.assign(region=region).dropna(subset=["region"]).groupby(["region", *AREA_MEANS[table]])["pm25_ugm3"]
    means = groups.agg(sites="size", pm25_mean_ugm3="mean", pm25_min_ugm3="min", pm25_max_ugm3="max").reset_index()
    means.insert(1, "region_name", means["region"].map(lambda code: _region_name(code, by)))
    return means


def _region(site_id: str, by: Region) -> str | None:
    return site_id[:5] if by == "county" else cbsa_code_of_county(site_id[:2], site_id[2:5])


def _region_name(code: str, by: Region) -> str:
    return county_title(code[:2], code[2:]) if by == "county" else cbsa_names()[code]


def written(rows: pd.DataFrame, form: Form) -> bytes:
    """The rows as a file. GeoJSON needs the columns latitude and longitude (degrees).

    CSV is UTF-8 with dates as ``2026-11-28``, moments as ``2026-11-28T17:00:00Z``, nothing for null, and texts that a
    spreadsheet would take for a formula behind an apostrophe.
    """
    if form == "parquet":
        buffer = io.BytesIO()
        rows.to_parquet(buffer, index=False)
        return buffer.getvalue()
    plain = _with_texts_of_moments(rows)
    if form == "csv":
        return plain.apply(_without_formulas).to_csv(index=False, lineterminator="\r\n").encode()
    return (json.dumps(_features(plain), ensure_ascii=False, allow_nan=False, default=_number) + "\n").encode()


def _with_texts_of_moments(rows: pd.DataFrame) -> pd.DataFrame:
    shown = rows.copy()
    for name in rows.select_dtypes(["datetime", "datetimetz"]).columns:
        moments = rows[name]
        is_day = (moments.dropna().dt.normalize() == moments.dropna()).all()
        texts = moments.dt.strftime("%Y-%m-%d" if is_day else "%Y-%m-%dT%H:%M:%SZ")
        shown[name] = texts.where(moments.notna(), None)
    return shown


def _without_formulas(column: pd.Series) -> pd.Series:
    if not pd.api.types.is_object_dtype(column) and not pd.api.types.is_string_dtype(column):
        return column
    return column.map(lambda text: f"'{text}" if isinstance(text, str) and text.startswith(FORMULA_STARTS) else text)


def _features(rows: pd.DataFrame) -> dict[str, Any]:
    features = []
    for row in records(rows):
        known = {name: None if pd.isna(value) else value for name, value in row.items()}
        point = [known.pop("longitude"), known.pop("latitude")]
        geometry = None if None in point else {"type": "Point", "coordinates": point}
        features.append({"type": "Feature", "geometry": geometry, "properties": known})
    return {"type": "FeatureCollection", "features": features}


def _number(value: Any) -> Any:
    """Numpy's numbers, as JSON's."""
    return value.item()


def columns_of(table: str, rows: pd.DataFrame) -> list[dict[str, str]]:
    """Name, type and meaning of the columns of an export."""
    known = TABLES[table].schema.columns
    made = {
        "region": "Code of the county (state and county) or of the statistical area",
        "region_name": "Name of the region",
        "sites": "Sites that the mean is of",
        "pm25_mean_ugm3": "Mean of the sites' 24-hour PM2.5, µg/m³",
        "pm25_min_ugm3": "Lowest of them, µg/m³",
        "pm25_max_ugm3": "Highest of them, µg/m³",
        "latitude": "Latitude of the site, degrees north",
        "longitude": "Longitude of the site, degrees east",
    }
    return [
        {
            "name": str(name),
            "type": str(rows[name].dtype),
            "meaning": str(known[name].description) if name in known else made[name],
        }
        for name in rows.columns
    ]
