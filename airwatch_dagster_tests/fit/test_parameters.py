"""Defaults, what goes over them, and how many trees few data support."""

import pytest

from airwatch_dagster.fit.parameters import DEFAULTS, boosting_rounds, chosen


@pytest.mark.parametrize(
    ("rows", "horizon_days", "trees"),
    [
        (200_000, 1, 250),
        (900_000, 1, 250),
        (200_000, 2, 150),
        (200_000, 3, 100),
        (50_000, 1, 125),
        (50_000, 3, 50),
        (32_000, 1, 100),
        (10, 1, 100),
        (0, 3, 40),
    ],
)
def test_rounds_grow_with_the_root_of_the_rows_and_fall_with_the_lead(rows: int, horizon_days: int, trees: int) -> None:
    assert boosting_rounds(250, rows=rows, horizon_days=horizon_days) == trees


def test_there_are_never_fewer_than_ten_trees() -> None:
    assert boosting_rounds(20, rows=100, horizon_days=3) == 10


def test_parameters_go_over_the_defaults_of_their_family_alone() -> None:
    given = {"catboost": {"depth": 4}, "ridge": {"penalty": 7.0}}
    assert chosen("catboost", given) == {**DEFAULTS["catboost"], "depth": 4}
    assert chosen("random_forest", given) == chosen("random_forest", None) == DEFAULTS["random_forest"]
    assert DEFAULTS["catboost"]["depth"] == 6


def test_baselines_and_the_blend_have_nothing_to_set() -> None:
    assert [chosen(family, None) for family in ("persistence", "climatology", "blend")] == [{}, {}, {}]
