"""No exit shows a secret: one function hides every one that the settings know, and none that is too short to be one."""

import logging
import subprocess
import traceback
from collections.abc import Iterator

import click
import dagster as dg
import pytest
import sqlalchemy.exc
from click.testing import CliRunner

from airwatch_dagster.cli.group import AirWatchCommands
from airwatch_dagster.errors import AirWatchError
from airwatch_dagster.orchestration.alerts.messages import one_line
from airwatch_dagster.orchestration.configuration import redaction as of_settings
from airwatch_dagster.orchestration.configuration.environment import MASKED_SETTINGS
from airwatch_dagster.orchestration.configuration.redaction import (
    hide_secrets_in_logs,
    redacted_metadata,
    secrets_hidden,
)
from airwatch_dagster.orchestration.configuration.settings import settings_reference
from airwatch_dagster.redaction import redact_error, redacted

SECRETS = [*(one.name for one in settings_reference() if one.is_secret), *MASKED_SETTINGS]
SECRET = "pä/ss+wörd 7"


@pytest.mark.parametrize("name", SECRETS)
def test_every_secret_of_the_settings_is_hidden(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, SECRET)

    assert of_settings.redacted(f"refused {SECRET} there") == "refused *** there"


@pytest.mark.parametrize(
    "written",
    [
        *(SECRET, SECRET.upper(), "p%C3%A4/ss%2Bw%C3%B6rd%207", "p%C3%A4%2Fss%2Bw%C3%B6rd+7"),
        *("p\\u00e4/ss+w\\u00f6rd 7", "p%C3%A4/ss+w%C3%B6rd%207", r"p\xc3\xa4/ss+w\xc3\xb6rd 7"),
    ],
)
def test_a_secret_is_hidden_however_it_is_written(written: str) -> None:
    assert redacted(f"<{written}>", [SECRET]) == "<***>"


@pytest.mark.parametrize("written", [".*(a)\"b'[1]$^\\\\", ".*(a)\\\"b'[1]$^\\\\\\\\", ".*(a)&quot;b&#x27;[1]$^\\\\"])
def test_characters_of_patterns_quotes_and_markup_are_characters(written: str) -> None:
    assert redacted(f"<{written}>", [".*(a)\"b'[1]$^\\\\"]) == "<***>"


def test_a_value_shorter_than_8_is_left_as_it_occurs_within_words() -> None:
    assert redacted("the database refused admin1", ["a", "data", "admin1"]) == "the database refused admin1"
    assert redacted("12345678", ["12345678"]) == "***"


def test_a_secret_within_another_leaves_nothing_of_the_longer_one() -> None:
    assert redacted("token-12345-rest", ["token-12345", "token-12345-rest"]) == "***"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("GET https://me:pw@host/x", "GET https://***@host/x"),
        ("GET https://me:p@ss@host/x?mail=a@b", "GET https://***@host/x?mail=a@b"),
        ("postgresql+psycopg2://airwatch:p%40ss@db:5432/x", "postgresql+psycopg2://***@db:5432/x"),
        (
            "https://b.s3.amazonaws.com/k?X-Amz-Credential=AK%2F1&X-Amz-Date=2021&X-Amz-Signature=abc&X-Amz-Security-Token=t",
            "https://b.s3.amazonaws.com/k?X-Amz-Credential=***&X-Amz-Date=2021&X-Amz-Signature=***&X-Amz-Security-Token=***",
        ),
        ("k?AWSAccessKeyId=A&Signature=b%3D&Expires=1", "k?AWSAccessKeyId=***&Signature=***&Expires=1"),
        ("?email=a@b.c&key=1&param=88101", "?email=***&key=***&param=88101"),
        ("{'Authorization': 'Bearer abc.def'}", "{'Authorization': '***'}"),
        ("Authorization: Basic YWJj next", "Authorization: *** next"),
        ("Proxy-Authorization: Basic YWJj", "Proxy-Authorization: ***"),
        ("42 rows of https://aqs.epa.gov/aqsweb/airdata/file_list.csv", None),
        ("mail duty@example.org about monitors: 8 of 9", None),
    ],
)
def test_credentials_of_addresses_and_headers_are_hidden_whatever_they_are(text: str, shown: str | None) -> None:
    assert redacted(text, []) == (shown or text)


def test_the_path_of_a_webhook_and_the_password_of_an_address_are_secrets_by_themselves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AIRWATCH_ALERT_WEBHOOK_URL", "https://hooks.example.org/services/T1/B2/x3")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://me:s%2Ccret-7@host/mlflow")

    shown = of_settings.redacted('"POST /services/T1/B2/x3 HTTP/1.1" 404; s,cret-7; s%2Ccret-7')

    assert shown == '"POST *** HTTP/1.1" 404; ***; ***'


def test_the_query_of_a_webhook_is_a_secret_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRWATCH_ALERT_WEBHOOK_URL", "https://hooks.example.org/run?code=x3y4z5")

    assert (
        of_settings.redacted('"POST /run?code=x3y4z5 HTTP/1.1" 404 of code=x3y4z5') == '"POST *** HTTP/1.1" 404 of ***'
    )


class OfAttributes(Exception):
    """Makes its text of what it keeps."""

    def __init__(self, command: list[str]) -> None:
        self.command = command

    def __str__(self) -> str:
        return f"failed: {self.command}"


class Unchangeable(Exception):
    """Lets nobody change its text, as pydantic's errors do."""

    def __str__(self) -> str:
        return f"invalid {SECRET}"


def with_a_note() -> Exception:
    error = ValueError("wrong")
    error.add_note(f"sent {SECRET}")
    return error


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError(2, "no such file", f"/keys/{SECRET}"),
        UnicodeDecodeError("utf-8", b"x", 0, 1, f"within {SECRET}"),
        subprocess.CalledProcessError(1, ["psql", SECRET]),
        sqlalchemy.exc.OperationalError("SELECT ?", {"password": SECRET}, Exception(f"refused {SECRET}")),
        OfAttributes(["login", SECRET]),
        Unchangeable(),
        ExceptionGroup(f"two of {SECRET}", [ValueError(SECRET), Unchangeable()]),
        with_a_note(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_no_type_of_error_shows_a_secret_in_its_traceback(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)

    with pytest.raises(RuntimeError) as caught, secrets_hidden():
        raise RuntimeError("on top") from error

    shown = "".join(traceback.format_exception(caught.value))
    assert "***" in shown
    assert SECRET not in shown


def test_an_error_that_cannot_be_changed_is_replaced_by_one_that_says_its_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)

    with pytest.raises(RuntimeError, match=r"^Unchangeable: invalid \*\*\*$") as caught, secrets_hidden():
        raise Unchangeable

    assert caught.value.__cause__ is None


def test_an_error_keeps_its_type_and_loses_the_secret_with_all_its_causes() -> None:
    error, cause = AirWatchError("mail", f"refused {SECRET}", fix="Check it"), KeyError(f"{SECRET} is unknown")
    error.__cause__, cause.__context__ = cause, error

    redact_error(error, [SECRET])

    assert str(error) == "mail: refused ***. Check it. Retrying will not help."
    assert repr(cause) == "KeyError('*** is unknown')"


@pytest.fixture
def logs(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Logs of a process that hides secrets in them; the test's own process does not, afterwards."""
    before = logging.getLogRecordFactory()
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    hide_secrets_in_logs.cache_clear()
    hide_secrets_in_logs()
    yield caplog
    logging.setLogRecordFactory(before)
    hide_secrets_in_logs.cache_clear()


def test_no_log_line_of_any_library_shows_a_secret(logs: pytest.LogCaptureFixture) -> None:
    logging.getLogger("botocore").warning("signing with %s and %r", SECRET, {"key": SECRET})
    logging.getLogger("other").error("failed", exc_info=ValueError(f"no {SECRET}"))

    assert "signing with *** and {'key': '***'}" in logs.text
    assert "ValueError: no ***" in logs.text
    assert SECRET not in logs.text


def test_a_line_without_a_secret_and_one_that_does_not_fit_stay_as_they_are(logs: pytest.LogCaptureFixture) -> None:
    logging.getLogger("other").warning("%s of %s", 1, 2)

    assert [(record.msg, record.args) for record in logs.records] == [("%s of %s", (1, 2))]


def test_a_run_that_fails_with_a_secret_has_none_in_its_event_log(logs: pytest.LogCaptureFixture) -> None:
    @dg.asset
    def leaking(context: dg.AssetExecutionContext) -> None:
        with secrets_hidden():
            context.log.info("logged in with %s", SECRET)
            raise RuntimeError(f"server refused {SECRET}")

    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize([leaking], instance=instance, raise_on_error=False)
        records = instance.all_logs(result.run_id)

    stored = "".join(str(record) for record in records) + "".join(record.to_json() for record in records)
    assert "server refused ***" in stored
    assert "logged in with ***" in stored
    assert SECRET not in stored
    assert SECRET not in logs.text


def test_metadata_show_no_secret_and_other_values_are_untouched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", SECRET)
    texts = {
        "text": SECRET,
        "markdown": dg.MetadataValue.md(f"[x]({SECRET})"),
        "url": dg.MetadataValue.url(f"https://host/{SECRET}"),
        "path": dg.MetadataValue.path(SECRET),
        "typed": dg.MetadataValue.text(SECRET),
    }

    shown = redacted_metadata({**texts, "number": 7})

    assert SECRET not in str(shown)
    assert shown["number"] == 7
    assert shown["markdown"] == dg.MetadataValue.md("[x](***)")


def test_an_alert_shows_no_secret_and_a_short_value_is_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_PG_PASSWORD", SECRET)
    monkeypatch.setenv("PGPASSWORD", "error")

    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "two  blanks")

    assert one_line(f"an error\nwith {SECRET} and two  blanks") == "an error with *** and ***"


@pytest.mark.parametrize("error", [AirWatchError("mail", f"refused {SECRET}", fix="Check"), OSError(f"no {SECRET}")])
def test_a_command_prints_no_secret(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRWATCH_SMTP_PASSWORD", SECRET)

    @click.group(cls=AirWatchCommands)
    def commands() -> None:
        """A group."""

    @commands.command()
    def fail() -> None:
        raise error

    done = CliRunner().invoke(commands, ["fail"])

    assert "***" in f"{done.output}{done.exception}"
    assert SECRET not in f"{done.output}{done.exception!r}"
