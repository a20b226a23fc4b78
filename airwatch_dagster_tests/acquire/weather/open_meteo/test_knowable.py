"""No value counts as known before the run that made it can have been published."""

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.acquire.weather.open_meteo.knowable import lead_days, published_at, runs_by
from airwatch_dagster.acquire.weather.open_meteo.models import DEFAULT_MODEL, MODELS, model_named
from airwatch_dagster.errors import ConfigurationError

GFS = MODELS["gfs_global"]
MIDNIGHT = pd.Timestamp("2024-07-05 00:00")


def lead(valid_at: str, by: pd.Timestamp = MIDNIGHT, model: str = "gfs_global") -> int:
    days = lead_days(pd.DatetimeIndex([valid_at]), published_by=by, model=MODELS[model])
    return int(days[0])


def test_the_bound_is_reached_to_the_hour() -> None:
    # GFS: 6 hours between runs and 6 of delay. 24 hours before 12:00 and 12 hours later is midnight.
    assert lead("2024-07-05 12:00") == 1
    assert lead("2024-07-05 13:00") == 2
    assert lead("2024-07-06 12:00") == 2
    assert lead("2024-07-06 13:00") == 3


def test_the_bound_is_reached_to_the_nanosecond() -> None:
    assert lead("2024-07-05 12:00", by=MIDNIGHT) == 1
    assert lead("2024-07-05 12:00", by=MIDNIGHT - pd.Timedelta(1, "ns")) == 2


def test_a_time_that_has_passed_is_still_that_of_a_day_before() -> None:
    assert lead("2024-07-01 00:00") == 1


def test_more_than_seven_days_before_there_is_nothing() -> None:
    assert lead("2024-07-11 12:00") == 7
    assert lead("2024-07-11 13:00") == 0


def test_a_model_that_runs_every_hour_is_known_later_into_the_day() -> None:
    assert lead("2024-07-05 20:00", model="ncep_nbm_conus") == 1
    assert lead("2024-07-05 21:00", model="ncep_nbm_conus") == 2


@pytest.mark.parametrize("model", MODELS.values(), ids=lambda model: model.name)
@pytest.mark.parametrize("unit", ["s", "us", "ns"])
def test_no_value_is_later_than_asked_for_and_one_day_less_would_be(model: object, unit: str) -> None:
    chosen = MODELS[getattr(model, "name", "")]
    valid_at = pd.date_range("2024-07-03", "2024-07-09", freq="h").as_unit(unit)
    for by in pd.date_range("2024-07-04 12:00", "2024-07-05 23:00", freq="97min"):
        days = lead_days(valid_at, published_by=by, model=chosen)
        published = published_at(valid_at, days, chosen)
        assert (days > 0).all()
        assert (published <= by.to_datetime64()).all()
        sooner = published_at(valid_at, days - 1, chosen)[days > 1]
        assert (sooner > by.to_datetime64()).all()
        begun = valid_at.to_numpy("datetime64[ns]") - days * np.timedelta64(24, "h")
        assert (begun + chosen.delay.to_timedelta64() <= by.to_datetime64()).all()


def test_what_is_not_used_has_no_publication() -> None:
    assert np.isnat(published_at(pd.DatetimeIndex(["2024-07-11 13:00"]), np.array([0]), GFS)).all()


def test_a_single_run_counts_from_its_delay_on() -> None:
    by = pd.Timestamp("2026-07-05 00:00")
    far = pd.Timestamp("2026-07-09")
    assert runs_by(by, run_by=far, model=GFS)[:2] == [
        pd.Timestamp("2026-07-04 18:00"),
        pd.Timestamp("2026-07-04 12:00"),
    ]
    assert runs_by(by - pd.Timedelta(1, "ns"), run_by=far, model=GFS)[0] == pd.Timestamp("2026-07-04 12:00")


def test_a_single_run_began_by_the_time_named() -> None:
    by = pd.Timestamp("2026-07-05 00:00")
    assert runs_by(by, run_by=pd.Timestamp("2026-07-04 03:00"), model=GFS)[0] == pd.Timestamp("2026-07-04 00:00")


def test_a_model_whose_runs_are_unknown_is_refused_by_name() -> None:
    assert model_named(DEFAULT_MODEL).name == "gfs_global"
    with pytest.raises(ConfigurationError, match=r"'best_match' is another model from time to time.*gfs_global"):
        model_named("best_match")
    with pytest.raises(ConfigurationError, match="'ecmwf_ifs' is not known here"):
        model_named("ecmwf_ifs")
