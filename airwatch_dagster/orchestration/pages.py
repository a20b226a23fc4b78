"""Pages and plots for people: files in the storage, and their addresses where a server shows that folder."""

from datetime import date
from typing import Final
from urllib.parse import quote

import dagster as dg

from airwatch_dagster.figures.markdown import TextTable
from airwatch_dagster.orchestration.configuration.settings import SiteSettings
from airwatch_dagster.publish.site import page_name
from airwatch_dagster.storage.tables import TableStorage

INLINE_CHARACTERS: Final = 1000
"""Markdown of fewer characters is shown at once, longer Markdown behind a click. Source: Dagster 1.13.27,
ui-core/src/metadata/MetadataEntry.tsx. Text and tables of records are always shown."""


def site_url(name: str) -> str | None:
    """Address of the file ``name`` of the storage's folder ``site``; None without AIRWATCH_SITE_URL."""
    root = SiteSettings.from_environment().site_url
    return f"{root.rstrip('/')}/{quote(name)}" if root else None


def bulletin_url(day: str) -> str | None:
    """Address of the bulletin of an issue day (``2021-07-04``), which is made after its forecasts; None as above."""
    return site_url(page_name(date.fromisoformat(day)))


class Pages:
    """Writes plots to the storage and returns what Dagster's UI shows of them."""

    def __init__(self, tables: TableStorage) -> None:
        self._tables = tables

    def plot(self, name: str, svg: bytes, *, title: str) -> dg.MetadataValue:
        """Store a plot as ``site/figures/<name>.svg``.

        Shown at once, and in full size by a click, where its address is known; otherwise its path.
        """
        file = f"figures/{name}.svg"
        location = self._tables.write_page(file, svg)
        url = site_url(file)
        return dg.MetadataValue.md(f"[![{title}]({url})]({url})") if url else dg.MetadataValue.path(location)


def link(name: str, location: str) -> dg.MetadataValue:
    """A link to the stored page ``name`` where its address is known, else its ``location``, to be copied."""
    url = site_url(name)
    return dg.MetadataValue.url(url) if url else dg.MetadataValue.path(location)


def shown(table: TextTable) -> dg.MetadataValue:
    """The table in a form that Dagster's UI shows without a click: Markdown while it is short, else records."""
    text = str(table)
    if len(text) < INLINE_CHARACTERS:
        return dg.MetadataValue.md(text)
    columns = [dg.TableColumn(name) for name in table.header]
    return dg.MetadataValue.table([dg.TableRecord(row) for row in table.plain_rows()], dg.TableSchema(columns))
