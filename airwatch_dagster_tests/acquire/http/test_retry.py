import pytest

from airwatch_dagster.acquire.http.retry import JITTER, random_jitter, retry
from airwatch_dagster.errors import BadPayload, SourceRefused, SourceUnavailable

TRANSIENT = SourceUnavailable("AirNow", "status 503", fix="Wait")


class Throttled(SourceUnavailable):
    def __init__(self, wait_s: float | None) -> None:
        super().__init__("AQS", "status 429", fix="Wait")
        self.wait_s = wait_s


class Service:
    """Fails with each of ``failures``, then responds; records the waits between."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.waited: list[float] = []

    def __call__(self) -> str:
        if self.failures:
            raise self.failures.pop(0)
        return "response"

    def requested(self, factor: float = 1.0, max_wait_s: float = 900.0) -> str:
        return retry(
            self,
            waits_s=(5.0, 30.0),
            sleep=self.waited.append,
            jitter=lambda: factor,
            max_wait_s=max_wait_s,
        )


def test_a_success_is_neither_repeated_nor_delayed() -> None:
    service = Service()
    assert service.requested() == "response"
    assert service.waited == []


def test_a_transient_failure_is_retried_after_growing_waits() -> None:
    service = Service(TRANSIENT, TRANSIENT)
    assert service.requested() == "response"
    assert service.waited == [5.0, 30.0]


def test_the_last_failure_is_raised_when_the_waits_are_used_up() -> None:
    service = Service(TRANSIENT, TRANSIENT, SourceUnavailable("AirNow", "the third", fix="Wait"), TRANSIENT)
    with pytest.raises(SourceUnavailable, match="the third") as raised:
        service.requested()
    assert raised.value.__context__ is None
    assert service.waited == [5.0, 30.0]


@pytest.mark.parametrize(
    "failure",
    [
        SourceRefused("AirNow", "no such file", fix="Choose another"),
        BadPayload("AirNow", "line 3 has 5 fields", fix="Report it"),
        SourceUnavailable("AirNow", "gone for good", fix="Leave it", retry_helps=False),
        ValueError("a mistake of ours"),
    ],
)
def test_an_error_that_no_retry_helps_is_raised_at_once(failure: Exception) -> None:
    service = Service(failure)
    with pytest.raises(type(failure)):
        service.requested()
    assert service.waited == []


def test_the_jitter_scales_the_waits() -> None:
    service = Service(TRANSIENT, TRANSIENT)
    service.requested(factor=1.2)
    assert service.waited == [6.0, 36.0]


def test_the_default_jitter_stays_within_a_fifth() -> None:
    factors = [random_jitter() for _ in range(200)]
    assert JITTER == (0.8, 1.2)
    assert min(factors) >= 0.8
    assert max(factors) <= 1.2
    assert len(set(factors)) > 100


def test_a_failure_can_lengthen_the_wait_but_not_shorten_it() -> None:
    service = Service(Throttled(20.0), Throttled(20.0))
    service.requested()
    assert service.waited == [20.0, 30.0]


def test_a_failure_without_a_wait_gets_the_planned_one() -> None:
    service = Service(Throttled(None))
    service.requested()
    assert service.waited == [5.0]


def test_a_wait_above_the_maximum_is_not_retried() -> None:
    service = Service(Throttled(901.0))
    with pytest.raises(Throttled):
        service.requested(max_wait_s=900.0)
    assert service.waited == []
