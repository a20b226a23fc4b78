import pickle

import pytest

from airwatch_dagster.acquire.http.statuses import Throttled
from airwatch_dagster.errors import AirWatchError, ConfigurationError, SourceUnavailable
from airwatch_dagster.storage.byte_stores import VersionConflict


@pytest.mark.parametrize(
    "error",
    [
        AirWatchError("AQS API", "said no", fix="Ask again?", retry_helps=True),
        ConfigurationError("AIRWATCH_AREA", "'Atlantis' is no area", fix="Run `airwatch areas`"),
        SourceUnavailable("AirNow", "did not answer", fix="Wait"),
        Throttled("AQS API", "status 429", wait_s=7.0),
        VersionConflict("/data/monitors.parquet"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_of_another_process_arrives_as_it_was_raised(error: AirWatchError) -> None:
    arrived = pickle.loads(pickle.dumps(error))

    assert (type(arrived), str(arrived), vars(arrived)) == (type(error), str(error), vars(error))
