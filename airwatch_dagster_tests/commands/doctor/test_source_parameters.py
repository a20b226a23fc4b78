"""Doctor names the files of a parameter that a mirror lacks."""

from pathlib import Path

import pytest

from airwatch_dagster.commands.doctor.findings import Finding
from airwatch_dagster.commands.doctor.source import checks
from airwatch_dagster_tests.acquire.published_samples import mirror


def found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, years: tuple[int, ...], parameters: str) -> list[Finding]:
    """What doctor says of a mirror with 88101 of 2019 to 2021, and 88502 of ``years``."""
    address = mirror(tmp_path / "mirror", daily={year: [{}] for year in (2019, 2020, 2021)}, monitors=[{}])
    with (tmp_path / "mirror" / "file_list.csv").open("a") as listed:
        listed.writelines(f"daily_88502_{year}.zip,1,1000,2021-12-09\n" for year in years)
    monkeypatch.setenv("AIRWATCH_SOURCE", "airdata")
    monkeypatch.setenv("AIRWATCH_AIRDATA_URL", address)
    monkeypatch.setenv("AIRWATCH_PARAMETERS", parameters)
    monkeypatch.setenv("AIRWATCH_STATE", str(tmp_path / "state"))
    (check,) = checks()
    return list(check.find())


def test_a_mirror_without_a_file_of_88502_is_a_warning_with_the_file_and_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, other = found(tmp_path, monkeypatch, years=(), parameters="88101,88502")
    assert (own.level, other.level) == ("ok", "warning")
    assert own.says == "daily values of 2019 to 2021 in 3 files available"
    assert "88502 for 2019, 2020, 2021" in other.says
    assert "daily_88502_2021.zip" in other.says
    assert other.run == "export AIRWATCH_PARAMETERS=88101"


def test_an_archive_of_88502_that_begins_later_is_not_missing_the_years_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(found(tmp_path, monkeypatch, years=(2020, 2021), parameters="88101,88502")) == 1


def test_a_gap_is_named_and_88101_alone_needs_no_other_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, gap = found(tmp_path, monkeypatch, years=(2019, 2021), parameters="88101,88502")
    assert "88502 for 2020" in gap.says
    assert len(found(tmp_path / "again", monkeypatch, years=(), parameters="88101")) == 1
