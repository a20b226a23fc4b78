"""AirWatch on Kubernetes and on ECS: what Dagster's launchers, its chart and AWS accept."""

import importlib
import json
from pathlib import Path
from typing import Any

import botocore.session
import dagster as dg
import pytest
import yaml
from botocore.validate import ParamValidator
from dagster._config import process_config, resolve_to_config_type
from dagster._core.instance.config import dagster_instance_config
from dagster_k8s.container_context import K8sContainerContext
from dagster_k8s.job import (
    DagsterK8sJobConfig,
    UserDefinedDagsterK8sConfig,
    construct_dagster_k8s_job,
    get_user_defined_k8s_config,
)
from dagster_k8s.models import k8s_model_from_dict, k8s_snake_case_dict
from kubernetes import client
from kubernetes.client import ApiClient

from airwatch_dagster.definitions import defs
from airwatch_dagster.orchestration.automation.jobs import JOBS
from airwatch_dagster.orchestration.automation.run_sizes import RUN_SIZES
from airwatch_dagster.orchestration.instance.ecs_launcher import WatchedEcsRunLauncher
from airwatch_dagster.orchestration.instance.kubernetes_launcher import WatchedK8sRunLauncher
from airwatch_dagster_tests.architecture.test_compose import SERVICES

ROOT = Path(__file__).parents[2]
ECS, HELM = ROOT / "deploy" / "ecs", ROOT / "deploy" / "helm"
TASKS = {path.stem: json.loads(path.read_text()) for path in sorted(ECS.glob("*.json"))}
VALUES: dict[str, Any] = yaml.safe_load((HELM / "values.yaml").read_text())
CODE = VALUES["dagster-user-deployments"]["deployments"][0]

CHART = {
    "": {
        *("global", "generatePostgresqlPasswordSecret", "generateCeleryConfigSecret", "postgresql", "dagsterWebserver"),
        *("dagsterDaemon", "concurrency", "runLauncher", "dagster-user-deployments", "computeLogManager", "retention"),
        *("telemetry", "serviceAccount", "ingress", "migrate", "additionalInstanceConfig", "pythonLogs", "scheduler"),
    },
    "runLauncher": {"type", "config"},
    "runLauncher.config": {"celeryK8sRunLauncher", "k8sRunLauncher", "customRunLauncher"},
    "runLauncher.config.customRunLauncher": {"module", "class", "config"},
    "concurrency": {"enabled", "pools", "runs"},
    "concurrency.pools": {"defaultLimit", "granularity", "opGranularityRunBuffer"},
    "concurrency.runs": {"maxConcurrentRuns", "tagConcurrencyLimits"},
    "dagsterDaemon": {
        *("enabled", "image", "runCoordinator", "heartbeatTolerance", "env", "envConfigMaps", "envSecrets", "labels"),
        *("deploymentLabels", "nodeSelector", "affinity", "tolerations", "podSecurityContext", "securityContext"),
        *("resources", "livenessProbe", "readinessProbe", "startupProbe", "annotations", "runMonitoring"),
        *("runRetries", "sensors", "schedules", "backfills", "schedulerName", "volumeMounts", "volumes"),
    },
    "dagsterDaemon.runCoordinator": {"enabled", "type", "config"},
    "dagsterDaemon.runCoordinator.config.customRunCoordinator": {"module", "class", "config"},
    "dagsterDaemon.runRetries": {"enabled", "maxRetries", "retryOnAssetOrOpFailure"},
    "dagsterDaemon.backfills": {"useThreads", "numWorkers", "numSubmitWorkers"},
}
"""Keys that the chart's sections have. Source: the models in helm/dagster/schema of github.com/dagster-io/dagster, most
of which forbid any other."""

FARGATE = {
    256: range(512, 2049, 512),
    512: range(1024, 4097, 1024),
    1024: range(2048, 8193, 1024),
    2048: range(4096, 16385, 1024),
}
"""CPU units → MiB of memory of a task. Source: Amazon ECS, task definition parameters for Fargate."""


def section(path: str) -> dict[str, Any]:
    found = VALUES
    for name in filter(None, path.split(".")):
        found = found[name]
    return found


def test_every_job_has_a_size_and_every_size_a_job() -> None:
    assert RUN_SIZES.keys() == {job.name for job in JOBS}


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_runs_of_a_job_get_their_size_from_both_launchers(job: Any) -> None:
    size = RUN_SIZES[job.name]
    tags = {name: value if isinstance(value, str) else json.dumps(value) for name, value in job.tags.items()}

    config = get_user_defined_k8s_config(tags)

    assert config.container_config["resources"]["limits"] == {"memory": f"{size.memory_gib}Gi"}
    assert config.container_config["resources"]["requests"]["cpu"] == str(size.cpus)
    assert int(tags["ecs/memory"]) in FARGATE[int(tags["ecs/cpu"])]
    assert config != UserDefinedDagsterK8sConfig()


def test_a_run_keeps_the_size_of_its_job() -> None:
    job = defs.resolve_job_def("open_month")

    assert job.run_tags["ecs/memory"] == "16384"


@pytest.mark.parametrize("path", CHART)
def test_the_chart_knows_every_key_of_the_values(path: str) -> None:
    assert section(path).keys() - CHART[path] == set()


def test_the_values_and_the_instance_of_ecs_agree_on_the_queue() -> None:
    instance = yaml.safe_load((ECS / "dagster.yaml").read_text())["concurrency"]
    shared = yaml.safe_load((ROOT / "deploy" / "dagster.yaml").read_text())["concurrency"]
    chart = VALUES["concurrency"]

    assert chart["enabled"] is True
    assert chart["runs"]["maxConcurrentRuns"] == instance["runs"]["max_concurrent_runs"]
    assert chart["runs"]["tagConcurrencyLimits"] == instance["runs"]["tag_concurrency_limits"]
    assert chart["pools"]["defaultLimit"] == instance["pools"]["default_limit"]
    assert instance["pools"] == shared["pools"], "EPA is asked by one run at a time, wherever runs are"
    assert {one["key"] for one in instance["runs"]["tag_concurrency_limits"]} == {
        one["key"] for one in shared["runs"]["tag_concurrency_limits"]
    }


def test_the_values_and_the_instance_of_ecs_say_the_same_of_runs() -> None:
    ecs, daemon = yaml.safe_load((ECS / "dagster.yaml").read_text()), VALUES["dagsterDaemon"]
    coordinator = section("dagsterDaemon.runCoordinator.config.customRunCoordinator")
    retries, monitoring = daemon["runRetries"], daemon["runMonitoring"]

    assert daemon["runCoordinator"]["type"] == "CustomRunCoordinator"
    assert getattr(importlib.import_module(coordinator["module"]), coordinator["class"]) is dg.QueuedRunCoordinator
    result = process_config(resolve_to_config_type(dg.QueuedRunCoordinator.config_type()), coordinator["config"])
    assert result.success, result.errors
    assert {name: coordinator["config"][name] for name in ecs["run_queue"]} == ecs["run_queue"]
    assert retries["retryOnAssetOrOpFailure"] is ecs["run_retries"]["retry_on_asset_or_op_failure"]
    assert retries["maxRetries"] == ecs["run_retries"]["max_retries"]
    assert monitoring["maxRuntimeSeconds"] == ecs["run_monitoring"]["max_runtime_seconds"]
    assert list(daemon["backfills"].values()) == [
        ecs["backfills"][name] for name in ("use_threads", "num_workers", "num_submit_workers")
    ]
    assert VALUES["additionalInstanceConfig"] == {name: ecs[name] for name in ("nux", "freshness", "auto_materialize")}


def job_of_a_run(tags: dict[str, str]) -> dict[str, Any]:
    """What Dagster's launcher asks Kubernetes for, with the launcher of the values and a run's tags."""
    config = section("runLauncher.config.customRunLauncher.config")
    shared = ("env_secrets", "volumes", "volume_mounts", "labels", "security_context", "image_pull_policy")
    launcher = K8sContainerContext(
        **{name: config[name] for name in shared},
        namespace=config["job_namespace"],
        service_account_name=config["service_account_name"],
        run_k8s_config=UserDefinedDagsterK8sConfig.from_dict(config["run_k8s_config"]),
    )
    of_run = launcher.merge(K8sContainerContext(run_k8s_config=get_user_defined_k8s_config(tags)))
    job = construct_dagster_k8s_job(
        DagsterK8sJobConfig(
            dagster_home=config["dagster_home"],
            instance_config_map=config["instance_config_map"],
            postgres_password_secret=config["postgres_password_secret"],
            job_image=f"{CODE['image']['repository']}:{CODE['image']['tag']}",
        ),
        args=["dagster", "api", "execute_run"],
        job_name="run",
        user_defined_k8s_config=of_run.run_k8s_config,
    )
    asked: dict[str, Any] = ApiClient().sanitize_for_serialization(job)
    return asked


@pytest.mark.parametrize(("job", "memory"), [(None, "16Gi"), ("archive_forecasts", "2Gi"), ("open_month", "16Gi")])
def test_the_pod_of_a_run_has_the_settings_of_the_code_server_and_the_memory_of_its_job(
    job: str | None, memory: str
) -> None:
    tags = {} if job is None else dict(defs.resolve_job_def(job).run_tags)

    pod = job_of_a_run(tags)["spec"]["template"]["spec"]

    [container] = pod["containers"]
    assert container["resources"]["limits"] == {"memory": memory}
    assert [one for one in container["env"] if one in CODE["env"]] == CODE["env"]
    assert container["envFrom"] == [{"secretRef": one} for one in CODE["envSecrets"]]
    assert [one for one in container["volumeMounts"] if one in CODE["volumeMounts"]] == CODE["volumeMounts"]
    assert [one for one in pod["volumes"] if one in CODE["volumes"]] == CODE["volumes"]
    assert container["securityContext"] == CODE["securityContext"]
    assert pod["securityContext"] == CODE["podSecurityContext"]


def test_the_memory_of_the_code_server_is_not_that_of_runs() -> None:
    """The chart passes it on with the other settings of the code server, and Dagster prefers it to the launcher's.
    Source: `dagsterUserDeployments.k8sContainerContext` in the chart, `K8sContainerContext.create_for_run`."""
    assert CODE["includeConfigInLaunchedRuns"] == {"enabled": False}


@pytest.mark.parametrize(
    "part", [VALUES["dagsterWebserver"], VALUES["dagsterDaemon"], CODE], ids=["webserver", "daemon", "code"]
)
def test_kubernetes_knows_every_field_of_the_pods(part: dict[str, Any]) -> None:
    """By the models that the Kubernetes client generates from the published OpenAPI definition."""
    fields = {
        "resources": client.V1ResourceRequirements,
        "securityContext": client.V1SecurityContext,
        "podSecurityContext": client.V1PodSecurityContext,
        "readinessProbe": client.V1Probe,
    }
    for name, model in fields.items():
        given = {key: value for key, value in part.get(name, {}).items() if key != "enabled"}
        k8s_model_from_dict(model, k8s_snake_case_dict(model, given))
    for name, model in {
        "env": client.V1EnvVar,
        "volumes": client.V1Volume,
        "volumeMounts": client.V1VolumeMount,
    }.items():
        for one in part.get(name, []):
            k8s_model_from_dict(model, k8s_snake_case_dict(model, one))


def test_the_kubernetes_launcher_accepts_its_configuration_in_the_values() -> None:
    launcher = section("runLauncher.config.customRunLauncher")

    result = process_config(resolve_to_config_type(WatchedK8sRunLauncher.config_type()), launcher["config"])

    assert result.success, result.errors
    assert VALUES["runLauncher"]["type"] == "CustomRunLauncher"
    assert f"{launcher['module']}.{launcher['class']}" == f"{WatchedK8sRunLauncher.__module__}.WatchedK8sRunLauncher"


def test_the_kubernetes_launcher_finds_what_the_chart_makes() -> None:
    """Names by the chart's templates for the release of the command in the file. Source: `dagster.fullname`,
    `dagster.serviceAccountName` and configmap-instance.yaml in helm/dagster/templates."""
    config, command = section("runLauncher.config.customRunLauncher.config"), (HELM / "values.yaml").read_text()

    assert "helm upgrade --install airwatch " in command
    assert f"--namespace {config['job_namespace']} " in command
    assert config["instance_config_map"] == "airwatch-dagster-instance"
    assert config["service_account_name"] == VALUES["serviceAccount"]["name"]
    assert config["postgres_password_secret"] == VALUES["global"]["postgresqlSecretName"]
    assert config["dagster_home"] == VALUES["global"]["dagsterHome"]


def test_no_pod_is_root_and_no_password_is_in_the_values() -> None:
    for part in (VALUES["dagsterWebserver"], VALUES["dagsterDaemon"], CODE):
        assert part["podSecurityContext"]["runAsNonRoot"] is True
        assert part["podSecurityContext"]["runAsUser"] == 10001
        assert part["securityContext"] == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
        assert part["resources"]["limits"]["memory"]
    assert VALUES["generatePostgresqlPasswordSecret"] is False
    assert "postgresqlPassword" not in VALUES["postgresql"]
    names = {one["name"] for one in CODE["env"]}
    assert not {name for name in names if "PASSWORD" in name or "KEY" in name}


@pytest.mark.parametrize("name", TASKS)
def test_aws_knows_the_shape_of_every_task(name: str) -> None:
    model = botocore.session.get_session().get_service_model("ecs")
    shape = model.operation_model("RegisterTaskDefinition").input_shape

    report = ParamValidator().validate(TASKS[name], shape)

    assert not report.has_errors(), report.generate_report()
    assert int(TASKS[name]["memory"]) in FARGATE[int(TASKS[name]["cpu"])]


@pytest.mark.parametrize("name", TASKS)
def test_every_task_is_an_ordinary_user_on_a_read_only_root_with_secrets_by_name(name: str) -> None:
    [container] = TASKS[name]["containerDefinitions"]

    assert container["user"] == "10001:10001"
    assert container["readonlyRootFilesystem"] is True
    assert container["linuxParameters"]["capabilities"] == {"drop": ["ALL"]}
    assert all(one["valueFrom"].startswith("arn:aws:secretsmanager:") for one in container["secrets"])
    assert not [one["name"] for one in container["environment"] if "PASSWORD" in one["name"] or "KEY" in one["name"]]
    assert container["image"].endswith(SERVICES["code"]["image"].rpartition("/")[2])


@pytest.mark.parametrize("name", ["code", "webserver", "daemon"])
def test_a_task_starts_what_the_service_of_the_compose_stack_starts(name: str) -> None:
    [container] = TASKS[name]["containerDefinitions"]

    assert container["command"] == SERVICES[name]["command"]


def test_dagster_accepts_its_instance_on_ecs(monkeypatch: pytest.MonkeyPatch) -> None:
    [container] = TASKS["daemon"]["containerDefinitions"]
    given = {one["name"]: one["value"] for one in container["environment"]}
    given |= {one["name"]: "secret" for one in container["secrets"]}
    for name, value in given.items():
        monkeypatch.setenv(name, value)

    config, _ = dagster_instance_config(str(ECS))

    configured = config["run_launcher"]
    assert (configured["module"], configured["class"]) == (WatchedEcsRunLauncher.__module__, "WatchedEcsRunLauncher")
    launcher = process_config(resolve_to_config_type(WatchedEcsRunLauncher.config_type()), configured["config"])
    assert launcher.success, launcher.errors
    assert given["AIRWATCH_RUN_TASK"] == TASKS["run"]["family"]
    assert [one["name"] for one in TASKS["run"]["containerDefinitions"]] == [
        config["run_launcher"]["config"]["container_name"]
    ]
