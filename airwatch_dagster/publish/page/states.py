"""A national bulletin, state by state."""

from dataclasses import dataclass, replace

from airwatch_dagster.acquire.aqs_codes import postal_codes, state_names
from airwatch_dagster.publish.content import Bulletin, DataStatus, Site, Tile
from airwatch_dagster.publish.once import once
from airwatch_dagster.publish.page.sentences import headline_tile
from airwatch_dagster.publish.tiles import tiles_of


@dataclass(frozen=True)
class StateRow:
    """A state in the table of the national overview."""

    bulletin: Bulletin
    headline_tile: Tile
    file_name: str | None
    """Its page; None when there is none."""


@once(most=4)
def by_state(bulletin: Bulletin) -> dict[str, Bulletin]:
    """Postal abbreviation → the part of a bulletin about the sites of one state, sorted by name.

    Agency forecasts and the change since the bulletin before are the area's and left out; accuracy stays the area's.
    Sites without a state are in no part.
    """
    names = {postal: state_names()[code] for code, postal in postal_codes().items()}
    sites: dict[str, list[Site]] = {}
    for site in bulletin.sites:
        if site.state in names:
            sites.setdefault(site.state, []).append(site)
    return {
        postal: _part(bulletin, names[postal], tuple(sites[postal])) for postal in sorted(sites, key=names.__getitem__)
    }


def state_rows(states: dict[str, Bulletin], pages: dict[str, str]) -> list[StateRow]:
    """The states, worst first; ``pages`` maps postal abbreviations to files."""
    rows = [StateRow(part, headline_tile(part), pages.get(postal)) for postal, part in states.items()]
    return sorted(rows, key=lambda row: (-row.headline_tile.worst.aqi, row.bulletin.area))


def _part(bulletin: Bulletin, area: str, sites: tuple[Site, ...]) -> Bulletin:
    named = {site.site_id for site in sites}
    status = bulletin.status
    return replace(
        bulletin,
        area=area,
        sites=sites,
        tiles=tiles_of(sites),
        change_in_aqi=None,
        agency_forecasts=(),
        status=DataStatus(
            sites=len(sites),
            silent=tuple(one for one in status.silent if one.site_id in named),
            revisions=tuple(one for one in status.revisions if one.site_id in named),
            monitor_changes=tuple(one for one in status.monitor_changes if one.site_id in named),
        ),
    )
