"""Files that are not those of a model: each is refused in one sentence with file and fix, and nothing in it runs."""

import contextlib
import io
import json
import os
import pickle
import random
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from airwatch_dagster.errors import ModelRefused
from airwatch_dagster.fit.model_directory.manifest import manifest_of, records_of, verified
from airwatch_dagster.fit.model_directory.reading import files_in, model_of
from airwatch_dagster.fit.model_directory.writing import files_of, write_directory
from airwatch_dagster.fit.models.families import FittedModel

ran: list[str] = []
"""What code from a file has left behind."""


class Malicious:
    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return ran.append, ("code of a file ran",)


@pytest.fixture(autouse=True)
def nothing_ran() -> Iterator[None]:
    ran.clear()
    yield
    assert ran == []


@pytest.fixture(scope="module")
def blend(fitted: dict[str, FittedModel]) -> dict[str, bytes]:
    return files_of(fitted["blend"])


def refused(files: dict[str, bytes]) -> str:
    """The sentence that refuses these files."""
    with pytest.raises(ModelRefused) as caught:
        model_of(files)
    assert "\n" not in str(caught.value)
    assert caught.value.fix
    return str(caught.value)


def described(files: dict[str, bytes], **changes: Any) -> dict[str, bytes]:
    """The files with other values in model.json; a value of None takes the key away."""
    content = {**json.loads(files["model.json"]), **changes}
    kept = {name: value for name, value in content.items() if value is not None}
    return {**files, "model.json": json.dumps(kept).encode()}


def arrays_of(data: bytes) -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return dict(arrays)


def with_arrays(files: dict[str, bytes], name: str, **changes: Any) -> dict[str, bytes]:
    """The files with other arrays in one of them, or without those that are None."""
    arrays = {**arrays_of(files[name]), **changes}
    buffer = io.BytesIO()
    np.savez(buffer, **{one: array for one, array in arrays.items() if array is not None})
    return {**files, name: buffer.getvalue()}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format": "mlflow"}, "is not a description of a model"),
        (
            {"format_version": 2},
            "has the format version '2', and this AirWatch reads 1. Use the AirWatch that wrote it",
        ),
        ({"family": "oracle"}, "has the family 'oracle', which this AirWatch does not know"),
        ({"family": ["ridge"]}, "which this AirWatch does not know"),
        ({"family": "ridge"}, "members are not those of the family"),
        ({"members": {"blend": 1.0}}, "is damaged: members.blend"),
        ({"members": {"ridge": "much"}}, "is damaged: members.ridge Input should be a valid number"),
        ({"damping": [0.5]}, "damping has 1 numbers, not 7"),
        ({"damping": None}, "damping Field required"),
        ({"damping": [0.5] * 6 + [True]}, "is damaged: damping.6"),
        ({"inputs": ["latitude"]}, "is of a model with other inputs than this AirWatch has"),
        ({"weather": ["weather_in_hell"]}, "weather has an unknown input"),
        ({"weather_needed": {"1": ["weather_is_rain"]}}, "weather_needed is not among weather"),
        ({"weather": ["weather_is_rain"], "weather_needed": {"1": []}}, "weather_needed is not for each horizon"),
        ({"weather_values_change": {"9": [1.0, 1.0]}}, "weather_values_change has an unknown horizon"),
        ({"horizons_days": [3, 2, 1]}, "horizons_days are not those of AirWatch"),
        ({"horizons_days": [1, 2, 3, 4]}, "horizons_days are not those of AirWatch"),
        ({"values_change": {"1": [1.0]}}, "values_change is not for each horizon"),
        ({"loader_module": "os"}, "is damaged: loader_module Extra inputs are not permitted"),
    ],
)
def test_a_description_that_is_not_as_documented(blend: dict[str, bytes], changes: Any, said: str) -> None:
    sentence = refused(described(blend, **changes))

    assert sentence.startswith("model.json: ")
    assert said in sentence


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b"9" * 5000, pickle.dumps(Malicious())],
    ids=["empty", "cut", "list", "null", "binary", "deep", "digits", "pickle"],
)
def test_a_description_that_is_no_object(blend: dict[str, bytes], text: bytes) -> None:
    assert refused({**blend, "model.json": text}).startswith("model.json: is not")


def test_numbers_that_are_not_finite_are_refused(fitted: dict[str, FittedModel]) -> None:
    files = files_of(fitted["climatology"])

    assert "is damaged: overall" in refused(described(files, overall=float("nan")))
    assert "is damaged: by_season.0" in refused(described(files, by_season=[float("inf"), 0.0, 0.0, 0.0]))
    assert "is damaged: by_site_season.1703" in refused(described(files, by_site_season={"1703": {"4": 1.0}}))


FIRST = np.zeros(1, dtype=np.int64)


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("ridge.npz", {"mean_1d": None}, "mean_1d is missing"),
        ("ridge.npz", {"mean_1d": np.zeros(3)}, "mean_1d has the shape (3,) instead of "),
        ("ridge.npz", {"mean_1d": np.zeros((86, 1))}, "mean_1d has the shape (86, 1)"),
        ("ridge.npz", {"intercept_2d": np.float32(1.0)}, "intercept_2d has the type float32 instead of float64"),
        ("ridge.npz", {"intercept_2d": np.float64("nan")}, "intercept_2d has values that are not finite"),
        ("ridge.npz", {"scale_3d": np.zeros(86)}, "scale_3d has a number that is not positive"),
        ("ridge.npz", {"more": np.zeros(2)}, "more is not an array of this file"),
        ("site_regressions.npz", {"site_ids_1d": np.array(["a"] * 5)}, "site_ids_1d is not a list of different texts"),
        ("site_regressions.npz", {"site_ids_1d": np.array(["a", "b"])}, "deviations_1d has the shape"),
        ("site_regressions.npz", {"pooled_1d": np.zeros(7)}, "pooled_1d has the shape (7,)"),
        ("random_forest.npz", {"roots_1d": FIRST[:0]}, "roots_1d are not the first nodes of trees"),
        ("random_forest.npz", {"roots_1d": FIRST + 1}, "roots_1d are not the first nodes of trees"),
        ("random_forest.npz", {"impurity_decrease_1d": np.zeros(2)}, "impurity_decrease_1d has the shape (2,)"),
    ],
)
def test_arrays_that_are_not_as_documented(blend: dict[str, bytes], name: str, changes: Any, said: str) -> None:
    sentence = refused(with_arrays(blend, name, **changes))

    assert sentence.startswith(f"{name}: is damaged: ")
    assert said in sentence


@pytest.mark.parametrize("side", ["left_1d", "right_1d"])
@pytest.mark.parametrize("target", [-1, 0, 10**9, "the next tree"])
def test_a_node_that_leads_back_or_out_of_its_tree(blend: dict[str, bytes], side: str, target: Any) -> None:
    """Otherwise a forecast would never end, or read memory that is not the model's."""
    arrays = arrays_of(blend["random_forest.npz"])
    inner = int(np.flatnonzero(arrays[side] != np.arange(len(arrays[side])))[1])
    arrays[side][inner] = arrays["roots_1d"][1] if target == "the next tree" else target

    assert f"{side} leads out of its tree" in refused(with_arrays(blend, "random_forest.npz", **{side: arrays[side]}))


@pytest.mark.parametrize("column", [-1, 86, 32_767])
def test_a_node_that_reads_no_input(blend: dict[str, bytes], column: int) -> None:
    feature = arrays_of(blend["random_forest.npz"])["feature_2d"]
    feature[3] = column

    assert "feature_2d is not an input" in refused(with_arrays(blend, "random_forest.npz", feature_2d=feature))


def test_a_pickle_in_place_of_arrays_does_not_run(blend: dict[str, bytes]) -> None:
    objects = np.array([Malicious()], dtype=object)

    for name in ("ridge.npz", "random_forest.npz", "site_regressions.npz"):
        assert "not a readable .npz file without pickles" in refused(with_arrays(blend, name, mean_1d=objects))
        assert "not a readable .npz file" in refused({**blend, name: pickle.dumps(Malicious())})
    assert "is not a file of CatBoost" in refused({**blend, "catboost_1d.cbm": pickle.dumps(Malicious())})


def npy(header: bytes) -> bytes:
    """An .npz file with one array of this header."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("mean_1d.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': (9000000000000,)}\n"),
        npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}\n"),
        npy(b"{'descr': '|O', 'fortran_order': False, 'shape': (1,)}\n"),
        npy(b"__import__('os').system('true')\n"),
        npy(b"{'descr': " + b"[" * 5000 + b"}\n"),
    ],
    ids=["terabytes", "negative", "objects", "code", "deep"],
)
def test_a_header_that_lies_asks_for_no_memory_and_runs_nothing(blend: dict[str, bytes], data: bytes) -> None:
    assert "ridge.npz: is not a readable .npz file" in refused({**blend, "ridge.npz": data})


def test_compressed_arrays_are_refused_before_they_are_unpacked(blend: dict[str, bytes]) -> None:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, mean_1d=np.zeros(50_000_000, dtype=np.uint8))

    assert len(buffer.getvalue()) < 100_000
    assert "is not a readable .npz file" in refused({**blend, "ridge.npz": buffer.getvalue()})


def test_a_catboost_model_of_other_inputs_is_refused(blend: dict[str, bytes], tmp_path: Path) -> None:
    from catboost import CatBoostRegressor

    small = CatBoostRegressor(iterations=2, verbose=False, allow_writing_files=False)
    small.fit(np.arange(20.0).reshape(10, 2), np.arange(10.0))
    small.save_model(tmp_path / "small.cbm")
    data = (tmp_path / "small.cbm").read_bytes()

    assert "catboost_2d.cbm: has 2 trees on 2 inputs instead of 86" in refused({**blend, "catboost_2d.cbm": data})
    cut, longer = data[: len(data) // 2], data + b"."
    assert f"has {len(cut):,} bytes, and {len(data):,} by its own header" in refused({**blend, "catboost_2d.cbm": cut})
    assert "by its own header" in refused({**blend, "catboost_2d.cbm": longer})
    assert "by its own header" in refused({**blend, "catboost_2d.cbm": data[:5]})
    nothing = data[:8] + bytes(len(data) - 8)
    assert "cannot be read by CatBoost" in refused({**blend, "catboost_2d.cbm": nothing})


@pytest.mark.parametrize("name", ["ridge.npz", "random_forest.npz", "site_regressions.npz", "catboost_3d.cbm"])
def test_a_missing_file_and_a_truncated_one_are_named(blend: dict[str, bytes], name: str) -> None:
    without = {other: data for other, data in blend.items() if other != name}

    assert refused(without).startswith(f"{name}: is missing. Restore the file from a backup")
    for share in (0.0, 0.5, 0.99):
        assert refused({**blend, name: blend[name][: int(share * len(blend[name]))]}).startswith(f"{name}: ")


def test_a_file_that_no_family_has_is_refused(blend: dict[str, bytes], fitted: dict[str, FittedModel]) -> None:
    assert refused({**blend, "more.npz": b""}).startswith("more.npz: is not a file of blend")
    both = {**files_of(fitted["persistence"]), "ridge.npz": blend["ridge.npz"]}
    assert refused(both).startswith("ridge.npz: is not a file of persistence")


def test_any_changed_bytes_give_a_model_or_one_sentence(fitted: dict[str, FittedModel]) -> None:
    """Without their hashes, which are checked before: the readers themselves never fail with an error of another's."""
    dice = random.Random(7)
    read = tried = 0
    for family in ("ridge", "random_forest", "climatology"):
        files = files_of(fitted[family])
        for _ in range(60):
            name = dice.choice(sorted(files))
            data = bytearray(files[name])
            for _ in range(dice.choice([1, 3, 30])):
                data[dice.randrange(min(len(data), dice.choice([300, 10**9])))] = dice.randrange(256)
            with contextlib.suppress(ModelRefused):
                model_of({**files, name: bytes(data)})
                read += 1
            tried += 1
    assert 0 < read < tried, "some changes give another model, most do not"


@pytest.mark.parametrize("planted", ["python_model.pkl", "__init__.py", "..", "model.json/", "ridge.so", "UPPER.npz"])
def test_a_directory_with_anything_else_in_it_is_refused(blend: dict[str, bytes], tmp_path: Path, planted: str) -> None:
    write_directory(blend, tmp_path / "model")
    if planted == "..":
        (tmp_path / "model" / "up.npz").symlink_to(tmp_path)
    elif planted.endswith("/"):
        (tmp_path / "model" / "folder.json").mkdir()
    else:
        (tmp_path / "model" / planted).write_bytes(pickle.dumps(Malicious()))

    with pytest.raises(ModelRefused, match="is not a file of a model"):
        model_of(files_in(tmp_path / "model"))


def test_a_link_out_of_the_directory_and_a_pipe_are_not_read(blend: dict[str, bytes], tmp_path: Path) -> None:
    write_directory(blend, tmp_path / "model")
    own = tmp_path / "model" / "ridge.npz"
    own.rename(tmp_path / "elsewhere.npz")
    own.symlink_to(tmp_path / "elsewhere.npz")
    with pytest.raises(ModelRefused, match=r"ridge\.npz: is not a file of a model"):
        files_in(tmp_path / "model")

    own.unlink()
    os.mkfifo(own)
    with pytest.raises(ModelRefused, match=r"ridge\.npz: is not a file of a model"):
        files_in(tmp_path / "model")


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelRefused, match=r"gone: cannot be read \(no such file or directory\)"):
        files_in(tmp_path / "gone")


def test_a_changed_file_is_refused_by_its_record(blend: dict[str, bytes]) -> None:
    records = records_of(manifest_of(blend))
    swapped = blend["ridge.npz"][:-1] + b"!"

    assert verified("ridge.npz", blend["ridge.npz"], records["ridge.npz"]) == blend["ridge.npz"]
    with pytest.raises(ModelRefused, match=r"ridge\.npz: is not the file that was logged: its SHA-256 is not"):
        verified("ridge.npz", swapped, records["ridge.npz"])
    with pytest.raises(ModelRefused, match=r"ridge\.npz: has 3 bytes instead of"):
        verified("ridge.npz", b"PK\x03", records["ridge.npz"])


def listed(name: str = "model.json", size: Any = 1, sha256: str = "0" * 64) -> str:
    """A manifest of one file."""
    return json.dumps({name: {"bytes": size, "sha256": sha256}})


@pytest.mark.parametrize(
    "manifest",
    [
        *("", "[]", "{}", "null", '{"model.json":{}}', '{"model.json":7}'),
        *(listed(sha256=digest) for digest in ("G" * 64, "0" * 63, "")),
        *(listed(size=size) for size in (0, -1, True, 1.5, "1", 10**12)),
        *(listed(name) for name in ("../../etc/passwd.json", "/etc/passwd", "python_model.pkl", "a/b.npz", "MLmodel")),
        json.dumps({f"a{number}.npz": {"bytes": 1, "sha256": "0" * 64} for number in range(17)}),
    ],
)
def test_a_manifest_that_no_model_has_is_refused(manifest: str) -> None:
    with pytest.raises(ModelRefused, match="does not list names, sizes and SHA-256 of a model's files"):
        records_of(manifest)
