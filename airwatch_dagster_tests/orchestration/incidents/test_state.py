"""When an incident opens, goes on, closes and comes back."""

from dataclasses import replace
from typing import Any

import pandas as pd

from airwatch_dagster.orchestration.incidents.keys import as_text, keys_between, keys_in, shown
from airwatch_dagster.orchestration.incidents.state import (
    OF_CHECKS,
    Failure,
    Incident,
    Recovery,
    Sign,
    acknowledged,
    folded,
    silenced,
)
from airwatch_dagster.orchestration.incidents.telling import COOLDOWN, due_channels, flapping, told

BEGIN = pd.Timestamp("2021-07-01 18:30")


def at(event: int) -> pd.Timestamp:
    return BEGIN + pd.Timedelta(minutes=event)


def failure(event: int, *days: str, run: str | None = None, **options: Any) -> Failure:
    asset = options.pop("asset", "raw_readings")
    keys = frozenset(days or ["2021-07-01"])
    options.setdefault("error", f"error {event}")
    return Failure(at=at(event), asset=asset, partitions=keys, run_id=run or f"run {event}", event_id=event, **options)


def success(event: int, *days: str, **options: Any) -> Recovery:
    keys = frozenset(days or ["2021-07-01"])
    return Recovery(
        at=at(event), asset="raw_readings", partitions=keys, run_id=f"run {event}", event_id=event, **options
    )


def after(*signs: Sign, known: list[Incident] | None = None) -> Incident:
    [one] = folded(known or [], signs)
    return one


BOTH = ("webhook", "e-mail")


def opening_is_due(one: Incident, now: pd.Timestamp) -> bool:
    return one.is_open and due_channels(one, BOTH, now=now) == [*BOTH]


def closing_is_due(one: Incident) -> bool:
    return not one.is_open and due_channels(one, BOTH, now=at(999)) == [*BOTH]


def taken(one: Incident, *, at: pd.Timestamp, refused_by: tuple[str, ...] = ()) -> Incident:
    [after_it] = told([one], {one.incident_id: refused_by}, at=at)
    return after_it


def test_a_failure_opens_an_incident_and_its_repetition_does_not_open_another() -> None:
    one = after(failure(1), failure(2))

    assert (one.is_open, one.opened_at, one.updated_at, one.runs) == (True, at(1), at(2), 2)
    assert one.first_error == "error 1"


def test_the_same_signs_read_again_change_nothing() -> None:
    signs = [failure(1, "2021-07-01"), success(2, "2021-07-01"), failure(3, "2021-07-02"), success(4, "2021-07-09")]
    first = folded([], signs)

    assert folded(first, signs) == first
    assert folded(first, signs[2:]) == first
    assert folded(folded(folded([], signs[:1]), signs[:3]), signs) == first


def test_an_event_of_a_database_that_numbers_anew_is_news() -> None:
    known = after(failure(500), success(501))

    again = after(replace(failure(3), at=at(600)), known=[known])

    assert (again.is_open, again.opened_at) == (True, at(600))
    assert not after(replace(success(4), at=at(601)), known=[again]).is_open


def test_another_table_or_check_is_another_incident_with_another_id() -> None:
    found = folded(
        [],
        [
            failure(1),
            failure(2, asset="site_days"),
            failure(3, rule="check_failed", scope="no_day_emptied"),
            failure(4, rule="check_failed", scope="no_day_unused"),
        ],
    )

    assert len({one.incident_id for one in found}) == 4


def test_it_closes_when_every_partition_of_it_is_built() -> None:
    days = [f"2021-07-{day:02d}" for day in range(1, 6)]
    partly = after(failure(1, *days), success(2, *days[:3]))
    assert partly.is_open
    assert (as_text(partly.partitions), as_text(partly.partitions_left)) == (
        "2021-07-01…2021-07-05",
        "2021-07-04…2021-07-05",
    )

    whole = after(success(3, *days[3:]), known=[partly])
    assert (whole.is_open, whole.resolved_at) == (False, at(3))
    assert whole.partitions == frozenset(days)


def test_a_later_day_does_not_mend_a_day_that_was_not_built() -> None:
    assert after(failure(1, "2021-07-01"), success(2, "2021-07-02")).is_open


def test_a_table_without_partitions_is_mended_by_its_next_run() -> None:
    wrong = replace(failure(1), partitions=frozenset())
    right = replace(success(2), partitions=frozenset())

    assert not after(wrong, right).is_open


def test_a_check_that_passes_for_newer_days_closes_the_incident_of_older_ones() -> None:
    warned = failure(1, "2021-07-01", rule="check_warned", scope="no_large_revision")

    def passed(event: int, *days: str) -> Recovery:
        return success(event, *days, scope="no_large_revision", rules=OF_CHECKS, ends_older=True)

    assert after(warned, passed(2, "2021-06-30")).is_open
    closed = after(warned, passed(2, "2021-07-02"))
    assert not closed.is_open
    assert closed.partitions_left == {"2021-07-01"}, "what did not pass is still said"


def test_a_run_that_finds_some_days_wrong_and_newer_ones_right_leaves_it_open() -> None:
    known = after(failure(1, "2021-07-01", "2021-07-02", rule="check_failed", scope="schema"))
    mixed = failure(
        2, "2021-07-03", rule="check_failed", scope="schema", mended=frozenset({"2021-07-01", "2021-07-04"})
    )

    one = after(mixed, known=[known])

    assert one.is_open
    assert one.partitions_left == {"2021-07-02", "2021-07-03"}


def test_a_problem_that_comes_back_opens_the_same_incident_again() -> None:
    closed = told(folded([], [failure(1), success(2)]), {after(failure(1)).incident_id: ()}, at=at(2))

    closed = [taken(closed[0], at=at(3))]
    late = int(COOLDOWN / pd.Timedelta(minutes=1)) + 5
    one = after(failure(late), known=closed)

    assert (one.is_open, one.times_opened, one.runs, one.opened_at) == (True, 2, 1, at(late))
    assert one.incident_id == closed[0].incident_id
    assert opening_is_due(one, at(late)), "it is told of again"


def test_a_thousand_failed_partitions_are_one_incident() -> None:
    days = sorted(keys_between("2018-10-01", "2021-06-26"))
    assert len(days) == 1000

    one = after(*(failure(number, day) for number, day in enumerate(days, start=1)))

    assert (one.runs, len(one.partitions)) == (1000, 1000)
    assert as_text(one.partitions) == "2018-10-01…2021-06-26"
    at_once = after(failure(1, *days))
    assert (at_once.runs, at_once.partitions_left) == (1, one.partitions_left)


def test_one_message_when_it_opens_and_one_when_it_closes() -> None:
    opened = after(failure(1))
    assert opening_is_due(opened, at(1))
    [said] = told([opened], {opened.incident_id: ()}, at=at(1))
    assert not opening_is_due(after(failure(2), known=[said]), at(2))

    closed = after(success(3), known=[said])
    assert closing_is_due(closed)
    [done] = told([closed], {closed.incident_id: ()}, at=at(3))
    assert not closing_is_due(done)
    assert done.opening_told_at == at(1)


def test_a_channel_that_refuses_is_due_again_by_itself_and_hears_no_end_of_what_it_never_heard_of() -> None:
    opened = taken(after(failure(1)), at=at(1), refused_by=("webhook",))
    assert due_channels(opened, BOTH, now=at(2)) == ["webhook"]
    assert due_channels(taken(opened, at=at(2)), BOTH, now=at(3)) == []
    assert due_channels(opened, ("e-mail",), now=at(3)) == [], "a channel that is no longer set up"

    ended = after(success(5), known=[opened])
    assert due_channels(ended, BOTH, now=at(5)) == ["e-mail"]
    half = taken(taken(opened, at=at(2)), at=at(2))
    ended = taken(after(success(5), known=[half]), at=at(5), refused_by=("e-mail",))
    assert due_channels(ended, BOTH, now=at(6)) == ["e-mail"]
    assert due_channels(taken(ended, at=at(6)), BOTH, now=at(7)) == []


def test_what_comes_and_goes_is_one_pair_of_messages_in_six_hours_and_its_returns_are_counted() -> None:
    first = taken(after(failure(1)), at=at(1))
    one = taken(after(success(10), known=[first]), at=at(10))
    quiet = 10 + int(COOLDOWN / pd.Timedelta(minutes=1))
    for event in range(20, 200, 20):
        one = after(failure(event), known=[one])
        assert due_channels(one, BOTH, now=at(event)) == [], "a return within the cooldown"
        one = after(success(event + 10), known=[one])
        assert due_channels(one, BOTH, now=at(event + 10)) == [], "nor its end"
    assert (one.flaps, flapping([one], now=at(250))) == (9, [one])

    back = after(failure(quiet - 5), known=[one])
    assert due_channels(back, BOTH, now=at(quiet - 1)) == []
    assert opening_is_due(back, at(quiet)), "it lasts longer than the cooldown"
    assert (back.flaps, taken(back, at=at(quiet)).flaps) == (10, 0)


def test_what_is_over_before_anybody_could_be_told_is_not_told() -> None:
    over = after(failure(1), success(2))

    assert not opening_is_due(over, at(2))
    assert not closing_is_due(over)


def test_nothing_is_sent_in_a_silence_which_ends_by_itself() -> None:
    silent = silenced(after(failure(1)), by="ada", until=at(60))

    assert not opening_is_due(silent, at(59))
    assert opening_is_due(silent, at(60)), "it is still open when the silence is over"
    ended = after(success(30), known=told([silent], {silent.incident_id: ()}, at=at(1)))
    assert not closing_is_due(ended)
    assert closing_is_due(after(success(61), known=told([silent], {silent.incident_id: ()}, at=at(1))))


def test_a_silence_covers_the_return_of_the_problem_and_an_acknowledgement_does_not() -> None:
    known = acknowledged(silenced(after(failure(1)), by="ada", until=at(60)), by="bo", now=at(2))

    back = after(success(3), failure(4), known=[known])

    assert (back.silenced_by, back.silenced_until, back.acknowledged_by) == ("ada", at(60), None)
    assert not opening_is_due(back, at(5))


def test_an_acknowledgement_survives_further_failures() -> None:
    known = acknowledged(after(failure(1)), by="bo", now=at(2))

    assert after(failure(3), known=[known]).acknowledged_by == "bo"


def test_a_run_that_stood_and_then_failed_is_one_problem() -> None:
    stands = Failure(at(1), "raw_readings", "", frozenset({"2021-07-01"}), "r", 0, "run_stands", "it takes too long")
    seen_again = replace(stands, at=at(6))
    ended = failure(9, "2021-07-01", run="r", error="The process ended before the run did")

    one = after(stands, seen_again, ended)

    assert (one.rule, one.runs, one.opened_at, one.first_error) == ("run_stands", 1, at(1), "it takes too long")
    assert not after(success(12), known=[one]).is_open


def test_spans_are_read_as_they_are_written() -> None:
    keys = keys_between("2021-06-29", "2021-07-02") | {"2021-07-09"} | keys_between("2020-11", "2021-01")

    assert as_text(keys) == "2020-11…2021-01, 2021-06-29…2021-07-02, 2021-07-09"
    assert keys_in(as_text(keys)) == keys
    assert (as_text(frozenset()), keys_in("")) == ("", frozenset())


def test_a_message_shows_the_first_spans_and_counts_the_partitions() -> None:
    odd = frozenset(f"2021-07-{day:02d}" for day in range(1, 20, 2))

    assert shown(odd) == "2021-07-01, 2021-07-03, 2021-07-05, 2021-07-07, … (10 partitions)"
    assert shown(frozenset({"2021-07-04"})) == "2021-07-04"
