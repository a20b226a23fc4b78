"""Where MLflow tracks runs: which addresses AirWatch can use, and whether a server or a database answers there.

Errors name MLFLOW_TRACKING_URI or another setting of MLflow's, and never show a user name or a password.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from airwatch_dagster.errors import AirWatchError, ConfigurationError, SourceUnavailable
from airwatch_dagster.orchestration.configuration.addresses import address_problem, without_credentials
from airwatch_dagster.orchestration.configuration.settings import SQLITE
from airwatch_dagster.orchestration.registry.tracking_server import (
    LOGIN,
    SETTING,
    TIMEOUT_S,
    USE,
    limit_waiting,
    require_server,
    unanswered,
)

_DRIVERS: Final = {"postgresql": ("psycopg2", "psycopg"), "mysql": ("pymysql",), "mssql": ("pyodbc", "pymssql")}
"""Databases that MLflow stores in besides SQLite, with Python's packages for each, the preferred one first."""

_HOST_WITHOUT_SCHEME: Final = re.compile(r"[\w-]+(\.[\w-]+)+(:\d+)?(/.*)?|[\w-]+:\d+(/.*)?")
"""``127.0.0.1:5000``, ``mlflow.example.org/mlflow``, ``localhost:5000``."""

_SCHEMA_VERSION: Final = re.compile(r"found version (\w+)")

_USE_LOWER: Final = f"{USE[0].lower()}{USE[1:]}"


def is_server(uri: str) -> bool:
    """Whether a server tracks the runs, which stores the files of models too."""
    return uri.lower().startswith(("http://", "https://"))


def sqlite_path(uri: str) -> Path | None:
    """The file of a SQLite database; None for another address."""
    return Path(unquote(uri.removeprefix(SQLITE))) if uri.startswith(SQLITE) else None


def usable_address(uri: str) -> str:
    """The address for MLflow: a login before the host moves to MLflow's own settings, and a database has its driver.

    Raises ConfigurationError for an address that MLflow or AirWatch cannot use.
    """
    if is_server(uri):
        limit_waiting()
        return _server_address(uri)
    scheme, separator, rest = uri.partition("://")
    database = {"postgres": "postgresql"}.get(scheme.lower(), scheme.lower())
    if separator and database in _DRIVERS:
        return f"{database}+{_driver(database)}://{rest}"
    if scheme.lower() in ("databricks", "databricks-uc", "uc") or scheme.startswith(("databricks:", "uc:")):
        raise ConfigurationError(SETTING, f"{scheme} has a registry that AirWatch's models do not fit", fix=USE)
    if not separator and _HOST_WITHOUT_SCHEME.fullmatch(uri):
        problem = f"{without_credentials(uri)!r} has no scheme"
        raise ConfigurationError(SETTING, problem, fix=f"Write http:// or https:// before it. Or {_USE_LOWER}")
    if (not separator and not uri.startswith("arn:")) or scheme.lower() == "file":
        _require_file_store(uri)
    return uri


def _server_address(uri: str) -> str:
    problem = address_problem(uri, ("http", "https"))
    if problem is not None:
        fix = f"{USE}; in a password write / ? # @ as %2F %3F %23 %40"
        raise ConfigurationError(SETTING, f"{without_credentials(uri)!r} {problem}", fix=fix)
    from mlflow.environment_variables import MLFLOW_TRACKING_PASSWORD, MLFLOW_TRACKING_USERNAME

    parts = urlsplit(uri)
    for variable, value in ((MLFLOW_TRACKING_USERNAME, parts.username), (MLFLOW_TRACKING_PASSWORD, parts.password)):
        if value:
            variable.set(unquote(value))
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl().rstrip("/")


def _driver(database: str) -> str:
    """The installed package for a database; SQLAlchemy's own choice may be one that is not installed."""
    packages = _DRIVERS[database]
    installed = [package for package in packages if find_spec(package)]
    if installed:
        return installed[0]
    problem = f"{database}:// needs the Python package {packages[0]}, which is not installed"
    raise ConfigurationError(SETTING, problem, fix=f"Install it. Or {_USE_LOWER}")


def _require_file_store(uri: str) -> None:
    """MLflow 3 refuses folders unless its own variable allows them."""
    from mlflow.environment_variables import MLFLOW_ALLOW_FILE_STORE

    if MLFLOW_ALLOW_FILE_STORE.get():
        return
    problem = f"{uri!r} is a folder, and MLflow 3 keeps runs in a database or on a server"
    fix = "Unset it for a SQLite database in AIRWATCH_STATE; `mlflow migrate-filestore` moves old runs to a database"
    raise ConfigurationError(SETTING, problem, fix=fix)


def require_answer(uri: str, *, experiment: str) -> None:
    """Raise an AirWatch error unless the server or database at a usable address answers."""
    if is_server(uri):
        require_server(uri, experiment=experiment)
    elif uri.startswith(("sqlite:", *(f"{database}+" for database in _DRIVERS))):
        _require_database(uri)


def _require_database(uri: str) -> None:
    """Connect once: MLflow itself would try for minutes."""
    import sqlalchemy

    shown = without_credentials(uri)
    options = {} if uri.startswith("sqlite:") else {"connect_timeout": TIMEOUT_S}
    try:
        if path := sqlite_path(uri):
            path.parent.mkdir(parents=True, exist_ok=True)
        engine = sqlalchemy.create_engine(uri, connect_args=options)
        try:
            sqlalchemy.inspect(engine).get_table_names()
        finally:
            engine.dispose()
    except sqlalchemy.exc.OperationalError as error:
        reason = str(error.orig).strip().partition("\n")[0]
        fix = "Start the database, or correct address, user and password"
        raise SourceUnavailable(SETTING, f"no database answers at {shown} ({reason})", fix=fix) from None
    except (sqlalchemy.exc.SQLAlchemyError, ImportError, OSError, ValueError) as error:
        problem = f"{shown} cannot be opened as a database ({type(error).__name__})"
        raise ConfigurationError(SETTING, problem, fix=USE) from None


def _of_other_schema(shown: str, message: str) -> ConfigurationError:
    """MLflow calls every other schema out of date, also one that a newer MLflow has made."""
    import mlflow.store.db_migrations as migrations

    found = _SCHEMA_VERSION.search(message)
    versions = Path(migrations.__file__).parent / "versions"
    if found is not None and not any(versions.glob(f"{found[1]}_*.py")):
        fix = "Install the newer version again, or restore a backup of before with `airwatch restore BACKUP`"
        return ConfigurationError(SETTING, f"{shown} was made by a newer MLflow than the installed one", fix=fix)
    fix = f"Back up the database, then run `mlflow db upgrade {shown}`"
    return ConfigurationError(SETTING, f"{shown} was made by an older MLflow", fix=fix)


@contextmanager
def mlflow_errors(uri: str) -> Iterator[None]:
    """Raise an AirWatch error for whatever MLflow raises inside: its own messages may hold addresses with passwords."""
    from mlflow.exceptions import MlflowException
    from requests.exceptions import RequestException

    try:
        yield
    except MlflowException as error:
        if isinstance(error.__cause__, AirWatchError):
            raise error.__cause__ from None
        shown = without_credentials(uri)
        cause = error.__cause__ or error.__context__
        if is_server(uri) and isinstance(cause, RequestException):
            raise unanswered(shown, cause) from None
        if error.error_code in ("PERMISSION_DENIED", "UNAUTHENTICATED"):
            problem = f"the MLflow server at {shown} denies this user access"
            raise ConfigurationError(SETTING, problem, fix=LOGIN) from None
        if "unsupported URI" in error.message:
            raise ConfigurationError(SETTING, f"{shown!r} is not an address that MLflow knows", fix=USE) from None
        if "out-of-date database schema" in error.message:
            raise _of_other_schema(shown, error.message) from None
        problem, fix = f"MLflow at {shown} fails with {error.error_code}", "Look at the log of its server or database"
        raise SourceUnavailable(SETTING, problem, fix=fix) from error
