"""Which way imports go, and what starting a run costs."""

import subprocess
import sys
from pathlib import Path

from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[2]
HEAVY = (
    "mlflow",
    "evidently",
    "catboost",
    "sklearn",
    "boto3",
    "matplotlib",
    "dagster_aws",
    "dagster_mlflow",
    "pyarrow.dataset",
    "optuna",
    "sqlalchemy",
    "grpc",
    "alembic",
)


def test_stages_import_earlier_stages_only_and_the_science_knows_no_orchestrator() -> None:
    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0


def test_definitions_load_nothing_heavy() -> None:
    code = (
        "import sys, airwatch_dagster.definitions as d;"
        "assert d.defs.resolve_asset_graph().get_all_asset_keys();"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)

    assert done.stdout == "[]\n", done.stderr


def test_the_science_loads_without_dagster() -> None:
    stages = ("figures", "watch", "verify", "forecast", "fit", "enrich", "clean", "acquire", "storage", "schemas")
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for stage in stages
        for path in sorted((ROOT / "airwatch_dagster" / stage).rglob("*.py"))
    ]
    code = f"import sys, {', '.join(modules)}; print([name for name in ('dagster', *{HEAVY!r}) if name in sys.modules])"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)

    assert done.stdout == "[]\n", done.stderr
