"""Named arrays as one uncompressed ``.npz`` file, read without pickles, every size checked before it is used."""

import io
import re
import struct
import zipfile
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from airwatch_dagster.errors import ModelRefused
from airwatch_dagster.fit.model_directory.manifest import RESTORE

MAX_ARRAYS: Final = 64
"""Arrays of one file; a forest has seven for each horizon."""

_NPY: Final = ".npy"

_MAGIC: Final = b"\x93NUMPY\x01\x00"

_HEADER: Final = re.compile(
    re.escape(_MAGIC)
    + rb"(..)\{'descr': '([<|][fiU]\d{1,3})', 'fortran_order': False, 'shape': \(([\d, ]{0,60})\), \} *\n",
    re.DOTALL,
)
"""What NumPy writes before the bytes of a plain array. Source: numpy.lib.format, version 1.0."""

_UNREADABLE: Final = (
    zipfile.BadZipFile,
    ValueError,
    RuntimeError,
    EOFError,
    OSError,
    KeyError,
    OverflowError,
    struct.error,
)
"""What ``zipfile`` and NumPy raise for bytes that are not theirs."""


def encoded(arrays: Mapping[str, np.ndarray]) -> bytes:
    """The arrays as a ``.npz`` file, the same bytes for the same arrays. Raises ValueError for arrays of objects."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


class Arrays:
    """The arrays of a ``.npz`` file; whatever is not as expected raises ModelRefused with the file and the array."""

    def __init__(self, data: bytes, *, file: str) -> None:
        self._file = file
        try:
            self._arrays = _decoded(data)
        except _UNREADABLE as error:
            problem = f"is not a readable .npz file without pickles ({' '.join(str(error).split())[:80]})"
            raise self._refusal(problem) from None

    def numbers(self, name: str, dtype: str, *shape: int | None) -> np.ndarray:
        """An array of finite numbers of this dtype and shape, read-only; None in ``shape`` stands for any length."""
        array = self._array(name, shape)
        if array.dtype != np.dtype(dtype):
            raise self.refusal(name, f"has the type {array.dtype} instead of {np.dtype(dtype)}")
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise self.refusal(name, "has values that are not finite")
        return array

    def texts(self, name: str) -> list[str]:
        """A list of different, filled texts."""
        array = self._array(name, (None,))
        texts = array.tolist() if array.dtype.kind == "U" else []
        if len(texts) != len(array) or not all(texts) or len(set(texts)) != len(texts):
            raise self.refusal(name, "is not a list of different texts")
        return texts

    def require(self, holds: Any, name: str, problem: str) -> None:
        """Raise ModelRefused about one array unless the condition holds."""
        if not holds:
            raise self.refusal(name, problem)

    def require_all_used(self, names: set[str]) -> None:
        """Raise ModelRefused when the file has other arrays than these."""
        if unknown := sorted(set(self._arrays) - names):
            raise self.refusal(unknown[0], "is not an array of this file")

    def refusal(self, name: str, problem: str) -> ModelRefused:
        """The error about one array."""
        return self._refusal(f"is damaged: {name} {problem}")

    def _refusal(self, problem: str) -> ModelRefused:
        return ModelRefused(self._file, problem, fix=RESTORE)

    def _array(self, name: str, shape: tuple[int | None, ...]) -> np.ndarray:
        if name not in self._arrays:
            raise self.refusal(name, "is missing")
        array = self._arrays[name]
        is_fitting = array.ndim == len(shape) and all(
            want in (None, has) for want, has in zip(shape, array.shape, strict=True)
        )
        if not is_fitting:
            wanted = " × ".join("any" if want is None else str(want) for want in shape) or "a single number"
            raise self.refusal(name, f"has the shape {array.shape} instead of {wanted}")
        return array


def _decoded(data: bytes) -> dict[str, np.ndarray]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
        if not 0 < len(members) <= MAX_ARRAYS:
            raise ValueError(f"{len(members)} arrays")
        # Stored as they are, members take no more memory than the file.
        if any(one.compress_type != zipfile.ZIP_STORED or one.file_size > len(data) for one in members):
            raise ValueError("compressed arrays")
        names = [one.filename.removesuffix(_NPY) for one in members]
        if len(set(names)) != len(names) or not all(one.filename.endswith(_NPY) for one in members):
            raise ValueError("names of arrays")
        return {name: _array(archive.read(one)) for name, one in zip(names, members, strict=True)}


def _array(member: bytes) -> np.ndarray:
    """A ``.npy`` member over its own bytes, so that a false shape asks for no memory; its header is not evaluated."""
    header = _HEADER.match(member)
    if header is None or len(header[0]) != len(_MAGIC) + 2 + int.from_bytes(header[1], "little"):
        raise ValueError("the header of an array")
    shape = [int(length) for length in header[3].decode().split(",") if length.strip()]
    return np.frombuffer(member, dtype=np.dtype(header[2].decode()), offset=header.end()).reshape(shape)
