"""Paths of SVG in few bytes: whole numbers, each point as the difference from the one before."""

from collections.abc import Iterable, Sequence

Point = tuple[float, float]


def line(points: Sequence[Point], *, closed: bool = False) -> str:
    """A path through ``points``, rounded to whole units; repeated points are left out."""
    rounded = [(round(x), round(y)) for x, y in points]
    if not rounded:
        return ""
    steps, (x, y) = [], rounded[0]
    for to_x, to_y in rounded[1:]:
        if (to_x, to_y) != (x, y):
            steps += [to_x - x, to_y - y]
            x, y = to_x, to_y
    if not steps:
        return f"M{rounded[0][0]} {rounded[0][1]}h0"
    return f"M{rounded[0][0]} {rounded[0][1]}l{_joined(steps)}{'z' if closed else ''}"


def lines(runs: Iterable[Sequence[Point]]) -> str:
    """One path of several pieces."""
    return "".join(line(run) for run in runs)


def dots(points: Iterable[Point]) -> str:
    """Pieces of no length: the stroke's caps draw them, so that they stay round in a stretched picture."""
    return "".join(f"M{round(x)} {round(y)}h0" for x, y in points)


def band(lower: Sequence[Point], upper: Sequence[Point]) -> str:
    """The area between two lines."""
    return line([*upper, *reversed(lower)], closed=True)


def _joined(numbers: Sequence[int]) -> str:
    """Numbers with a space between, where no minus sign parts them."""
    written = [str(number) for number in numbers]
    return written[0] + "".join(one if one.startswith("-") else f" {one}" for one in written[1:])
