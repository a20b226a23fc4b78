"""Makes ``outlines/us.json`` from the TopoJSON of the npm package us-atlas.

    npm pack us-atlas && tar -xzf us-atlas-*.tgz
    python -m airwatch_dagster.publish.page.boundaries package/counties-10m.json

The file holds every border line once, so that neighbours share it: first the coasts and the borders of states, then the
borders between counties of one state. It is an object of four fields:

- ``step_degrees``: size of the grid on which all points lie;
- ``lines``: each ``[longitude, latitude, step, step, …]`` in steps from 0° east and 0° north: one point, then the
  differences from point to point;
- ``outer``: how many lines, from the first on, are coasts and borders of states;
- ``states``: postal abbreviation → rings, each a list of lines by position, ``-1 - position`` for one in reverse.
"""

import json
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from airwatch_dagster.acquire.aqs_codes import postal_codes

STEP_DEGREES: Final = 0.005
"""About 0.5 km, below one pixel on the map of a metropolitan area."""

SMALLEST_RING_DEGREES: Final = 0.03
"""An island smaller than this in both directions is left out: a dot of a pixel, and thousands of them."""

Line = list[tuple[int, int]]


def outlines(topology: dict[str, Any], postals: dict[str, str]) -> dict[str, Any]:
    """The content of ``outlines/us.json``; ``postals`` maps a state's code to its abbreviation."""
    lines = [_on_grid(arc, topology["transform"]) for arc in topology["arcs"]]
    states = {
        postals[state["id"]]: [ring for ring in _rings(state) if _size(ring, lines) >= SMALLEST_RING_DEGREES]
        for state in topology["objects"]["states"]["geometries"]
        if state["id"] in postals
    }
    outer = sorted({_position(arc) for rings in states.values() for ring in rings for arc in ring})
    of_counties = {
        _position(arc)
        for county in topology["objects"]["counties"]["geometries"]
        for ring in _rings(county)
        for arc in ring
        if _size(ring, lines) >= SMALLEST_RING_DEGREES
    }
    of_states = {
        _position(arc)
        for state in topology["objects"]["states"]["geometries"]
        for ring in _rings(state)
        for arc in ring
    }
    kept = [*outer, *sorted(of_counties - of_states)]
    place = {position: new for new, position in enumerate(kept)}
    return {
        "step_degrees": STEP_DEGREES,
        "outer": len(outer),
        "lines": [_differences(lines[position]) for position in kept],
        "states": {
            postal: [[place[arc] if arc >= 0 else -1 - place[-1 - arc] for arc in ring] for ring in rings]
            for postal, rings in sorted(states.items())
        },
    }


def _position(arc: int) -> int:
    """TopoJSON names a line in reverse by the complement of its position."""
    return arc if arc >= 0 else -1 - arc


def _on_grid(arc: list[list[int]], transform: dict[str, list[float]]) -> Line:
    """The points of a TopoJSON arc in steps, without repetitions; both ends stay."""
    (scale_x, scale_y), (shift_x, shift_y) = transform["scale"], transform["translate"]
    x = y = 0
    points: Line = []
    for step_x, step_y in arc:
        x, y = x + step_x, y + step_y
        point = (round((x * scale_x + shift_x) / STEP_DEGREES), round((y * scale_y + shift_y) / STEP_DEGREES))
        if not points or point != points[-1]:
            points.append(point)
    return points if len(points) > 1 else points * 2


def _rings(geometry: dict[str, Any]) -> list[list[int]]:
    polygons = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
    return [ring for polygon in polygons for ring in polygon]


def _size(ring: list[int], lines: list[Line]) -> float:
    """The longer side of the ring's bounding box in degrees."""
    points = [point for arc in ring for point in lines[_position(arc)]]
    return max(max(axis) - min(axis) for axis in zip(*points, strict=True)) * STEP_DEGREES


def _differences(line: Line) -> list[int]:
    steps = [(to[0] - start[0], to[1] - start[1]) for start, to in pairwise(line)]
    return [number for point in (line[0], *steps) for number in point]


def main() -> None:
    """Write the file beside this module from the one named on the command line."""
    topology = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    target = Path(__file__).parent / "outlines" / "us.json"
    target.write_text(json.dumps(outlines(topology, postal_codes()), separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
