"""Defaults, what goes over them, and how many trees few data support."""

import pytest

from airwatch_dagster.errors import ContractViolation
from airwatch_dagster.fit.models.parameters import DEFAULTS, boosting_steps, chosen


@pytest.mark.parametrize(
    ("rows", "horizon_days", "trees", "rate"),
    [
        (200_000, 1, 250, 0.06),
        (900_000, 1, 250, 0.06),
        (200_000, 2, 150, 0.06),
        (200_000, 3, 100, 0.06),
        (50_000, 1, 125, 0.0756),
        (50_000, 3, 50, 0.0756),
        (12_500, 1, 62, 0.0952),
        (10, 1, 62, 0.0952),
        (0, 3, 25, 0.0952),
    ],
)
def test_trees_grow_with_the_root_of_the_rows_and_fall_with_the_lead_and_few_take_larger_steps(
    rows: int, horizon_days: int, trees: int, rate: float
) -> None:
    steps = boosting_steps(250, 0.06, rows=rows, horizon_days=horizon_days)
    assert steps == {"iterations": trees, "learning_rate": pytest.approx(rate, abs=5e-5)}


def test_there_are_never_fewer_than_ten_trees() -> None:
    assert boosting_steps(20, 0.06, rows=100, horizon_days=3)["iterations"] == 10


def test_parameters_go_over_the_defaults_of_their_family_alone() -> None:
    given = {"catboost": {"depth": 4}, "ridge": {"penalty": 7.0}}
    assert chosen("catboost", given) == {**DEFAULTS["catboost"], "depth": 4}
    assert chosen("random_forest", given) == chosen("random_forest", None) == DEFAULTS["random_forest"]
    assert DEFAULTS["catboost"]["depth"] == 6


def test_baselines_and_the_blend_have_nothing_to_set() -> None:
    assert [chosen(family, None) for family in ("persistence", "climatology", "blend")] == [{}, {}, {}]


def test_a_parameter_that_the_family_does_not_have_is_refused() -> None:
    with pytest.raises(ContractViolation, match="parameters of ridge: depth is none of them"):
        chosen("ridge", {"ridge": {"penalty": 10.0, "depth": 4}})
