"""`airwatch bulletin`: an issue day's bulletin as text, and where its page is."""

import webbrowser
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pandas as pd

from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.configuration.settings import Settings
from airwatch_dagster.orchestration.publishing import EARLY, bulletins_of
from airwatch_dagster.orchestration.resources import opened_storage
from airwatch_dagster.publish.page.render import email_text
from airwatch_dagster.publish.site import page_name
from airwatch_dagster.storage.tables import TableStorage


def show_bulletin(*, day: datetime | None, language: str, open_page: bool, echo: Callable[[str], None]) -> None:
    """Print the bulletin of an issue day, by default the newest, and the address of its page; open that in a browser.

    Raises ConfigurationError when no forecast was issued on the day, and when ``open_page`` is asked for a page that
    no browser can open (in S3).
    """
    tables = opened_storage(Settings.from_environment().storage)
    issue_date = pd.Timestamp(day) if day else _newest(tables)
    found = bulletins_of(tables, [issue_date])
    if not found:
        raise _no_forecast(issue_date)
    echo(email_text(found[0], language=language))
    name = page_name(issue_date, language)
    address = tables.page_uri(name)
    if tables.page(name) is None:
        key = f"{issue_date:%Y-%m-%d}"
        echo(f"No page is stored. To make it: airwatch backfill {key} {key} --tables bulletin")
        return
    echo(f"Page: {address}")
    if open_page:
        _open(address)


def _newest(tables: TableStorage) -> pd.Timestamp:
    """The newest day with stored forecasts, daily or early."""
    stored = {*tables.stored_partitions("predictions"), *tables.stored_partitions(EARLY)}
    if not stored:
        raise ConfigurationError(
            "bulletin", "no forecast is stored", fix="Run airwatch demo, or airwatch backfill first"
        )
    return pd.Timestamp(max(stored))


def _no_forecast(issue_date: pd.Timestamp) -> ConfigurationError:
    day = f"{issue_date:%Y-%m-%d}"
    return ConfigurationError(
        day, "no forecast was issued on this day", fix=f"Run airwatch backfill {day} {day}, or see airwatch models"
    )


def _open(address: str) -> None:
    if "://" in address:
        raise ConfigurationError("--open", f"{address} is not on this machine", fix="Serve the site with make dev")
    webbrowser.open(Path(address).as_uri())
