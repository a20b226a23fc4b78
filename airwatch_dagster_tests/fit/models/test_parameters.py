"""Defaults, parameters over them, the cost of a fit, and the number of boosting rounds by rows."""

import pytest

from airwatch_dagster.errors import ContractViolation
from airwatch_dagster.fit.models.parameters import DEFAULTS, SPACES, boosting_steps, params_of, work


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
def test_rounds_grow_with_the_root_of_the_rows_and_fall_with_the_lead_and_fewer_take_larger_steps(
    rows: int, horizon_days: int, trees: int, rate: float
) -> None:
    steps = boosting_steps(250, 0.06, rows=rows, horizon_days=horizon_days)
    assert steps == {"iterations": trees, "learning_rate": pytest.approx(rate, abs=5e-5)}


def test_there_are_never_fewer_than_ten_trees() -> None:
    assert boosting_steps(20, 0.06, rows=100, horizon_days=3)["iterations"] == 10


def test_parameters_replace_the_defaults_of_their_own_family_only() -> None:
    given = {"catboost": {"depth": 4}, "ridge": {"penalty": 7.0}}
    assert params_of("catboost", given) == {**DEFAULTS["catboost"], "depth": 4}
    assert params_of("random_forest", given) == params_of("random_forest", None) == DEFAULTS["random_forest"]
    assert DEFAULTS["catboost"]["depth"] == 6


def test_baselines_and_the_blend_have_no_parameters() -> None:
    assert [params_of(family, None) for family in ("persistence", "climatology", "blend")] == [{}, {}, {}]


def test_an_unknown_parameter_is_refused_by_name() -> None:
    with pytest.raises(ContractViolation, match=r"parameters of ridge: 'depth'.*Use penalty"):
        params_of("ridge", {"ridge": {"penalty": 10.0, "depth": 4}})


def test_the_work_of_a_fit_is_the_product_of_its_costly_parameters() -> None:
    assert work("catboost", {**DEFAULTS["catboost"], "rounds": 500}) == 2.0 * work("catboost", DEFAULTS["catboost"])
    assert work("ridge", DEFAULTS["ridge"]) == 1.0


def test_the_defaults_lie_in_the_search_space() -> None:
    for family, space in SPACES.items():
        assert all(values.low <= DEFAULTS[family][name] <= values.high for name, values in space.items())
