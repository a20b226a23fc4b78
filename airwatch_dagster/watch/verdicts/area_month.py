"""What the rules of a month share, computed once for all areas."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from airwatch_dagster.watch.verdicts.expectation import Contrasts, contrasts
from airwatch_dagster.watch.verdicts.history import History
from airwatch_dagster.watch.verdicts.shifts import Shifts, drifts_of, steps_of


@dataclass(frozen=True)
class MonthData:
    """The history of a month and what is computed from all its sites, whatever the area."""

    history: History

    @classmethod
    def of(cls, site_days: pd.DataFrame, *, month: pd.Timestamp) -> "MonthData":
        """Data of rows of ``site_days``, of which those after the month are not looked at."""
        return cls(History.of(site_days, month=month))

    @cached_property
    def contrasts(self) -> Contrasts:
        """Each site against its neighbours."""
        return contrasts(self.history)

    @cached_property
    def steps(self) -> Shifts:
        """How each site's contrast moved since the month before."""
        return steps_of(self.history, self.contrasts)

    @cached_property
    def drifts(self) -> Shifts:
        """How each site's contrast moved since the year before."""
        return drifts_of(self.history, self.contrasts)


@dataclass(frozen=True)
class AreaMonth:
    """What one rule judges: an area in a month."""

    data: MonthData
    area: str
    is_in: np.ndarray
    """Whether a site belongs to the area."""
    changes: pd.DataFrame
    """Rows of ``monitor_changes`` of the area's sites, up to the newest day."""
    names: dict[str, str]
    """What people call a site."""

    @property
    def history(self) -> History:
        """Days × sites."""
        return self.data.history

    def site(self, number: int) -> str:
        """A site as sentences name it."""
        site_id = str(self.history.site_ids[number])
        name = self.names.get(site_id)
        return f"{site_id} ({name})" if name else site_id

    def sites(self, numbers: np.ndarray, *, most: int = 8) -> str:
        """Several sites as sentences name them."""
        listed = ", ".join(self.site(number) for number in numbers[:most])
        return f"{listed} and {len(numbers) - most} more" if len(numbers) > most else listed
