"""Bulletins come from the text service by product and day, or from a folder by the names of its files."""

from pathlib import Path

import pandas as pd
import pytest
import requests

from airwatch_dagster.acquire.weather.nws.archive import SelectedCitiesArchive
from airwatch_dagster.errors import SourceUnavailable
from airwatch_dagster_tests.acquire.fake_server import FakeServer, Reply
from airwatch_dagster_tests.acquire.weather.nws_samples import bulletin

SERVICE = "/cgi-bin/afos/retrieve.py"
FIRST, LAST = pd.Timestamp("2021-07-04 00:00"), pd.Timestamp("2021-07-04 23:59")


def no_sleep(seconds: float) -> None:
    """Time does not pass."""


def archive_at(
    url: str, folder: Path, session: requests.Session | None = None, now: str = "2021-07-05"
) -> SelectedCitiesArchive:
    seconds = pd.Timestamp(now, tz="UTC").timestamp()
    return SelectedCitiesArchive(
        url, download_dir=folder / "nws", session=session, clock=lambda: seconds, sleep=no_sleep
    )


@pytest.fixture
def service(server: FakeServer, session: requests.Session, tmp_path: Path) -> SelectedCitiesArchive:
    return archive_at(f"{server.url}/cgi-bin/afos", tmp_path, session)


def test_the_default_address_is_the_text_service(tmp_path: Path) -> None:
    url = "https://mesonet.agron.iastate.edu/cgi-bin/afos"
    assert repr(SelectedCitiesArchive(download_dir=tmp_path)) == f"SelectedCitiesArchive('{url}')"


def test_the_service_is_asked_for_each_product_of_each_day(service: SelectedCitiesArchive, server: FakeServer) -> None:
    server.will_send(SERVICE, *(Reply(f"\x01\n{bulletin(part=part)}\n\x03".encode()) for part in (1, 2, 3, 4)))

    found = service.issued(FIRST, LAST)

    assert (found.bulletins, sorted(found.rows["part"].unique())) == (4, [1, 2, 3, 4])
    assert server.requested == [
        f"{SERVICE}?pil=SCS0{part}&fmt=text&sdate=2021-07-04T00:00Z&edate=2021-07-05T00:00Z&limit=9999&order=asc"
        for part in (1, 2, 3, 4)
    ]


def test_a_day_of_a_week_ago_is_downloaded_once(server: FakeServer, session: requests.Session, tmp_path: Path) -> None:
    server.will_send(SERVICE, Reply(bulletin().encode()))
    counts = []
    for now in ("2021-07-05", "2021-07-10 23:00", "2021-07-11", "2021-07-12"):
        archive_at(f"{server.url}/cgi-bin/afos", tmp_path, session, now).issued(FIRST, LAST)
        counts.append(len(server.requested))

    assert counts == [4, 8, 12, 12]


def test_bulletins_outside_of_the_span_are_left_out(service: SelectedCitiesArchive, server: FakeServer) -> None:
    texts = [bulletin("2021-07-04 00:50"), bulletin("2021-07-04 12:50"), bulletin("2021-07-04 14:05")]
    server.will_send(SERVICE, Reply("\n".join(texts).encode()), Reply(b"ERROR: Could not Find: SCS02"))

    found = service.issued(pd.Timestamp("2021-07-04 01:00"), pd.Timestamp("2021-07-04 14:04"))

    assert found.rows["issued_at"].unique().tolist() == [pd.Timestamp("2021-07-04 12:50")]


@pytest.mark.parametrize("reply", [Reply(b"ERROR: Could not Find: SCS01"), Reply(b"nothing", 404), Reply(b"")])
def test_a_day_without_bulletins_has_no_rows(reply: Reply, service: SelectedCitiesArchive, server: FakeServer) -> None:
    server.will_send(SERVICE, reply)

    assert service.issued(FIRST, LAST).rows.empty


@pytest.mark.parametrize(
    ("reply", "says"),
    [(Reply(b"<html>Maintenance</html>"), "sent a web page"), (Reply(status=503), "responded with status 503")],
)
def test_a_service_that_does_not_answer_is_an_error(
    reply: Reply, says: str, service: SelectedCitiesArchive, server: FakeServer
) -> None:
    server.will_send(SERVICE, reply)

    with pytest.raises(SourceUnavailable, match=says) as caught:
        service.issued(FIRST, LAST)

    assert caught.value.retry_helps


def test_in_a_folder_the_names_of_files_are_the_times_of_bulletins(tmp_path: Path) -> None:
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    for issued, part in (("2021-07-03 12:50", 1), ("2021-07-04 12:50", 1), ("2021-07-04 12:50", 3)):
        name = f"FPUS20_KWBN_{pd.Timestamp(issued):%Y%m%dT%H%M}Z_part{part}.txt"
        (mirror / name).write_text(bulletin(issued, part=part))
    (mirror / "FPUS20_KWBN_20210705T0050Z_part1 (1).txt").write_text("a copy")
    (mirror / "README.md").write_text("no bulletin")

    found = archive_at(mirror.as_uri(), tmp_path).issued(FIRST, LAST)

    assert found.rows.groupby("part").size().to_dict() == {1: 2, 3: 2}
    assert found.rows["issued_at"].unique().tolist() == [pd.Timestamp("2021-07-04 12:50")]


def test_genuine_bulletins_are_found_by_their_names(real_weather: Path, tmp_path: Path) -> None:
    folder = real_weather / "nws_selected_cities" / "bulletins"

    found = archive_at(folder.as_uri(), tmp_path).issued(pd.Timestamp("2021-07-21"), pd.Timestamp("2021-07-22"))

    assert found.rows["issued_at"].unique().tolist() == [
        pd.Timestamp("2021-07-21 00:50"),
        pd.Timestamp("2021-07-21 12:50"),
    ]
    assert found.rows["city"].nunique() == 164
