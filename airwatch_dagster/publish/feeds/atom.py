"""An Atom feed of the newest bulletins (RFC 4287)."""

import uuid
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

ATOM: Final = "http://www.w3.org/2005/Atom"

ENTRIES: Final = 30


@dataclass(frozen=True)
class Entry:
    """One bulletin."""

    issue_date: date
    headline: str
    page: str
    """File name of its page, beside the feed."""


def atom(entries: Sequence[Entry], *, area: str, updated: datetime) -> bytes:
    """The newest ENTRIES of ``entries``, newest first; links are relative to the feed, ``updated`` is UTC."""
    feed = ET.Element("feed", {"xmlns": ATOM, "xml:lang": "en"})
    for name, text in (("title", f"PM2.5 forecast for {area}"), ("id", _urn(area)), ("updated", _moment(updated))):
        ET.SubElement(feed, name).text = text
    ET.SubElement(ET.SubElement(feed, "author"), "name").text = "AirWatch"
    ET.SubElement(feed, "link", {"href": "latest.html"})
    for entry in sorted(entries, key=lambda one: one.issue_date, reverse=True)[:ENTRIES]:
        element = ET.SubElement(feed, "entry")
        ET.SubElement(element, "title").text = entry.headline
        ET.SubElement(element, "id").text = _urn(f"{area} {entry.issue_date}")
        ET.SubElement(element, "updated").text = _moment(datetime.combine(entry.issue_date, datetime.min.time()))
        ET.SubElement(element, "link", {"href": entry.page})
        ET.SubElement(element, "summary").text = entry.headline
    return ET.tostring(feed, encoding="utf-8", xml_declaration=True)


def _urn(text: str) -> str:
    """The same text has the same identifier for ever."""
    return uuid.uuid5(uuid.NAMESPACE_OID, f"airwatch bulletin {text}").urn


def _moment(moment: datetime) -> str:
    return f"{moment.isoformat(timespec='seconds')}Z"
