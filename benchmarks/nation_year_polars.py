"""A year of the nation by hand, in Polars and plain NumPy: zip → readings → site-days → features, in daily files.

    python -m benchmarks.nation_year_polars AIRDATA YEAR FOLDER

The peer of ``nation_year``: the rules of the tables and all columns of the features, for the files as EPA publishes
them. It leaves out what a pipeline does around them: versions of readings, lines that cannot be read, other layouts,
positions, schemas, and sums that have the same bits whatever is computed together.
"""

import sys
import zipfile
from importlib.resources import files
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from benchmarks.nation_year_around import advection, maps, neighbours

KEY: Final = ["state_code", "county_code", "site_number", "poc", "date_local"]
TEXTS: Final = {
    "State Code": "state_code",
    "County Code": "county_code",
    "Site Num": "site_number",
    "Parameter Code": "parameter_code",
    "Sample Duration": "sample_duration",
    "Pollutant Standard": "pollutant_standard",
    "Event Type": "event_type",
    "Units of Measure": "units_of_measure",
    "Method Code": "method_code",
    "Datum": "datum",
}
NUMBERS: Final = {
    "POC": ("poc", pl.Int64),
    "Observation Count": ("observation_count", pl.Int64),
    "Observation Percent": ("observation_percent", pl.Float64),
    "Arithmetic Mean": ("arithmetic_mean", pl.Float64),
    "1st Max Value": ("first_max_value", pl.Float64),
    "1st Max Hour": ("first_max_hour", pl.Float64),
    "AQI": ("aqi", pl.Float64),
    "Latitude": ("latitude", pl.Float64),
    "Longitude": ("longitude", pl.Float64),
}
DAYS: Final = {"Date Local": "date_local", "Date of Last Change": "date_of_last_change"}
SITE_DAY: Final = ["site_id", "date_local"]
AQI: Final = ((90, 0, 0, 50), (354, 91, 51, 100), (554, 355, 101, 150), (1254, 555, 151, 200), (2254, 1255, 201, 300))


def main(airdata: str, year: str, folder: str) -> None:
    readings = read(Path(airdata) / f"daily_88101_{year}.zip")
    write(readings, "date_local", Path(folder) / "raw_readings")
    monitors = primaries(Path(airdata) / "aqs_monitors.zip")
    days = site_days(readings, monitors)
    write(days, "date_local", Path(folder) / "site_days")
    write(features(days, int(year)), "issue_date", Path(folder) / "features")


def table(path: Path, types: dict[str, type[pl.DataType]]) -> pl.DataFrame:
    with zipfile.ZipFile(path) as packed:
        text = packed.read(packed.namelist()[0])
    return pl.read_csv(text, columns=list(types), schema_overrides=types, null_values="")


def write(rows: pl.DataFrame, day: str, folder: Path) -> None:
    folder.mkdir(parents=True)
    for (key,), part in rows.partition_by(day, as_dict=True).items():
        part.write_parquet(folder / f"{key:%Y-%m-%d}.parquet", compression="snappy")


def read(path: Path) -> pl.DataFrame:
    """The readings, one row a key."""
    names = {**TEXTS, **{name: new for name, (new, _) in NUMBERS.items()}, **DAYS}
    types = {**dict.fromkeys((*TEXTS, *DAYS), pl.String), **{name: kind for name, (_, kind) in NUMBERS.items()}}
    counties = pl.read_csv(str(files("airwatch_dagster.acquire") / "county_cbsas.csv"), infer_schema=False)
    rows = table(path, types).rename(names).with_columns(pl.col(*DAYS.values()).str.to_date())
    key = [*KEY, "parameter_code", "sample_duration", "pollutant_standard", "event_type"]
    if rows.select(key).is_duplicated().any():
        raise ValueError(f"{path.name} repeats a key")
    return (
        rows.join(counties.drop("delineation"), on=["state_code", "county_code"], how="left")
        .with_columns(validity_indicator=pl.lit(None, pl.String), source=pl.lit("airdata"))
        .sort(key)
    )


def primaries(path: Path) -> pl.DataFrame:
    """Primary monitors: site_id, poc, opened."""
    code = {"State Code": pl.String, "County Code": pl.String, "Site Number": pl.String, "Parameter Code": pl.String}
    rows = table(path, {**code, "POC": pl.Int64, "First Year of Data": pl.String, "NAAQS Primary Monitor": pl.String})
    return rows.filter((pl.col("Parameter Code") == "88101") & (pl.col("NAAQS Primary Monitor") == "Y")).select(
        site_id=pl.concat_str("State Code", "County Code", "Site Number"),
        poc="POC",
        opened=pl.date(pl.col("First Year of Data").cast(pl.Float64, strict=False).cast(pl.Int32), 1, 1).fill_null(
            pl.date(1900, 1, 1)
        ),
    )


def monitor_days(readings: pl.DataFrame) -> pl.DataFrame:
    """One row per monitor and day: the best duration, event and standard."""
    standard, event = pl.col("pollutant_standard"), pl.col("event_type").fill_null("None")
    kinds = {"Events Included": 0, "Included": 0, "No Events": 1, "None": 1}
    rows = readings.filter(
        pl.col("sample_duration").is_in(["24 HOUR", "24-HR BLK AVG"]),
        event.is_in(list(kinds)),
        pl.col("arithmetic_mean").is_not_null(),
        ~standard.str.contains("(?i)annual").fill_null(False),
    ).with_columns(
        duration_rank=(pl.col("sample_duration") != "24 HOUR").cast(pl.Int8),
        event_rank=event.replace_strict(kinds, return_dtype=pl.Int8),
        year=standard.str.extract(r"(\d{4})\s*$").cast(pl.Int32),
    )
    value = pl.col("arithmetic_mean")
    spread = rows.group_by([*KEY, "duration_rank", "event_rank"]).agg(spread=value.max() - value.min())
    if (spread["spread"] > 0).any():
        raise ValueError("24-hour standards disagree")
    newest = pl.col("year").max().over(KEY)
    return (
        rows.filter((pl.col("year") == newest) | newest.is_null())
        .sort([*KEY, "duration_rank", "event_rank", "year"], nulls_last=True)
        .unique(KEY, keep="first", maintain_order=True)
        .with_columns(
            site_id=pl.concat_str("state_code", "county_code", "site_number"),
            is_valid=(pl.col("validity_indicator").fill_null("Y") == "Y")
            & (pl.col("observation_percent").fill_null(100.0) >= 75.0),
        )
    )


def site_days(readings: pl.DataFrame, monitors: pl.DataFrame) -> pl.DataFrame:
    """One value per site and day."""
    corrected = pl.col("method_code").is_in(["736", "738"]).fill_null(False) & (pl.col("poc") > 20)
    days = monitor_days(readings).with_columns(
        is_restated=corrected, designated_poc=pl.col("poc") - pl.when(corrected).then(20).otherwise(0)
    )
    originals = days.filter("is_restated").select(*SITE_DAY, poc="designated_poc", is_replaced=True)
    listed = monitors.select("site_id", "poc", is_listed=True)
    opened = monitors.group_by("site_id").agg(pl.col("opened").min())
    days = (
        days.join(originals, on=[*SITE_DAY, "poc"], how="left")
        .filter(~(pl.col("is_replaced").fill_null(False) & pl.col("method_code").is_in(["236", "238"])))
        .join(listed.unique(), on=["site_id", "poc"], how="left")
        .join(
            listed.unique().rename({"poc": "designated_poc", "is_listed": "is_listed_original"}),
            on=["site_id", "designated_poc"],
            how="left",
        )
        .join(opened, on="site_id", how="left")
        .with_columns(
            is_primary=pl.col("is_listed").fill_null(False) | pl.col("is_listed_original").fill_null(False),
            is_designated=(pl.col("opened") <= pl.col("date_local")).fill_null(False),
            monitor_count=pl.len().over(SITE_DAY),
        )
        .filter(pl.col("is_valid") | ~pl.col("is_valid").any().over(SITE_DAY))
        .filter(pl.col("is_primary") | ~pl.col("is_primary").any().over(SITE_DAY))
        .sort([*SITE_DAY, "poc"])
    )
    rule = (
        pl.when("is_primary")
        .then(pl.lit("primary_monitor"))
        .when("is_designated")
        .then(pl.lit("collocated_average"))
        .when(pl.col("monitor_count") == 1)
        .then(pl.lit("sole_monitor"))
        .otherwise(pl.lit("undesignated_average"))
    )
    method = pl.col("method_code")
    return (
        days.with_columns(chosen_by=rule)
        .group_by(SITE_DAY, maintain_order=True)
        .agg(
            pl.col("arithmetic_mean").mean().alias("pm25_ugm3"),
            pl.col("is_valid").first(),
            pl.lit(False).alias("is_provisional"),
            pl.col("chosen_by", "parameter_code").first(),
            pl.len().cast(pl.Int64).alias("monitor_count"),
            pl.col("is_restated").any(),
            pl.when(method.n_unique() == 1).then(method.first()),
            pl.col("latitude", "longitude", "cbsa_code", "state_code").first(),
        )
        .with_columns(aqi=aqi(pl.col("pm25_ugm3")))
    )


def aqi(pm25: pl.Expr) -> pl.Expr:
    """US AQI by the breakpoints of 2024, in whole numbers."""
    tenths = (pm25.clip(0.0) * 10.0).round(6).floor().cast(pl.Int64)

    def on_segment(low: int, high: int, index_low: int, index_high: int) -> pl.Expr:
        span = high - low
        return index_low + (2 * (index_high - index_low) * (tenths - low) + span) // (2 * span)

    found = on_segment(2255, 3254, 301, 500)
    for high, low, index_low, index_high in reversed(AQI):
        found = pl.when(tenths <= high).then(on_segment(low, high, index_low, index_high)).otherwise(found)
    return found


def features(days: pl.DataFrame, year: int) -> pl.DataFrame:
    """Features of the year's days, for sites that stay at one place."""
    valid = days.filter(pl.col("is_valid") & pl.col("pm25_ugm3").is_not_null())
    first, last = pl.date(year - 1, 12, 4), pl.date(year, 12, 31)
    dates = pl.select(date_local=pl.date_range(first, last))
    sites = valid.group_by("site_id").agg(pl.col("latitude", "longitude").first()).sort("site_id")
    grid = sites.join(dates, how="cross").join(valid.drop("latitude", "longitude"), on=SITE_DAY, how="left")
    grid = grid.sort(SITE_DAY)
    value, carried = pl.col("pm25_ugm3"), ("method_code", "cbsa_code", "state_code")
    seen = pl.when(value.is_not_null())

    def of_window(expression: pl.Expr) -> pl.Expr:
        return expression.over("site_id")

    own = {f"pm25_lag_{lag}d_ugm3": of_window(value.shift(lag)) for lag in range(7)}
    own |= {f"pm25_mean_{days}d_ugm3": of_window(value.rolling_mean(days, min_samples=1)) for days in (3, 7, 14, 28)}
    for span in (7, 28):
        own[f"pm25_std_{span}d_ugm3"] = of_window(value.rolling_std(span, min_samples=1, ddof=0))
        own[f"pm25_max_{span}d_ugm3"] = of_window(value.rolling_max(span, min_samples=1))
        counted = value.is_not_null().cast(pl.Int64).rolling_sum(span, min_samples=1)
        own[f"observed_days_{span}d"] = of_window(counted)
    newest = of_window(seen.then(pl.struct(*carried)).forward_fill(27))
    angle = 2.0 * np.pi * pl.col("date_local").dt.ordinal_day() / 365.25
    log = (value.clip(0.0) + 3.0).log()
    table = grid.with_columns(
        **own,
        newest=newest,
        pm25_last_ugm3=of_window(value.forward_fill(27)),
        days_since_observed=(
            pl.col("date_local") - of_window(seen.then(pl.col("date_local")).forward_fill(27))
        ).dt.total_days(),
        season_sin=angle.sin(),
        season_cos=angle.cos(),
        weekday=pl.col("date_local").dt.weekday().cast(pl.Int64) - 1,
        anomaly=(log - of_window(log.rolling_mean(28, min_samples=1))).clip(-1.5, 2.0),
    )

    def matrix(name: str) -> np.ndarray:
        return table[name].to_numpy().reshape(len(sites), len(dates)).T

    places = np.radians(sites["latitude"].to_numpy()), np.radians(sites["longitude"].to_numpy())
    around = dict(neighbours(matrix("pm25_ugm3"), matrix("pm25_mean_28d_ugm3"), *places))
    around |= dict(maps(matrix("anomaly"), *places)) | advection(matrix("anomaly"), *places)
    whole = ("days_since_observed", "observed_days_7d", "observed_days_28d", "weekday", "latitude", "longitude")
    added = [pl.Series(name, found.T.ravel()).fill_nan(None) for name, found in around.items()]
    return (
        table.with_columns(*added)
        .filter(pl.col("pm25_last_ugm3").is_not_null() & (pl.col("date_local") >= pl.date(year, 1, 1)))
        .drop(*carried, *[name for name in days.columns if name not in (*SITE_DAY, "latitude", "longitude", *carried)])
        .drop("anomaly")
        .unnest("newest")
        .with_columns(pl.selectors.float().exclude(whole).cast(pl.Float32))
        .rename({"date_local": "issue_date"})
        .sort("issue_date", "site_id")
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
