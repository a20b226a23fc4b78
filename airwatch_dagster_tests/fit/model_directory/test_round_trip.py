"""A model that was written and read back forecasts the same bits, and its files say what it is."""

import hashlib
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.errors import ModelRefused
from airwatch_dagster.fit.feature_matrix import INPUTS
from airwatch_dagster.fit.model_directory.manifest import manifest_of
from airwatch_dagster.fit.model_directory.reading import files_in, model_of
from airwatch_dagster.fit.model_directory.writing import files_of, write_directory
from airwatch_dagster.fit.models import families, neural_network
from airwatch_dagster.fit.models.baselines import Climatology, DampedPersistence
from airwatch_dagster.fit.models.families import Blend, Estimator, FittedModel, fit_families
from airwatch_dagster.fit.models.learned import LearnedCorrection
from airwatch_dagster.fit.models.training_set import TrainingSet
from airwatch_dagster.schemas.columns import FAMILIES

FILES = {
    "persistence": ["model.json"],
    "damped_persistence": ["model.json"],
    "climatology": ["model.json"],
    "ridge": ["model.json", "ridge.npz", "site_regressions.npz"],
    "random_forest": ["model.json", "random_forest.npz", "site_regressions.npz"],
    "catboost": ["catboost_1d.cbm", "catboost_2d.cbm", "catboost_3d.cbm", "model.json", "site_regressions.npz"],
}
FILES["blend"] = sorted({name for files in FILES.values() for name in files})


@pytest.fixture(scope="module")
def unusual(two_years: pd.DataFrame) -> pd.DataFrame:
    """Rows as they are, rows with unknown inputs, and rows of sites that no model was fitted on."""
    rows = two_years.sample(400, random_state=5)
    holes = rows.copy()
    can_be_null = [name for name in INPUTS if name in holes and "28d" not in name and holes[name].dtype == np.float32]
    holes[can_be_null] = holes[can_be_null].mask(np.random.default_rng(1).random((len(holes), len(can_be_null))) < 0.5)
    levels = [name for name in can_be_null if name != "pm25_last_ugm3"]
    empty = rows.assign(**dict.fromkeys(levels, np.float32("nan")))
    return pd.concat([rows, holes, empty, rows.assign(site_id="060371103")], ignore_index=True)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_model_read_back_forecasts_the_same_bits_and_has_the_same_importance(
    family: str, fitted: dict[str, FittedModel], unusual: pd.DataFrame, tmp_path: Path
) -> None:
    write_directory(files_of(fitted[family]), tmp_path / "model")
    restored = model_of(files_in(tmp_path / "model"))

    assert restored.family == family
    before, after = fitted[family].predict(unusual), restored.predict(unusual)
    assert before.dtype == after.dtype
    assert before.tobytes() == after.tobytes()
    assert list(restored.importance().items()) == list(fitted[family].importance().items())


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_has_few_files_and_writes_the_same_bytes_again(family: str, fitted: dict[str, FittedModel]) -> None:
    files = files_of(fitted[family])

    assert sorted(files) == FILES[family]
    assert files_of(fitted[family]) == files


def test_the_same_fit_on_another_number_of_threads_gives_the_same_files(
    fitted: dict[str, FittedModel], two_years: pd.DataFrame
) -> None:
    again = fit_families(TrainingSet(two_years, seed=1, thread_count=1), FAMILIES)

    manifests = [{family: manifest_of(files_of(models[family])) for family in FAMILIES} for models in (fitted, again)]
    assert manifests[0] == manifests[1]


def test_a_blend_has_the_files_of_its_members(fitted: dict[str, FittedModel]) -> None:
    blend = files_of(fitted["blend"])
    members = files_of(fitted["ridge"]) | files_of(fitted["random_forest"]) | files_of(fitted["catboost"])

    assert {name: data for name, data in blend.items() if name != "model.json"} == {
        name: data for name, data in members.items() if name != "model.json"
    }
    read = model_of(blend).estimator
    assert isinstance(read, Blend)
    shared = {id(regression) for one in read.members for regression in corrections(one.estimator).values()}
    assert len(shared) == 3, "one site regression for each horizon, whatever the number of members"


def test_a_blend_with_a_network_reads_back_the_same_bits_and_refuses_weights_between_steps(
    two_years: pd.DataFrame, unusual: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neural_network, "STEPS", 40)
    monkeypatch.setattr(families, "MIN_EXAMPLES", 100)
    small = {"random_forest": {"n_estimators": 2}, "catboost": {"rounds": 10, "depth": 2}}
    blend = fit_families(TrainingSet(two_years, seed=1), ["blend"], params=small)["blend"]
    files = files_of(blend)

    assert set(files) == {*FILES["blend"], "neural_network.npz"}
    assert model_of(files).predict(unusual).tobytes() == blend.predict(unusual).tobytes()
    assert files_of(model_of(files))["neural_network.npz"] == files["neural_network.npz"]
    with np.load(io.BytesIO(files["neural_network.npz"]), allow_pickle=False) as stored:
        arrays = dict(stored)
    for changed in ({"weights_0_1d": arrays["weights_0_1d"] + 1e-9}, {"scale_2d": -arrays["scale_2d"]}):
        buffer = io.BytesIO()
        np.savez(buffer, **{**arrays, **changed})
        with pytest.raises(ModelRefused, match=r"weights_0_1d is not in whole steps|scale_2d has a number"):
            model_of({**files, "neural_network.npz": buffer.getvalue()})


def corrections(estimator: Estimator) -> object:
    assert isinstance(estimator, LearnedCorrection)
    return estimator.site_regressions


def test_the_description_is_json_that_a_person_can_read(fitted: dict[str, FittedModel]) -> None:
    described = json.loads(files_of(fitted["blend"])["model.json"])

    assert described["format"] == "airwatch model"
    assert described["format_version"] == 1
    assert described["members"] == {"ridge": 0.5, "random_forest": 0.25, "catboost": 0.25}
    assert described["horizons_days"] == [1, 2, 3]
    assert described["inputs"][:2] == ["pm25_lag_0d_ugm3", "pm25_lag_1d_ugm3"]
    climatology = fitted["climatology"].estimator
    assert isinstance(climatology, Climatology)
    assert json.loads(files_of(fitted["climatology"])["model.json"])["overall"] == climatology.overall


def test_other_tools_read_the_arrays_without_pickles(fitted: dict[str, FittedModel], tmp_path: Path) -> None:
    from catboost import CatBoostRegressor

    write_directory(files_of(fitted["blend"]), tmp_path / "model")
    with np.load(tmp_path / "model" / "random_forest.npz", allow_pickle=False) as arrays:
        assert len(arrays["roots_1d"]) == 20
    trees = CatBoostRegressor().load_model(tmp_path / "model" / "catboost_2d.cbm")
    assert trees.tree_count_ > 0


def test_the_manifest_is_the_sha256_of_every_file(fitted: dict[str, FittedModel]) -> None:
    files = files_of(fitted["ridge"])
    digests = {name: {"bytes": len(d), "sha256": hashlib.sha256(d).hexdigest()} for name, d in files.items()}

    assert json.loads(manifest_of(files)) == digests
    assert manifest_of(dict(reversed(files.items()))) == manifest_of(files)


def test_a_blend_of_models_that_were_not_fitted_together_is_not_written(
    fitted: dict[str, FittedModel],
) -> None:
    blend = fitted["blend"].estimator
    assert isinstance(blend, Blend)
    ridge = blend.members[0].estimator
    assert isinstance(ridge, LearnedCorrection)
    other = replace(ridge, baseline=DampedPersistence((0.25,) * 7))
    mixed = Blend((FittedModel("ridge", other), *blend.members[1:]), blend.weights)

    with pytest.raises(ValueError, match="random_forest was not fitted together with ridge"):
        files_of(FittedModel("blend", mixed))


def test_an_estimator_of_no_family_is_not_written() -> None:
    class Constant:
        def predict(self, examples: pd.DataFrame) -> np.ndarray:
            return np.zeros(len(examples))

        def importance(self) -> dict[str, float]:
            return {}

    with pytest.raises(TypeError, match="Constant is the estimator of no family"):
        files_of(FittedModel("ridge", Constant()))
