"""The arrays of a learned family by horizon: site regressions, ridge, forests, networks, and CatBoost's own files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np

from airwatch_dagster.errors import ModelRefused
from airwatch_dagster.fit.model_directory.arrays import Arrays, encoded
from airwatch_dagster.fit.model_directory.manifest import RESTORE
from airwatch_dagster.fit.models.boosted_trees import BoostedTrees
from airwatch_dagster.fit.models.neural_network import HIDDEN, NETWORKS, NeuralNetwork, whole
from airwatch_dagster.fit.models.random_forest import RandomForest
from airwatch_dagster.fit.models.ridge import StandardisedRidge
from airwatch_dagster.fit.models.site_regression import SiteRegression, design_columns

SITE_REGRESSIONS_FILE: Final = "site_regressions.npz"
RIDGE_FILE: Final = "ridge.npz"
FOREST_FILE: Final = "random_forest.npz"
NETWORK_FILE: Final = "neural_network.npz"

_CBM_MAGIC: Final = b"CBM1"
_CBM_HEADER_BYTES: Final = 8  # the magic, then the length of what follows


def boosted_file(horizon: int, of: str = "catboost") -> str:
    """Name of the file with CatBoost's model of a horizon: of the family, or of the correction by ``weather``."""
    return f"{of}_{horizon}d.cbm"


def site_regressions_bytes(regressions: Mapping[int, SiteRegression]) -> bytes:
    """``site_regressions.npz``."""
    arrays = {}
    for horizon, one in regressions.items():
        arrays[f"pooled_{horizon}d"] = one.pooled
        arrays[f"site_ids_{horizon}d"] = np.array(list(one.deviations), dtype=str)
        arrays[f"deviations_{horizon}d"] = np.reshape([*one.deviations.values()], (-1, len(one.pooled))).astype(float)
    return encoded(arrays)


def site_regressions_of(data: bytes, horizons: Sequence[int]) -> dict[int, SiteRegression]:
    """The regression of each horizon. Raises ModelRefused for other arrays."""
    arrays, columns, found = Arrays(data, file=SITE_REGRESSIONS_FILE), design_columns(), {}
    for horizon in horizons:
        sites = arrays.texts(f"site_ids_{horizon}d")
        deviations = arrays.numbers(f"deviations_{horizon}d", "<f8", len(sites), columns)
        pooled = arrays.numbers(f"pooled_{horizon}d", "<f8", columns)
        found[horizon] = SiteRegression(pooled, dict(zip(sites, deviations, strict=True)))
    arrays.require_all_used({f"{name}_{h}d" for name in ("site_ids", "deviations", "pooled") for h in horizons})
    return found


_RIDGE: Final = ("mean", "scale", "coefficients", "intercept")


def ridge_bytes(corrections: Mapping[int, StandardisedRidge]) -> bytes:
    """``ridge.npz``."""
    return encoded(
        {
            f"{name}_{horizon}d": np.asarray(getattr(one, name), dtype=float)
            for horizon, one in corrections.items()
            for name in _RIDGE
        }
    )


def ridge_of(data: bytes, horizons: Sequence[int], *, columns: int) -> dict[int, StandardisedRidge]:
    """The ridge regression of each horizon. Raises ModelRefused for other arrays."""
    arrays, found = Arrays(data, file=RIDGE_FILE), {}
    for horizon in horizons:
        mean, scale, coefficients = (arrays.numbers(f"{name}_{horizon}d", "<f8", columns) for name in _RIDGE[:3])
        arrays.require((scale > 0).all(), f"scale_{horizon}d", "has a number that is not positive")
        intercept = float(arrays.numbers(f"intercept_{horizon}d", "<f8"))
        found[horizon] = StandardisedRidge(mean, scale, coefficients, intercept)
    arrays.require_all_used({f"{name}_{horizon}d" for name in _RIDGE for horizon in horizons})
    return found


_FOREST: Final = {
    "roots": "<i8",
    "feature": "<i2",
    "threshold": "<f4",
    "left": "<i4",
    "right": "<i4",
    "value": "<f8",
    "impurity_decrease": "<f8",
}


def forest_bytes(corrections: Mapping[int, RandomForest]) -> bytes:
    """``random_forest.npz``."""
    return encoded(
        {f"{name}_{horizon}d": getattr(one, name) for horizon, one in corrections.items() for name in _FOREST}
    )


def forest_of(data: bytes, horizons: Sequence[int], *, columns: int) -> dict[int, RandomForest]:
    """The forest of each horizon. Raises ModelRefused for other arrays, and for nodes that are no trees."""
    arrays = Arrays(data, file=FOREST_FILE)
    found = {horizon: _forest(arrays, horizon, columns) for horizon in horizons}
    arrays.require_all_used({f"{name}_{horizon}d" for name in _FOREST for horizon in horizons})
    return found


def _forest(arrays: Arrays, horizon: int, columns: int) -> RandomForest:
    nodes = len(arrays.numbers(f"value_{horizon}d", "<f8", None))
    lengths = {"roots": None, "impurity_decrease": columns}
    one = RandomForest(
        *(arrays.numbers(f"{name}_{horizon}d", dtype, lengths.get(name, nodes)) for name, dtype in _FOREST.items())
    )
    own, ends = np.arange(nodes), np.append(one.roots, nodes)
    are_roots = len(one.roots) > 0 and one.roots[0] == 0 and (np.diff(ends) > 0).all()
    arrays.require(are_roots, f"roots_{horizon}d", "are not the first nodes of trees")
    last = np.repeat(ends[1:], np.diff(ends))
    # A node leads further in its own tree or, being a leaf, to itself: every walk ends.
    for side in ("left", "right"):
        following = getattr(one, side)
        is_tree = ((following == own) == (one.left == own)) & (following >= own) & (following < last)
        arrays.require(is_tree.all(), f"{side}_{horizon}d", "leads out of its tree")
    is_input = (one.feature >= 0) & (one.feature < columns)
    arrays.require(is_input.all(), f"feature_{horizon}d", "is not an input")
    return one


_SCALES: Final = ("mean", "scale")
_SIZES: Final = (*HIDDEN, 1)
_LAYERED: Final = tuple((part, layer) for part in ("weights", "biases") for layer in range(len(_SIZES)))


def network_bytes(corrections: Mapping[int, NeuralNetwork]) -> bytes:
    """``neural_network.npz``."""
    arrays: dict[str, np.ndarray] = {}
    for horizon, one in corrections.items():
        arrays |= {f"{name}_{horizon}d": getattr(one, name) for name in _SCALES}
        arrays |= {f"{part}_{layer}_{horizon}d": getattr(one, part)[layer] for part, layer in _LAYERED}
    return encoded(arrays)


def network_of(data: bytes, horizons: Sequence[int], *, columns: int) -> dict[int, NeuralNetwork]:
    """The networks of each horizon. Raises ModelRefused for other arrays, and for weights that are not in whole steps
    within their limit."""
    arrays = Arrays(data, file=NETWORK_FILE)
    found = {horizon: _network(arrays, horizon, columns) for horizon in horizons}
    names = {*_SCALES, *(f"{part}_{layer}" for part, layer in _LAYERED)}
    arrays.require_all_used({f"{name}_{horizon}d" for name in names for horizon in horizons})
    return found


def _network(arrays: Arrays, horizon: int, columns: int) -> NeuralNetwork:
    mean, scale = (arrays.numbers(f"{name}_{horizon}d", "<f8", columns) for name in _SCALES)
    arrays.require((scale > 0).all(), f"scale_{horizon}d", "has a number that is not positive")
    parts: dict[str, list[np.ndarray]] = {"weights": [], "biases": []}
    for part, layer in _LAYERED:
        shape = (NETWORKS, (columns, *HIDDEN)[layer], _SIZES[layer])[:: 1 if part == "weights" else 2]
        values = arrays.numbers(f"{part}_{layer}_{horizon}d", "<f8", *shape)
        arrays.require((values == whole(values)).all(), f"{part}_{layer}_{horizon}d", "is not in whole steps")
        parts[part].append(values)
    return NeuralNetwork(mean, scale, tuple(parts["weights"]), tuple(parts["biases"]))


def boosted_bytes(one: BoostedTrees) -> bytes:
    """CatBoost's model in CatBoost's own format."""
    with TemporaryDirectory(prefix="airwatch-") as folder:
        path = Path(folder) / "model.cbm"
        one.model.save_model(str(path), format="cbm")
        return path.read_bytes()


def boosted_of(data: bytes, *, file: str, values_change: Sequence[float]) -> BoostedTrees:
    """The boosted trees in CatBoost's format, for as many inputs as ``values_change`` has. Raises ModelRefused for
    anything else, with the name of the ``file``."""
    from catboost import CatBoostError, CatBoostRegressor

    fix = RESTORE
    if not data.startswith(_CBM_MAGIC):
        raise ModelRefused(file, "is not a file of CatBoost", fix=fix)
    # Of a file that is cut CatBoost's own check reads memory beyond it, which may end the process.
    whole = _CBM_HEADER_BYTES + int.from_bytes(data[len(_CBM_MAGIC) : _CBM_HEADER_BYTES], "little")
    if len(data) != whole:
        raise ModelRefused(file, f"has {len(data):,} bytes, and {whole:,} by its own header", fix=fix)
    try:
        model: Any = CatBoostRegressor().load_model(blob=data)
        columns, trees, categories = len(model.feature_names_), model.tree_count_, model.get_cat_feature_indices()
        tried = model.predict(np.zeros((1, len(values_change)), dtype=np.float32))
    except (CatBoostError, ValueError, KeyError, TypeError, AttributeError) as error:
        problem = f"cannot be read by CatBoost ({' '.join(str(error).split())[:80]})"
        raise ModelRefused(file, problem, fix=fix) from None
    if columns != len(values_change) or not trees or categories or not np.isfinite(tried).all():
        problem = f"has {trees} trees on {columns} inputs instead of {len(values_change)}"
        raise ModelRefused(file, problem, fix=fix)
    return BoostedTrees(model, np.asarray(values_change, dtype=float))
