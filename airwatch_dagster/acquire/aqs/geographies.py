"""The geographies of the AQS API: where a request searches."""

from dataclasses import dataclass
from typing import Protocol


class Geography(Protocol):
    """A geography of the API: the last part of the service's path, and the parameters that go with it."""

    @property
    def service(self) -> str:
        """The last part of the service's path, such as byState."""

    @property
    def params(self) -> dict[str, str]:
        """The query parameters that name the place; codes with all their digits."""


@dataclass(frozen=True)
class ByState:
    """A whole state."""

    state: str
    service = "byState"

    @property
    def params(self) -> dict[str, str]:
        """``state``: 2 digits."""
        return {"state": self.state}


@dataclass(frozen=True)
class ByCounty:
    """A county of a state."""

    state: str
    county: str
    service = "byCounty"

    @property
    def params(self) -> dict[str, str]:
        """``state``: 2 digits; ``county``: 3 digits."""
        return {"state": self.state, "county": self.county}


@dataclass(frozen=True)
class BySite:
    """A site of a county."""

    state: str
    county: str
    site: str
    service = "bySite"

    @property
    def params(self) -> dict[str, str]:
        """``state``: 2 digits; ``county``: 3 digits; ``site``: 4 digits."""
        return {"state": self.state, "county": self.county, "site": self.site}


@dataclass(frozen=True)
class ByCbsa:
    """A core-based statistical area."""

    cbsa: str
    service = "byCBSA"

    @property
    def params(self) -> dict[str, str]:
        """``cbsa``: 5 digits."""
        return {"cbsa": self.cbsa}
