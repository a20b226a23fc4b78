"""The environment of a process: what it starts with, what clients of other projects read of it, what is secret in it.

Settings are declared and read in ``settings``. Here a process that starts reads ``.env`` and sets defaults, and doctor
looks at variables that are not AirWatch's own.
"""

import errno
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.configuration.env_file import EnvFile
from airwatch_dagster.orchestration.configuration.private_folder import private_folder_problem
from airwatch_dagster.orchestration.configuration.secret_files import SUFFIX, secrets_in_files
from airwatch_dagster.orchestration.configuration.settings import SQLITE, Settings, StateSettings

EVENT_BATCH: Final = "200"
"""Events of one range of partitions that Dagster hands to the event log together: a third less time than one by one."""

ARROW_MEMORY: Final = "system"
"""Arrow's own allocator is known to crash beside another of its kind, which CatBoost brings, and with threads that end;
the system's is as fast here and takes a tenth less memory. Source: github.com/apache/arrow/issues/50908"""

BLAS_THREADS: Final = "1"
"""Threads of NumPy's and SciPy's linear algebra. Its matrices have 86 columns here: a second thread mostly waits, which
takes a fifth of the CPU time of a training on a busy machine. Forests and CatBoost have threads of their own."""

MASKED_SETTINGS: Final = (
    *("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
    *("MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN", "DAGSTER_PG_PASSWORD", "PGPASSWORD"),
    *("MLFLOW_FLASK_SERVER_SECRET_KEY", "MLFLOW_AUTH_ADMIN_PASSWORD", "POSTGRES_PASSWORD", "S3_SECRET_KEY"),
)
"""Secrets that AWS's, MLflow's and PostgreSQL's clients and servers read themselves, and those of the compose stack."""

USERS: Final = ("AWS_ACCESS_KEY_ID", "MLFLOW_TRACKING_USERNAME")
"""Names that belong to a secret and may be in a file as it may."""

ADDRESSES: Final = ("MLFLOW_TRACKING_URI", "AWS_ENDPOINT_URL", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
"""Addresses that may hold a user's password."""

PREFIX: Final = "AIRWATCH_"
"""Of every variable of AirWatch's own."""

OTHERS: Final = [
    f"{PREFIX}{name}" for name in ("CODE_HOST", "CODE_PORT", "BUCKET", "RUN_TASK", "REHEARSAL", "REAL_DATA")
]
"""Variables that are no settings: of the files in ``deploy``, and of the tests."""

CERTIFICATES: Final = (
    *("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "AWS_CA_BUNDLE"),
    *("MLFLOW_TRACKING_SERVER_CERT_PATH", "MLFLOW_TRACKING_CLIENT_CERT_PATH"),
)
"""Files of certificates that clients read themselves: requests, Python's ssl, botocore, MLflow."""

PATHS: Final = (
    "AIRWATCH_AIR_RULES",
    *("AIRWATCH_STATE", "AIRWATCH_STORAGE", "AIRWATCH_WEATHER", "AIRWATCH_OTHER_FORECASTS", "AIRWATCH_RATE_LIMIT_DIR"),
    *("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"),
    *CERTIFICATES,
)
"""Files and folders. A relative path starts at the folder of ``.env`` if it is set there, else at the current one."""


def secret_values() -> list[str]:
    """Values that must not appear in a message, whatever else is wrong with the environment."""
    found = {name: os.environ[name] for name in _names_with_secrets().intersection([*os.environ])}
    in_files = [value for value in secrets_in_files(_secret_names(), found).values() if isinstance(value, str)]
    values = [*in_files, *(value for name in _secret_names() if (value := found.get(name)))]
    passwords = [part for name in ADDRESSES for part in _passwords(found.get(name, ""))]
    return [*values, *passwords, *(part for one in values for part in _paths(one))]


def _passwords(address: str) -> list[str]:
    """The password of an address, as written and decoded; none without one."""
    try:
        password = urlsplit(address).password
    except ValueError:
        return []
    return [password, unquote(password)] if password else []


def _paths(value: str) -> list[str]:
    """What logs show of a secret address without its host: its path, with and without query; none of other values."""
    try:
        parts = urlsplit(value) if "://" in value else None
    except ValueError:
        return []
    if parts is None:
        return []
    return [parts.path, *([f"{parts.path}?{parts.query}", parts.query] if parts.query else [])]


@cache
def _secret_names() -> tuple[str, ...]:
    """Asked for with every line that is logged."""
    return (*(one.name for one in Settings.reference() if one.is_secret), *MASKED_SETTINGS)


@cache
def _names_with_secrets() -> frozenset[str]:
    """Every variable that holds a secret, names its file, or may have a password in it."""
    return frozenset([*_secret_names(), *(f"{name}{SUFFIX}" for name in _secret_names()), *ADDRESSES])


def _names_of_files() -> dict[str, str]:
    """Variable → the variable that may name a file with its value."""
    return {name: f"{name}{SUFFIX}" for name in (*_secret_names(), *USERS)}


def certificate_files() -> dict[str, str]:
    """Variable → the file of certificates that it names; unset and blank ones are left out."""
    return {name: value for name in CERTIFICATES if (value := os.environ.get(name, "").strip())}


def aws_files() -> dict[str, Path]:
    """Variable → the file that it names for the AWS client, or that the client reads by default if it exists."""
    defaults = {"AWS_CONFIG_FILE": "~/.aws/config", "AWS_SHARED_CREDENTIALS_FILE": "~/.aws/credentials"}
    paths = {name: Path(os.environ.get(name, "").strip() or path).expanduser() for name, path in defaults.items()}
    return {name: path for name, path in paths.items() if os.environ.get(name) or path.exists()}


def aws_region() -> str | None:
    """The region in the environment; None without one, and for another server than AWS, which has its own names."""
    return None if os.environ.get("AWS_ENDPOINT_URL") else os.environ.get("AWS_DEFAULT_REGION") or None


def s3_endpoint() -> str:
    """Address of the S3 server: AWS_ENDPOINT_URL, or AWS."""
    return os.environ.get("AWS_ENDPOINT_URL") or "https://s3.amazonaws.com"


def wants_plain_text() -> bool:
    """Whether a terminal asks for text without colours and control characters. Source: no-color.org; TERM=dumb."""
    return bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"


def dagster_home() -> str:
    """DAGSTER_HOME as it is set; empty when it is not."""
    return os.environ.get("DAGSTER_HOME", "")


def prepare_environment() -> Path:
    """Set up this process before anything of Dagster or MLflow is imported; returns DAGSTER_HOME.

    Reads ``.env``, sets the defaults of DAGSTER_HOME, AIRWATCH_STATE and AIRWATCH_STORAGE, makes the paths of settings
    absolute, and creates the state folder. Variables that are set already win. Raises ConfigurationError for a line of
    ``.env`` that not every reader takes alike, for a state folder that cannot be written, and for a file of a secret
    that cannot be read; the rest is set up then. Secrets in files become variables, which every client reads.
    """
    home = installation()
    os.environ.update(_prepared(EnvFile.read(home / ".env", os.environ), os.environ, home))
    for name, secret in secrets_in_files(_names_of_files(), os.environ).items():
        if isinstance(secret, str):
            os.environ[name] = secret
            os.environ.pop(f"{name}{SUFFIX}")
    for problem in (*env_file_problems(), *secret_file_problems(), *state_problems()):
        raise problem
    return Path(os.environ["DAGSTER_HOME"])


def _prepared(env_file: EnvFile, given: Mapping[str, str], home: Path) -> dict[str, str]:
    """Variables to set: those of ``.env`` that are not given, defaults, and absolute paths."""
    files = _names_of_files()
    instead = files | {file: name for name, file in files.items()}
    read = {
        name: value
        for name, value in env_file.values(given).items()
        if name not in given and not given.get(instead.get(name, ""), "").strip()
    }
    defaults = {
        "DAGSTER_HOME": str(home),
        "AIRWATCH_STATE": str(home / ".airwatch"),
        "AIRWATCH_STORAGE": default_storage(),
        "DAGSTER_DISABLE_TELEMETRY": "1",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DAGSTER_EVENT_BATCH_SIZE": EVENT_BATCH,
        "ARROW_DEFAULT_MEMORY_POOL": ARROW_MEMORY,
        "OPENBLAS_NUM_THREADS": BLAS_THREADS,
    }
    known = {**given, **read}
    known |= {name: default for name, default in defaults.items() if not known.get(name, "").strip()}
    here = Path.cwd()
    paths = {name: _absolute(name, value, home if name in read else here) for name, value in known.items()}
    return {name: value for name, value in paths.items() if given.get(name) != value}


def _absolute(name: str, value: str, base: Path) -> str:
    """The value, with a relative path of a setting in ``PATHS`` or of a SQLite database below ``base``."""
    if name == "MLFLOW_TRACKING_URI" and value.startswith(SQLITE):
        path = value.removeprefix(SQLITE)
        return f"{SQLITE}{base / path}" if path and path != ":memory:" else value
    is_path = (
        (name in PATHS or name in _names_of_files().values())
        and value.strip()
        and not value.startswith("~")
        and "://" not in value
    )
    return str(base / value.strip()) if is_path else value


def env_file_problems() -> tuple[ConfigurationError, ...]:
    """One error for each line of ``.env`` that not every reader takes alike."""
    return EnvFile.read(installation() / ".env", os.environ).problems


def secret_file_problems() -> list[ConfigurationError]:
    """One error for each secret whose file cannot be read, or that is given twice."""
    found = secrets_in_files(_names_of_files(), os.environ).values()
    return [problem for problem in found if isinstance(problem, ConfigurationError)]


def state_problems() -> list[ConfigurationError]:
    """What is wrong with the state folder, which is created for this user alone; empty when nothing is."""
    state = StateSettings.from_environment().state
    try:
        if problem := private_folder_problem(state):
            fix = "Set it to a folder of its own that this user may write"
            return [ConfigurationError("AIRWATCH_STATE", f"{state} {problem}", fix=fix)]
        if not os.access(state, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, "permission denied")
    except OSError as error:
        reason = "a file is in the place of a folder" if isinstance(error, FileExistsError) else error.strerror
        problem = f"{state} cannot be written ({str(reason).lower()})"
        fix = "Set it to a folder that this user may write, on a disk with room"
        return [ConfigurationError("AIRWATCH_STATE", problem, fix=fix)]
    return []


def setting_names() -> list[str]:
    """AirWatch's own variables, with those that name the file of a secret."""
    own = [one.name for one in Settings.reference()]
    return [*own, *(f"{one.name}{SUFFIX}" for one in Settings.reference() if one.is_secret), *OTHERS]


def unknown_settings() -> list[str]:
    """Variables that are named as AirWatch's are, and that nothing reads."""
    return sorted(name for name in os.environ if name.startswith(PREFIX) and name not in setting_names())


def names_in_env_file() -> set[str]:
    """The variables that ``.env`` sets."""
    return set(EnvFile.read(installation() / ".env", os.environ).values(os.environ))


def overridden() -> list[str]:
    """Variables that ``.env`` sets and the environment sets to another value, which wins."""
    home = installation()
    values = EnvFile.read(home / ".env", os.environ).values(os.environ)
    meant = {name: _absolute(name, value, home) for name, value in values.items()}
    return sorted(name for name, value in meant.items() if os.environ.get(name, value) != value)


def installation() -> Path:
    """The folder with AirWatch's dagster.yaml: this checkout, or the current folder."""
    checkout = Path(__file__).resolve().parents[3]
    return checkout if (checkout / "dagster.yaml").is_file() else Path.cwd()


def default_storage() -> str:
    """The folder of tables while AIRWATCH_STORAGE is unset: ``data`` in the installation."""
    return str(installation() / "data")
