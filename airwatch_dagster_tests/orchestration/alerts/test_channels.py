"""How a message leaves, through a real local webhook and a real local mail server, and what its text may not hold."""

import logging
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.alerts import channels
from airwatch_dagster.orchestration.alerts.channels import Sent, post_to_webhook, send, undelivered
from airwatch_dagster.orchestration.alerts.messages import Message, one_line, plain
from airwatch_dagster.orchestration.alerts.settings import AlertSettings
from airwatch_dagster_tests.alert_receivers import Received, mail_receiver, slack_receiver
from airwatch_dagster_tests.tls_servers import Authority

pytestmark = pytest.mark.usefixtures("no_channel")

MESSAGE: Final = Message("AirWatch: raw_readings failed", ("What: EPA AQS: answered 503",), {"kind": "incident_opened"})
LOG: Final = logging.getLogger("test")


def sent(message: Message = MESSAGE) -> Sent:
    return send(message, settings=AlertSettings.from_environment(), log=LOG)


def test_a_webhook_gets_the_text_and_what_programs_need(webhook: Received) -> None:
    assert sent() == Sent(("webhook",))

    assert webhook.posts == [
        {
            "text": "AirWatch: raw_readings failed\nWhat: EPA AQS: answered 503",
            "source": "airwatch",
            "kind": "incident_opened",
        }
    ]


def test_mail_reaches_every_recipient_with_its_subject(mail_server: Received) -> None:
    assert sent().has_arrived

    [mail] = mail_server.mails
    assert mail["To"] == "duty@example.org, second@example.org"
    assert mail["Subject"] == "AirWatch: raw_readings failed"
    assert "What: EPA AQS: answered 503" in mail.get_payload()


def test_slack_takes_a_message_whose_text_has_its_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    with slack_receiver() as slack:
        monkeypatch.setenv("AIRWATCH_ALERT_WEBHOOK_URL", f"http://127.0.0.1:{slack.port}/services/T0/B0/secret")
        done = sent(Message("AirWatch: <!here> PM2.5 > 35.4 at A & B", data={"kind": "test"}))

    assert done == Sent(("webhook",))
    assert [post["text"] for post in slack.posts] == ["AirWatch: &lt;!here&gt; PM2.5 &gt; 35.4 at A &amp; B"]


@pytest.fixture
def private_mail_server(tmp_path: Path, mail_server: Received, monkeypatch: pytest.MonkeyPatch) -> Iterator[Received]:
    """Takes mail after STARTTLS with a certificate that the system trusts, and after the login of ``air``."""
    authority = Authority(tmp_path)
    with mail_receiver(authority.certificate("trusted"), ("air", "s3cret word")) as received:
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.bundle))
        monkeypatch.setenv("AIRWATCH_SMTP_HOST", "localhost")
        monkeypatch.setenv("AIRWATCH_SMTP_PORT", str(received.port))
        monkeypatch.setenv("AIRWATCH_SMTP_STARTTLS", "true")
        monkeypatch.setenv("AIRWATCH_SMTP_USER", "air")
        monkeypatch.setenv("AIRWATCH_SMTP_PASSWORD", "s3cret word")
        yield received


def test_mail_is_encrypted_and_sent_under_the_login(private_mail_server: Received) -> None:
    assert sent() == Sent(("e-mail",))

    assert [mail["Subject"] for mail in private_mail_server.mails] == ["AirWatch: raw_readings failed"]


def test_a_login_that_is_refused_is_named_without_the_password(
    private_mail_server: Received, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRWATCH_SMTP_PASSWORD", "wr0ng word")

    done = sent()

    assert private_mail_server.mails == []
    text = str(undelivered([*done.failures.values()]))
    assert "did not take the alert" in text
    assert "535" in text
    assert "wr0ng word" not in text


def test_mail_is_not_sent_in_the_clear_to_a_server_that_wants_encryption(
    private_mail_server: Received, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRWATCH_SMTP_STARTTLS", "false")
    monkeypatch.delenv("AIRWATCH_SMTP_USER")

    assert not sent().has_arrived
    assert private_mail_server.mails == []


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_webhook_that_redirects_is_not_followed(status: int, webhook: Received) -> None:
    webhook.statuses = [status]

    with pytest.raises(ConfigurationError, match=rf"^AIRWATCH_ALERT_WEBHOOK_URL: redirects \(response {status}\)"):
        post_to_webhook(MESSAGE, settings=AlertSettings.from_environment())

    assert len(webhook.posts) == 1, "it was sent to nobody else"


def test_a_channel_that_refuses_is_named_without_its_address_and_the_other_still_delivers(
    webhook: Received, mail_server: Received
) -> None:
    webhook.statuses = [404]

    done = sent()

    assert done.taken_by == ("e-mail",)
    assert "alert webhook refused the alert (response 404)" in str(undelivered([*done.failures.values()]))
    assert "T0-secret-part" not in str(undelivered([*done.failures.values()]))
    assert len(mail_server.mails) == 1


def test_the_post_to_a_busy_webhook_is_repeated(webhook: Received) -> None:
    webhook.statuses = [503]

    assert sent().has_arrived
    assert len(webhook.posts) == 2


def test_a_webhook_that_does_not_answer_is_asked_once_and_holds_no_other_channel_up(
    mail_server: Received, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "CHANNEL_TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AIRWATCH_ALERT_WEBHOOK_URL", f"http://127.0.0.1:{silent.getsockname()[1]}/hook")
        done = sent()
        silent.settimeout(0.1)
        silent.accept()[0].close()
        with pytest.raises(TimeoutError):
            silent.accept()

    assert (done.taken_by, [*done.failures]) == (("e-mail",), ["webhook"])
    assert len(mail_server.mails) == 1


def test_a_message_that_no_channel_takes_has_not_arrived(
    mail_server: Received, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AIRWATCH_SMTP_PORT", "1")

    done = sent()

    assert not done.has_arrived
    assert "mail server 127.0.0.1:1 did not take the alert" in str(undelivered([*done.failures.values()]))
    assert "EPA AQS: answered 503" in caplog.text


def test_without_a_channel_the_message_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    assert sent() == Sent(("log",))
    assert "AirWatch: raw_readings failed" in caplog.text


def test_text_from_elsewhere_calls_nobody_and_hides_no_link_in_a_chat() -> None:
    name = "<!here> @channel <http://evil.example|EPA> [EPA](http://evil.example) & @Everyone"
    message = Message("AirWatch", (one_line(f"{name}\nsecond line"),), {"name": name})

    assert message.payload["text"].splitlines()[1] == (
        "&lt;!here&gt; @\u200bchannel &lt;http://evil.example|EPA&gt; "
        "[EPA]\u200b(http://evil.example) &amp; @\u200bEveryone second line"
    )
    assert message.payload["name"] == name, "programs get it as it is"
    assert name in message.text, "a mail is plain text"


def test_a_message_shows_no_secret_of_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EPA_AQS_API_KEY", "indigofox42")
    error = "GET https://me:pw@example.org/list?email=me@example.org&key=abc&x=1 with indigofox42"

    assert plain(error) == "GET https://***@example.org/list?email=***&key=***&x=1 with ***"


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        ("botocore.exceptions.ClientError: An error occurred (403)", "An error occurred (403)"),
        ("unexpected error: ValueError: no day", "unexpected error: no day"),
        ("airwatch_dagster.errors.StorageError: s3://bucket/a/b.parquet: is gone", "s3://bucket/a/b.parquet: is gone"),
        ("/srv/air/tables/predictions/2021-07-04.parquet: is damaged", "…/2021-07-04.parquet: is damaged"),
        ("cannot open '/var/lib/air/mlflow.db'", "cannot open '…/mlflow.db'"),
        ("file:///srv/mirror/daily.zip is missing", "…/daily.zip is missing"),
        (
            "https://example.org/a/b/c.zip: 404; 12 days and/or months",
            "https://example.org/a/b/c.zip: 404; 12 days and/or months",
        ),
    ],
)
def test_a_message_names_neither_classes_of_python_nor_folders_of_the_machine(error: str, shown: str) -> None:
    assert plain(error) == shown
