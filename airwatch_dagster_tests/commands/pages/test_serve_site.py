"""The server of the bulletin's pages: files of the site, and nothing else."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from airwatch_dagster.commands.pages.serve_site import site_server
from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.storage.tables import TableStorage


@pytest.fixture
def tables(tmp_path: Path) -> TableStorage:
    return TableStorage.open(str(tmp_path))


@pytest.fixture
def address(tables: TableStorage) -> Iterator[str]:
    with site_server(tables, port=0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("2026-11-28.es.html", "text/html; charset=utf-8"),
        ("latest.json", "application/json; charset=utf-8"),
        ("sites.geojson", "application/geo+json; charset=utf-8"),
        ("feed.atom", "application/atom+xml; charset=utf-8"),
        ("forecasts.csv", "text/csv; charset=utf-8"),
        ("figures/skill-2026-11.svg", "image/svg+xml; charset=utf-8"),
    ],
)
def test_a_page_is_served_with_its_type(tables: TableStorage, address: str, name: str, kind: str) -> None:
    tables.write_page(name, "aire, niño".encode())

    answer = requests.get(f"{address}/{name}", timeout=5)

    assert (answer.status_code, answer.headers["Content-Type"], answer.content.decode()) == (200, kind, "aire, niño")


def test_the_root_is_the_newest_bulletin_once_there_is_one(tables: TableStorage, address: str) -> None:
    before = requests.get(address, timeout=5)
    tables.write_page("latest.html", b"<p>today")

    assert (before.status_code, "airwatch backfill" in before.text) == (404, True)
    assert requests.get(address, timeout=5).text == "<p>today"
    assert requests.head(address, timeout=5).headers["Content-Length"] == "8"


@pytest.mark.parametrize(
    "path",
    [
        "../airwatch.json",
        "..%2Fairwatch.json",
        "%2e%2e/airwatch.json",
        ".hidden",
        "a/../../airwatch.json",
        "a//b",
        "a%00b",
    ],
)
def test_nothing_outside_the_site_is_served(tables: TableStorage, address: str, path: str) -> None:
    tables.assert_data_kind("simulated")

    prepared = requests.Request("GET", address).prepare()
    prepared.url = f"{address}/{path}"  # as written: requests would resolve the dots

    assert requests.Session().send(prepared, timeout=5).status_code == 404


def test_a_port_in_use_is_named(tables: TableStorage) -> None:
    with site_server(tables, port=0) as first, pytest.raises(ConfigurationError, match="already in use"):
        site_server(tables, port=first.server_port)
