"""A certificate that is refused is named with its host and the fix, by every client that may meet it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from airwatch_dagster.acquire.http.session import get
from airwatch_dagster.errors import AirWatchError, ConfigurationError, SourceUnavailable
from airwatch_dagster.orchestration.alerts.channels import post_to_webhook, send_email
from airwatch_dagster.orchestration.alerts.messages import Message
from airwatch_dagster.orchestration.alerts.settings import AlertSettings
from airwatch_dagster.orchestration.registry.tracking_server import require_server
from airwatch_dagster.storage.s3_prefix import S3Prefix
from airwatch_dagster_tests.tls_servers import Authority, https_server, mail_server

pytestmark = pytest.mark.slow

ALERT = Message("AirWatch: raw_readings failed", ("What: an error",))
PROBLEMS = {
    "expired": ("has expired", "Check this machine's clock"),
    "for another host": ("is for another host", "Use the name that the certificate is for"),
    "signed by itself": ("is signed by itself", "set {setting} to a file with the certificate of the authority"),
    "of an unknown authority": ("is (refused|signed by an authority that this machine does not know)", "{setting}"),
}

each_kind = pytest.mark.parametrize("kind", PROBLEMS)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as opened:
        yield opened


@pytest.fixture(autouse=True)
def trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every client trusts the authority."""
    for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "AWS_CA_BUNDLE"):
        monkeypatch.setenv(name, str(authority.bundle))
    monkeypatch.delenv("MLFLOW_TRACKING_SERVER_CERT_PATH", raising=False)


def test_a_certificate_of_a_trusted_authority_is_taken(authority: Authority, session: requests.Session) -> None:
    with https_server(authority.certificate("trusted")) as url:
        assert get(session, url, culprit="list").content == b"ok"


@each_kind
def test_a_source_whose_certificate_is_refused(kind: str, authority: Authority, session: requests.Session) -> None:
    problem, fix = PROBLEMS[kind]
    with (
        https_server(authority.certificate(kind)) as url,
        pytest.raises(SourceUnavailable, match=f"^list: the certificate of localhost {problem}") as caught,
    ):
        get(session, f"{url}?key=sesame-42", culprit="list")

    assert fix.format(setting="REQUESTS_CA_BUNDLE") in caught.value.fix
    assert not caught.value.retry_helps
    assert "sesame" not in str(caught.value)


def test_an_authority_that_nobody_told_this_machine_of(
    authority: Authority, session: requests.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with (
        https_server(authority.certificate("trusted")) as url,
        pytest.raises(SourceUnavailable, match="is signed by an authority that this machine does not know"),
    ):
        get(session, url, culprit="list")


@each_kind
def test_a_webhook_whose_certificate_is_refused(
    kind: str, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem, fix = PROBLEMS[kind]
    with https_server(authority.certificate(kind)) as url:
        monkeypatch.setenv("AIRWATCH_ALERT_WEBHOOK_URL", f"{url}/services/secret")
        with pytest.raises(AirWatchError, match=f"^alert webhook: its certificate {problem}") as caught:
            post_to_webhook(ALERT, settings=AlertSettings.from_environment())

    assert fix.format(setting="REQUESTS_CA_BUNDLE") in caught.value.fix
    assert "secret" not in str(caught.value)


@each_kind
def test_a_mail_server_whose_certificate_is_refused(
    kind: str, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem, fix = PROBLEMS[kind]
    with mail_server(authority.certificate(kind)) as port:
        monkeypatch.setenv("AIRWATCH_SMTP_HOST", "localhost")
        monkeypatch.setenv("AIRWATCH_SMTP_PORT", str(port))
        monkeypatch.setenv("AIRWATCH_ALERT_EMAIL_TO", "duty@example.org")
        with pytest.raises(AirWatchError, match=f"^mail server localhost:{port}: its certificate {problem}") as caught:
            send_email(ALERT, settings=AlertSettings.from_environment())

    assert fix.format(setting="SSL_CERT_FILE") in caught.value.fix


@each_kind
def test_an_s3_server_whose_certificate_is_refused(
    kind: str, authority: Authority, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    problem, fix = PROBLEMS[kind]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "airwatch")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "sesame-42")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with https_server(authority.certificate(kind)) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        store = S3Prefix("bucket", "tables", attempts=1, setting="AIRWATCH_STORAGE")
        with pytest.raises(ConfigurationError, match=f"the certificate of the server {problem}") as caught:
            store.get("site_days/2021-07-04.parquet")

    assert fix.format(setting="AWS_CA_BUNDLE") in caught.value.fix


@each_kind
def test_an_mlflow_server_whose_certificate_is_refused(kind: str, authority: Authority) -> None:
    problem, _ = PROBLEMS[kind]
    with (
        https_server(authority.certificate(kind)) as url,
        pytest.raises(ConfigurationError, match=f"the certificate of {url} {problem}") as caught,
    ):
        require_server(url, experiment="airwatch")

    assert "another host" in problem or "clock" in caught.value.fix or "REQUESTS_CA_BUNDLE" in caught.value.fix
