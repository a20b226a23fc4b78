import pytest

from airwatch_dagster.acquire.http.retry import JITTER, random_jitter, retry
from airwatch_dagster.errors import BadPayload, SourceRefused, SourceUnavailable

PASSING = SourceUnavailable("AirNow", "status 503", fix="Wait")


class Throttled(SourceUnavailable):
    def __init__(self, wait_s: float | None) -> None:
        super().__init__("AQS", "status 429", fix="Wait")
        self.wait_s = wait_s


class Service:
    """Fails with each of ``failures`` in turn, then answers; remembers the waits between."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.waited: list[float] = []

    def __call__(self) -> str:
        if self.failures:
            raise self.failures.pop(0)
        return "answer"

    def asked(self, factor: float = 1.0, max_wait_s: float = 900.0) -> str:
        return retry(
            self,
            waits_s=(5.0, 30.0),
            sleep=self.waited.append,
            jitter=lambda: factor,
            max_wait_s=max_wait_s,
        )


def test_what_answers_is_asked_once_and_nobody_waits() -> None:
    service = Service()
    assert service.asked() == "answer"
    assert service.waited == []


def test_a_passing_failure_is_repeated_after_growing_waits() -> None:
    service = Service(PASSING, PASSING)
    assert service.asked() == "answer"
    assert service.waited == [5.0, 30.0]


def test_the_last_failure_is_raised_when_the_waits_are_used_up() -> None:
    service = Service(PASSING, PASSING, SourceUnavailable("AirNow", "the third", fix="Wait"), PASSING)
    with pytest.raises(SourceUnavailable, match="the third") as raised:
        service.asked()
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
def test_what_no_retry_helps_is_raised_at_once(failure: Exception) -> None:
    service = Service(failure)
    with pytest.raises(type(failure)):
        service.asked()
    assert service.waited == []


def test_waits_are_stretched_by_the_jitter() -> None:
    service = Service(PASSING, PASSING)
    service.asked(factor=1.2)
    assert service.waited == [6.0, 36.0]


def test_the_default_jitter_stays_within_a_fifth() -> None:
    factors = [random_jitter() for _ in range(200)]
    assert JITTER == (0.8, 1.2)
    assert min(factors) >= 0.8
    assert max(factors) <= 1.2
    assert len(set(factors)) > 100


def test_a_failure_may_ask_for_a_longer_wait_but_not_for_a_shorter_one() -> None:
    service = Service(Throttled(20.0), Throttled(20.0))
    service.asked()
    assert service.waited == [20.0, 30.0]


def test_a_failure_that_does_not_say_how_long_gets_the_planned_wait() -> None:
    service = Service(Throttled(None))
    service.asked()
    assert service.waited == [5.0]


def test_who_asks_for_more_than_the_longest_wait_is_left_alone() -> None:
    service = Service(Throttled(901.0))
    with pytest.raises(Throttled):
        service.asked(max_wait_s=900.0)
    assert service.waited == []
