"""What a run of each job is given where every run is a container of its own: on Kubernetes and on ECS."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final


@dataclass(frozen=True)
class RunSize:
    """Processors and memory of the container of a run. Both are pairs that Fargate has."""

    cpus: int
    memory_gib: int


SMALL: Final = RunSize(1, 2)
DAY: Final = RunSize(1, 4)
MONTH: Final = RunSize(2, 8)
TRAINING: Final = RunSize(2, 16)
"""Training takes 5.4 GB for the whole nation without weather; the days and months of other jobs are a fraction of its
examples."""

RUN_SIZES: Final[Mapping[str, RunSize]] = MappingProxyType(
    {
        **dict.fromkeys(("archive_forecasts", "update_revisions"), SMALL),
        **dict.fromkeys(("refresh_monitors", "forecast_day", "issue_early"), DAY),
        **dict.fromkeys(("recheck_recent_days", "recheck_history", "update_coverage"), DAY),
        **dict.fromkeys(("reingest_days", "rebuild_examples", "close_month"), MONTH),
        **dict.fromkeys(("open_month", "tune_and_open_month"), TRAINING),
    }
)
"""Job → its size."""


def size_tags(job: str) -> dict[str, Any]:
    """Run tags that Dagster's K8sRunLauncher and EcsRunLauncher read; other launchers ignore them.

    A pod may use idle processors beyond its request, and never more memory: what is not there would end another pod.
    """
    size = RUN_SIZES[job]
    memory = f"{size.memory_gib}Gi"
    resources = {"requests": {"cpu": str(size.cpus), "memory": memory}, "limits": {"memory": memory}}
    return {
        "dagster-k8s/config": {"container_config": {"resources": resources}},
        "ecs/cpu": str(size.cpus * 1024),
        "ecs/memory": str(size.memory_gib * 1024),
    }
