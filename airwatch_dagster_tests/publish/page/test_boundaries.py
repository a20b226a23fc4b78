import json

import pytest

from airwatch_dagster.publish.page.boundaries import outlines

TOPOLOGY = {
    "transform": {"scale": [0.01, 0.01], "translate": [-90.0, 40.0]},
    "arcs": [
        [[0, 0], [0, 100]],
        [[0, 100], [100, 0], [0, -100], [-100, 0]],
        [[500, 500], [1, 0], [0, 1], [-1, -1]],
    ],
    "objects": {
        "counties": {"geometries": [{"type": "Polygon", "arcs": [[0, 1]]}]},
        "states": {
            "geometries": [
                {"type": "MultiPolygon", "id": "17", "arcs": [[[~0, 1]], [[2]]]},
                {"type": "Polygon", "id": "60", "arcs": [[2]]},
            ]
        },
    },
}


def test_points_are_steps_of_the_grid_and_small_islands_are_gone() -> None:
    made = outlines(TOPOLOGY, {"17": "IL"})

    assert made["lines"][0] == [-18000, 8000, 0, 200]
    assert made["states"] == {"IL": [[-1, 1]]}
    assert len(made["lines"]) == made["outer"] == 2


def test_a_border_between_counties_comes_after_those_of_states() -> None:
    inner = {"type": "Polygon", "arcs": [[3, 0]]}
    topology = {
        **TOPOLOGY,
        "arcs": [*TOPOLOGY["arcs"], [[10, 10], [40, 0], [0, 40]]],
        "objects": {**TOPOLOGY["objects"], "counties": {"geometries": [inner]}},
    }

    made = outlines(topology, {"17": "IL"})

    assert (made["outer"], made["lines"][2]) == (2, [-17980, 8020, 80, 0, 0, 80])


@pytest.mark.parametrize("part", ["lines", "states", "outer", "step_degrees"])
def test_the_content_can_be_stored(part: str) -> None:
    made = outlines(TOPOLOGY, {"17": "IL"})

    assert json.loads(json.dumps(made))[part] == made[part]
