"""Geographies by which a request to the AQS API selects sites."""

from dataclasses import dataclass

from airwatch_dagster.practice.world.world import Site


@dataclass(frozen=True)
class Box:
    """A rectangle in degrees; sites on its edges are inside."""

    minlat: float
    maxlat: float
    minlon: float
    maxlon: float

    def contains(self, site: Site) -> bool:
        """Whether the site lies in the box or on its edges."""
        return self.minlat <= site.latitude <= self.maxlat and self.minlon <= site.longitude <= self.maxlon


@dataclass(frozen=True)
class Geography:
    """Codes and box by which a request selects; None selects all."""

    state: str | None = None
    county: str | None = None
    site: str | None = None
    cbsa: str | None = None
    box: Box | None = None

    def contains(self, site: Site) -> bool:
        """Whether the site has all the codes given and lies in the box."""
        wanted = (self.state, self.county, self.site, self.cbsa)
        actual = (site.state_code, site.county_code, site.site_number, site.cbsa_code)
        is_coded = all(want is None or want == have for want, have in zip(wanted, actual, strict=True))
        return is_coded and (self.box is None or self.box.contains(site))
