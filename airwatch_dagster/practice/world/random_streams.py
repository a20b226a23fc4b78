"""Random streams: the draw of a seed, stream, day and item is the same whatever else is drawn.

So the air of a day does not depend on the range that is simulated, and the server's bytes do not depend on NumPy's
generators.
"""

import zlib

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


def uniform(seed: int, stream: str, *, days: Integers, items: Integers) -> Floats:
    """Uniform draws strictly between 0 and 1, one per day (rows) and item (columns).

    Source of the mixing function: splitmix64 (Steele, Lea and Flood, OOPSLA 2014).
    """
    start = _mixed(np.array([seed], dtype=np.int64).view(np.uint64) + np.uint64(zlib.crc32(stream.encode())))
    by_day = _mixed(start + np.asarray(days, dtype=np.int64).view(np.uint64))[:, None]
    bits = _mixed(by_day + np.asarray(items, dtype=np.int64).view(np.uint64)[None, :])
    return ((bits >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53


def normal(seed: int, stream: str, *, days: Integers, items: Integers) -> Floats:
    """Standard normal draws, one per day (rows) and item (columns). Source: Box and Muller (1958)."""
    radius = np.sqrt(-2.0 * np.log(uniform(seed, f"{stream}.radius", days=days, items=items)))
    return radius * np.cos(2.0 * np.pi * uniform(seed, f"{stream}.angle", days=days, items=items))


def _mixed(bits: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    bits = (bits + _GOLDEN) * _GOLDEN
    bits = (bits ^ (bits >> np.uint64(30))) * _MIX_1
    bits = (bits ^ (bits >> np.uint64(27))) * _MIX_2
    return bits ^ (bits >> np.uint64(31))
