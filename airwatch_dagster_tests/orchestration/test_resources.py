"""The source of a step is closed with all that it opened."""

from pathlib import Path

import pytest
import requests

from airwatch_dagster.orchestration.resources import SourceResource
from airwatch_dagster_tests.installations import Installation

AQS = {"EPA_AQS_EMAIL": "a@b.c", "EPA_AQS_API_KEY": "k", "AIRWATCH_AQS_URL": "http://127.0.0.1:9"}


def test_the_practice_server_and_the_session_are_closed_with_the_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requested: list[str] = []
    send = requests.Session.send

    def recorded(session: requests.Session, request: requests.PreparedRequest, **options: object) -> requests.Response:
        requested.append(str(request.url))
        return send(session, request, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(requests.Session, "send", recorded)
    with Installation.at(tmp_path).activated(), SourceResource().open() as source:
        assert len(source.file_list()) > 0

    assert requested
    with pytest.raises(requests.ConnectionError):
        requests.get(requested[0], timeout=5)


@pytest.mark.parametrize(("source", "clients"), [("airdata", 1), ("aqs", 1), ("live", 3)])
def test_every_client_of_a_source_is_closed_even_after_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, clients: int
) -> None:
    closed: list[str] = []
    for owner in ("acquire.http.file_archive.FileArchive", "acquire.aqs.client.AqsClient"):
        monkeypatch.setattr(f"airwatch_dagster.{owner}.close", lambda client: closed.append(type(client).__name__))

    installation = Installation.at(tmp_path, AIRWATCH_SOURCE=source, **AQS)
    with pytest.raises(ZeroDivisionError), installation.activated(), SourceResource().open():
        raise ZeroDivisionError

    assert len(closed) == clients
