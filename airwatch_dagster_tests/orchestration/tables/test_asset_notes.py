"""How fresh an asset is and where to look at it, in its Overview."""

import re

import dagster as dg
import pytest

from airwatch_dagster.definitions import defs
from airwatch_dagster.orchestration.tables.asset_notes import FRESH, MAIN_PATH, SHOWN, described
from airwatch_dagster.schemas import TABLES


def test_every_table_says_how_fresh_it_is() -> None:
    assert set(FRESH) == set(TABLES)
    assert set(SHOWN) <= set(TABLES)


def test_notes_name_schedules_sensors_and_jobs_that_exist() -> None:
    repository = defs.get_repository_def()
    known = {one.name for one in (*repository.schedule_defs, *repository.sensor_defs, *repository.get_all_jobs())}

    named = {name for text in FRESH.values() for name in re.findall(r"`(\w+)`", text)}
    assert named - known == set()
    assert len(named) >= 8


@pytest.mark.parametrize("table", TABLES)
def test_an_overview_says_what_it_is_how_fresh_and_where_to_look(table: str) -> None:
    graph = defs.resolve_asset_graph()
    [node] = [node for node in graph.asset_nodes if node.key.to_user_string() == table]
    text = str(node.description)

    assert text.startswith(TABLES[table].description)
    assert f"**Up to date:** {FRESH[table]}." in text
    assert "**See:** " in text


def test_a_table_without_a_page_is_inspected() -> None:
    assert described("monitors", ("A monitor.", None)).endswith("**See:** `airwatch inspect monitors`.")


def test_the_main_path_can_be_selected_and_is_connected() -> None:
    graph = defs.resolve_asset_graph()
    tagged = dg.AssetSelection.tag("airwatch/path", "main").resolve(graph)

    assert {key.to_user_string() for key in tagged} == MAIN_PATH
    reached = dg.AssetSelection.assets("raw_readings", "champion_model").downstream().resolve(graph)
    assert tagged <= reached
