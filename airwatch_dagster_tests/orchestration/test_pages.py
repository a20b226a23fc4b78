"""Pages and pictures: where they are stored, and what Dagster's UI shows of them."""

from pathlib import Path

import dagster as dg
import pytest

from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.figures.markdown import TextTable
from airwatch_dagster.orchestration.pages import INLINE_CHARACTERS, Pages, link, shown, site_url
from airwatch_dagster.storage.tables import TableStorage


def test_with_a_folder_the_address_is_that_of_make_dev(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRWATCH_SITE_URL", raising=False)
    monkeypatch.setenv("AIRWATCH_STORAGE", "./data")
    assert site_url("latest.html") == "http://127.0.0.1:3001/latest.html"
    monkeypatch.setenv("AIRWATCH_STORAGE", "s3://bucket/tables")
    assert site_url("latest.html") is None


def test_what_make_dev_serves_counts_unless_the_setting_names_another_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRWATCH_SITE_URL", raising=False)
    monkeypatch.setenv("AIRWATCH_STORAGE", "s3://bucket/tables")
    monkeypatch.setenv("DEV_SITE_URL", "http://127.0.0.1:3457")
    assert site_url("latest.html") == "http://127.0.0.1:3457/latest.html"
    monkeypatch.setenv("AIRWATCH_SITE_URL", "https://air.example")
    assert site_url("latest.html") == "https://air.example/latest.html"


def test_an_address_is_joined_to_the_quoted_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRWATCH_SITE_URL", "https://air.example/forecast/")
    assert site_url("figures/a b.svg") == "https://air.example/forecast/figures/a%20b.svg"
    monkeypatch.setenv("AIRWATCH_SITE_URL", "air.example")
    with pytest.raises(ConfigurationError, match=r"AIRWATCH_SITE_URL: 'air\.example' has no scheme"):
        site_url("latest.html")


def test_a_plot_is_stored_and_shown_or_its_path_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pages, stored = Pages(TableStorage.open(str(tmp_path))), tmp_path / "site/figures/coverage/2021-07.svg"
    monkeypatch.setenv("AIRWATCH_SITE_URL", "http://air.example")

    shown_at = pages.plot("coverage/2021-07", b"<svg/>", title="July")

    url = "http://air.example/figures/coverage/2021-07.svg"
    assert shown_at == dg.MetadataValue.md(f"[![July]({url})]({url})")
    assert stored.read_bytes() == b"<svg/>"
    monkeypatch.setenv("AIRWATCH_STORAGE", "s3://elsewhere")
    monkeypatch.delenv("AIRWATCH_SITE_URL")
    assert pages.plot("coverage/2021-07", b"<svg/>", title="July") == dg.MetadataValue.path(str(stored))
    assert link("latest.html", "/tables/site/latest.html") == dg.MetadataValue.path("/tables/site/latest.html")


def test_a_short_table_is_markdown_and_a_long_one_records() -> None:
    short = TextTable(("Site", "AQI"), (("**Lakefront**", "45"),))
    long = TextTable(short.header, short.rows * 60)

    assert shown(short) == dg.MetadataValue.md("| Site | AQI |\n|---|---|\n| **Lakefront** | 45 |")
    assert len(str(long)) > INLINE_CHARACTERS
    records = shown(long)
    assert isinstance(records, dg.TableMetadataValue)
    assert len(records.records) == 60
    assert records.records[0].data == {"Site": "Lakefront", "AQI": "45"}
