"""What a day's bulletin says, in Dagster's metadata."""

from collections.abc import Sequence

import pandas as pd

from airwatch_dagster.orchestration.metadata.tables import PartitionMetadata
from airwatch_dagster.orchestration.pages import link
from airwatch_dagster.publish.content import Bulletin
from airwatch_dagster.publish.site import page_name
from airwatch_dagster.schemas.columns import TOMORROW


def bulletin_metadata(bulletins: Sequence[Bulletin], rows: pd.DataFrame) -> PartitionMetadata:
    """Per issue day: the headline, the address of the page, and tomorrow's highest AQI."""
    found: PartitionMetadata = {}
    for one in bulletins:
        own = rows[rows["issue_date"] == pd.Timestamp(one.issue_date)]
        tomorrow = own.loc[own["horizon_days"] == TOMORROW, "aqi"]
        found[f"{one.issue_date}"] = {
            "headline": str(own["headline"].iloc[0]),
            "page": link(page_name(one.issue_date), str(own["page_uri"].iloc[0])),
            "sites": len(one.sites),
            **({"highest AQI tomorrow": int(tomorrow.max())} if len(tomorrow) else {}),
        }
    return found
