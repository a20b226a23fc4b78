"""Bad input and wrong settings through the command line: one clear sentence, and what was stored stays."""

import socket
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from click.testing import Result

from airwatch_dagster_tests.installations import AirDataMirror, Installation
from airwatch_dagster_tests.s3_servers import S3Server

DAYS = ("2021-05-01", "2021-05-03")
WILL_NOT, MAY = "Retrying will not help.", "Retrying may help."


@pytest.fixture(scope="module")
def fed(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Three days of readings from a sound mirror."""
    folder = tmp_path_factory.mktemp("fed")
    mirror = AirDataMirror(folder / "mirror")
    installation = Installation.at(
        folder / "airwatch",
        AIRWATCH_SOURCE="airdata",
        AIRWATCH_AIRDATA_URL=mirror.url,
        AIRWATCH_CONTEXT_KM="0",
        AIRWATCH_PARAMETERS="88101",
    )
    installation.run("backfill", *DAYS, "--tables", "raw_readings")
    return installation


def error_of(result: Result) -> str:
    """The one sentence a failed command ends with; nothing else may look like an error."""
    assert result.exit_code == 1, result.output
    lines = result.output.splitlines()
    assert [number for number, line in enumerate(lines) if line.startswith("Error: ")] == [len(lines) - 1]
    assert "Traceback" not in result.output
    return lines[-1].removeprefix("Error: ")


def truncate(mirror: AirDataMirror) -> None:
    mirror.daily.write_bytes(mirror.daily.read_bytes()[:-1000])


def damage(mirror: AirDataMirror) -> None:
    content = bytearray(mirror.daily.read_bytes())
    content[5000:5100] = bytes(100)
    mirror.daily.write_bytes(bytes(content))


def replace_by_a_web_page(mirror: AirDataMirror) -> None:
    mirror.daily.write_text("<!DOCTYPE html><html><body>Down for maintenance</body></html>")


def drop_a_column(mirror: AirDataMirror) -> None:
    mirror.edit_daily(lambda table: table.drop(columns="Arithmetic Mean"))


def in_line(number: int, column: str, value: str) -> Callable[[AirDataMirror], None]:
    """A mirror whose daily file has ``value`` in one place; line 1 is the header."""

    def change(table: pd.DataFrame) -> pd.DataFrame:
        table.loc[number - 2, column] = value
        return table

    return lambda mirror: mirror.edit_daily(change)


BROKEN_FILES = {
    "truncated zip": (truncate, ["the zip is damaged (File is not a zip file)", "Download it again", MAY]),
    "damaged zip": (damage, ["the zip is damaged", "Download it again", MAY]),
    "web page": (
        replace_by_a_web_page,
        ["a web page came instead of the zip", "Try again later; if it lasts, check AIR", MAY],
    ),
    "missing column": (drop_a_column, ["has no column Arithmetic Mean", WILL_NOT]),
}


@pytest.mark.slow
@pytest.mark.parametrize(("break_it", "message"), BROKEN_FILES.values(), ids=BROKEN_FILES)
def test_a_broken_file_is_explained_and_the_stored_days_stay(
    fed: Installation, tmp_path: Path, break_it: Callable[[AirDataMirror], None], message: list[str]
) -> None:
    mirror, before = AirDataMirror(tmp_path / "mirror"), fed.fingerprints()
    break_it(mirror)

    error = error_of(fed.with_settings(AIRWATCH_AIRDATA_URL=mirror.url).airwatch("backfill", *DAYS, "--refresh"))

    assert error.startswith("raw_readings failed: ")
    assert AirDataMirror.DAILY in error
    assert [part for part in message if part not in error] == []
    assert fed.fingerprints() == before


@pytest.mark.slow
def test_a_broken_line_costs_itself_and_is_shown(fed: Installation, tmp_path: Path) -> None:
    mirror = AirDataMirror(tmp_path / "mirror")
    in_line(5, "Date Local", "2021-13-04")(mirror)
    reader = Installation.at(
        tmp_path / "airwatch",
        AIRWATCH_SOURCE="airdata",
        AIRWATCH_AIRDATA_URL=mirror.url,
        AIRWATCH_CONTEXT_KM="0",
        AIRWATCH_PARAMETERS="88101",
    )

    output = reader.run("backfill", *DAYS, "--tables", "raw_readings")
    later = reader.run("backfill", *DAYS, "--tables", "site_days")

    assert "1 line set aside" in output
    assert "Checks: all passed" in output
    assert "set aside" not in later, "only the lines of this backfill count"
    before, after = (one.tables.read("raw_readings") for one in (fed, reader))
    assert len(before) - 1 <= len(after) <= len(before)
    rejected = reader.tables.read("rejected_lines")
    found = rejected[["line_number", "column_name", "value", "is_repaired"]].to_numpy().tolist()
    assert found == [[5, "Date Local", "2021-13-04", False]]


def test_a_mirror_without_the_year_names_the_years_it_has(fed: Installation) -> None:
    error = error_of(fed.airwatch("backfill", "2020-05-01", "2020-05-03", "--tables", "raw_readings"))

    assert "has no daily PM2.5 file for 2020; years on offer: " in error
    assert error.rpartition(" (Dagster run ")[0].endswith(f"Choose days of those years. {WILL_NOT}")


def test_readings_of_another_kind_are_kept_apart(fed: Installation) -> None:
    before = fed.fingerprints()

    error = error_of(fed.with_settings(AIRWATCH_SOURCE="practice").airwatch("backfill", *DAYS, "--refresh"))

    assert error.startswith("monitors failed: AIRWATCH_STORAGE: ")
    assert "but the source has 'simulated' readings" in error
    assert "Set AIRWATCH_STORAGE to another folder or prefix, or AIRWATCH_SOURCE to the source used so far." in error
    assert fed.fingerprints() == before


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"AIRWATCH_AREA": "cbsa:99999"},
            "AIRWATCH_AREA: '99999' is not a valid cbsa code; AQS does not list it. Write cbsa:16980, state:17",
        ),
        (
            {"AIRWATCH_AREA": "chicago"},
            "AIRWATCH_AREA: 'chicago' is not a valid area. Did you mean cbsa:16980 (Chicago-Naperville-Elgin",
        ),
        (
            {"AIRWATCH_SOURCE": "epa"},
            "AIRWATCH_SOURCE: 'epa' is not a valid source. Use one of practice, airdata, aqs, live",
        ),
        (
            {"AIRWATCH_AQS_INTERVAL_S": "1"},
            "AIRWATCH_AQS_INTERVAL_S: '1' is not an interval EPA allows (at least 6 s). Use a number from 6 ",
        ),
        (
            {"AIRWATCH_CONTEXT_KM": "far"},
            "AIRWATCH_CONTEXT_KM: 'far' is not a valid distance in km. Use a number from 0 to 20000",
        ),
        ({"AIRWATCH_PRACTICE_TODAY": "today"}, "AIRWATCH_PRACTICE_TODAY: 'today' is not a valid day. Use YYYY-MM-DD"),
        ({"AIRWATCH_SOURCE": "aqs"}, "EPA_AQS_EMAIL and EPA_AQS_API_KEY: "),
        (
            {"AIRWATCH_SOURCE": "airdata", "AIRWATCH_AIRDATA_URL": "ftp://x"},
            "AIRWATCH_AIRDATA_URL: 'ftp://x' has the scheme ftp, and not https or http or file",
        ),
    ],
    ids=lambda value: " ".join(value.values()) if isinstance(value, dict) else "",
)
def test_a_wrong_setting_is_named_with_its_value_and_what_to_do(
    tmp_path: Path, settings: dict[str, str], message: str
) -> None:
    installation = Installation.at(tmp_path, **settings)

    error = error_of(installation.airwatch("backfill", *DAYS, "--tables", "raw_readings"))

    assert message in error
    assert installation.fingerprints() == {}


def test_a_wrong_area_is_named_by_the_first_table_that_needs_it(fed: Installation) -> None:
    before = fed.fingerprints()

    error = error_of(fed.with_settings(AIRWATCH_AREA="state:99").airwatch("backfill", *DAYS))

    assert "AIRWATCH_AREA: '99' is not a valid state code" in error
    assert before.items() <= fed.fingerprints().items()


def test_days_in_the_wrong_order_are_refused(fed: Installation) -> None:
    error = error_of(fed.airwatch("backfill", *reversed(DAYS)))

    assert error.startswith("backfill: LAST 2021-05-01 ")
    assert "FIRST 2021-05-03" in error
    assert error.endswith("Give the earlier day first.")


def test_storage_below_a_file_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    installation = Installation.at(tmp_path / "airwatch", AIRWATCH_STORAGE=str(tmp_path / "file" / "tables"))

    error = error_of(installation.airwatch("backfill", *DAYS))

    assert error.startswith(str(tmp_path / "file"))
    assert "a file is in the place of a folder" in error
    assert "AIRWATCH_STORAGE" in error
    assert error.endswith(WILL_NOT)
    assert (tmp_path / "file").read_text() == "in the way"


@pytest.mark.slow
def test_a_bucket_that_does_not_exist_is_named(
    tmp_path: Path, moto_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    moto_server.use(monkeypatch)
    installation = Installation.at(tmp_path, AIRWATCH_STORAGE="s3://no-such-bucket/tables")

    error = error_of(installation.airwatch("backfill", *DAYS))

    assert "no-such-bucket" in error
    assert error.endswith("or name another one in AIRWATCH_STORAGE.")


def test_an_mlflow_server_that_does_not_respond_is_named(fed: Installation) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{probe.getsockname()[1]}"
    before = fed.fingerprints()

    result = fed.with_settings(MLFLOW_TRACKING_URI=address).airwatch("backfill", *DAYS, "--tables", "trained_models")

    error = error_of(result)
    assert error.startswith(
        "trained_models failed: MLFLOW_TRACKING_URI: no MLflow server responds at http://127.0.0.1:"
    )
    assert "Start the server, correct the address, or unset the variable" in error
    assert MAY in error
    assert fed.fingerprints() == before


def test_doctor_says_what_to_mend_for_everything_that_is_wrong(tmp_path: Path) -> None:
    installation = Installation.at(
        tmp_path, AIRWATCH_AREA="cbsa:99999", MLFLOW_TRACKING_URI="http://127.0.0.1:9", AIRWATCH_STORAGE="ftp://x/y"
    )

    result = installation.airwatch("doctor")

    assert result.exit_code == 1
    failed = {line.split(":")[0][6:] for line in result.output.splitlines() if line.startswith("FAIL")}
    assert failed == {
        "area",
        "source",
        "storage",
        "mlflow",
        "memory",
        "readings",
        "sites",
        "writers",
        "stamps",
        "tables",
    }
