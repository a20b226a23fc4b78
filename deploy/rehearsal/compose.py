"""What docker-compose.yml and the Dockerfile say about each service, for processes of this machine."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, Final

import yaml

REPOSITORY: Final = Path(__file__).resolve().parents[2]

CONTAINER_PORTS: Final = {
    "postgres": 5432,
    "storage": 8333,
    "mlflow": 5000,
    "code": 4000,
    "webserver": 3000,
    "pages": 3001,
}
"""Port that each server listens on in its container."""

_REFERENCE: Final = re.compile(r"\$(?:(\$)|(\w+)|\{(\w+)(?:(:?[-?])([^}]*))?\})")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True)
class Service:
    """A service as the compose file declares it, with its variables replaced."""

    name: str
    image: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    health_check: tuple[str, ...]
    health_timeout_s: float
    depends_on: Mapping[str, str]
    """Other service → the condition to wait for."""
    grace_s: float
    """Seconds between the signal to stop and the kill."""
    has_own_state: bool
    """Whether its /state is shared with nobody."""

    @property
    def runs_once(self) -> bool:
        """Whether others wait for its end, not for its health."""
        return not self.health_check


def services(variables: Mapping[str, str], *, text: str | None = None) -> dict[str, Service]:
    """Every service, each after those it depends on. ``variables`` are those of the shell and ``.env``.

    Raises KeyError for a variable that the file requires and that is not given.
    """
    text = (REPOSITORY / "docker-compose.yml").read_text(encoding="utf-8") if text is None else text
    declared: dict[str, Any] = _replaced(yaml.safe_load(text)["services"], variables)
    order = TopologicalSorter({name: list(one.get("depends_on", {})) for name, one in declared.items()})
    return {name: _service(name, declared[name]) for name in order.static_order()}


def required_variables() -> set[str]:
    """Variables without which compose does not start the stack."""
    text = (REPOSITORY / "docker-compose.yml").read_text(encoding="utf-8")
    return {found[3] for found in _REFERENCE.finditer(text) if (found[4] or "").endswith("?")}


def image_environment() -> dict[str, str]:
    """The variables that the Dockerfile sets."""
    text = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = re.findall(r"^ENV (.+)$", text, flags=re.MULTILINE)
    return dict(part.split("=", 1) for line in lines for part in shlex.split(line))


def _service(name: str, declared: Mapping[str, Any]) -> Service:
    check = declared.get("healthcheck", {})
    test = tuple(str(part) for part in check.get("test", ()))
    kind, arguments = test[:1], test[1:]
    return Service(
        name=name,
        image=declared["image"],
        command=(*_words(declared.get("entrypoint", ())), *_words(declared.get("command", ()))),
        environment={key: str(value) for key, value in declared.get("environment", {}).items() if value is not None},
        health_check=("/bin/sh", "-c", *arguments) if kind == ("CMD-SHELL",) else arguments,
        health_timeout_s=seconds(check.get("timeout", "30s")),
        depends_on={other: one["condition"] for other, one in declared.get("depends_on", {}).items()},
        grace_s=seconds(declared.get("stop_grace_period", "10s")),
        has_own_state=any(str(mount).startswith("/state:") for mount in declared.get("tmpfs", ())),
    )


def _words(command: str | list[str] | tuple[str, ...]) -> list[str]:
    return shlex.split(command) if isinstance(command, str) else [str(word) for word in command]


def seconds(duration: str) -> float:
    """``1m30s`` → 90."""
    return float(sum(int(number) * _SECONDS[unit] for number, unit in re.findall(r"(\d+)([smh])", duration)))


def _replaced(value: Any, variables: Mapping[str, str]) -> Any:
    """The value with ``${NAME}``, ``${NAME:-default}`` and ``${NAME:?message}`` replaced, as compose does."""
    if isinstance(value, dict):
        return {key: _replaced(one, variables) for key, one in value.items()}
    if isinstance(value, list):
        return [_replaced(one, variables) for one in value]
    return _REFERENCE.sub(lambda found: _variable(found, variables), value) if isinstance(value, str) else value


def _variable(found: re.Match[str], variables: Mapping[str, str]) -> str:
    if found[1]:
        return "$"
    name, operator, word = found[2] or found[3], found[4] or "", found[5] or ""
    value = variables.get(name, "")
    if value or (operator in ("-", "?") and name in variables):
        return value
    if operator.endswith("?"):
        raise KeyError(f"{name}: {word}")
    return word


@dataclass(frozen=True)
class Places:
    """Where a rehearsal has what the containers have at fixed addresses."""

    folder: Path
    ports: Mapping[str, int]
    """Service → its port on this machine."""

    def native(self, text: str, service: Service | None = None) -> str:
        """The text with hosts, ports and paths of containers replaced by those of this machine."""
        hosts = "|".join(self.ports)
        text = re.sub(rf"(?<=//)(?:{hosts})(?=:\d)|(?<![\w./-])(?:{hosts})(?=:\d)", "127.0.0.1", text)
        for name, port in self.ports.items():
            text = re.sub(rf"(?<![\d.\w])(?<!-){CONTAINER_PORTS[name]}(?![\d.\w])", str(port), text)
        text = text.replace("0.0.0.0", "127.0.0.1")  # noqa: S104 - what containers listen on is what is replaced
        for path, folder in self._paths(service):
            text = re.sub(rf"(?<![\w./-]){path}(?![\w-])", str(folder), text)
        return text

    def _paths(self, service: Service | None) -> list[tuple[str, Path]]:
        state = f"state-{service.name}" if service and service.has_own_state else "state"
        secrets, data = self.folder / "secrets", self.folder / "storage"
        return [("/state", self.folder / state), ("/run/secrets", secrets), ("/data", data), ("/app", REPOSITORY)]

    def environment_of(self, service: Service) -> dict[str, str]:
        """The service's variables; a value that is another service's name is that service's address."""
        given = {**image_environment(), **service.environment}
        return {
            name: "127.0.0.1" if value in self.ports and name.endswith("HOST") else self.native(value, service)
            for name, value in given.items()
        }
