"""Whether an MLflow server answers at an address, and what to do when it does not.

MLflow's API itself is asked, with MLflow's own login, certificates and proxies: other paths may be closed or missing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from airwatch_dagster.certificates import certificate_problem
from airwatch_dagster.errors import AirWatchError, ConfigurationError, SourceUnavailable
from airwatch_dagster.orchestration.configuration.addresses import without_credentials

SETTING: Final = "MLFLOW_TRACKING_URI"

TIMEOUT_S: Final = 10
"""Seconds that a server or database may take to answer the first request."""

ANSWER_S: Final = 11
"""Seconds that a server may take to answer any request. With one repetition, and ``BRIEF_S`` to end the run, a server
that accepts requests and never answers is told within 30 s; MLflow alone would wait for 120 s seven times."""

REPETITIONS: Final = 1
"""Times that a request is repeated that got no answer, or 408, 429, 500, 502, 503 or 504."""

BRIEF_S: Final = 3
"""Seconds to wait for what is only said in parting, such as that a run has failed."""

PATH: Final = "/api/2.0/mlflow/experiments/get-by-name"
"""The question; every MLflow since 1.0 answers it, and AirWatch's runs ask it first."""

USE: Final = "Use the address of an MLflow server such as http://127.0.0.1:5000, or unset it for a SQLite database"
LOGIN: Final = "Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN"
_CHANGE: Final = "Start the server, correct the address, or unset the variable to use SQLite under AIRWATCH_STATE"


def limit_waiting() -> None:
    """Let MLflow's own client wait no longer than this project does, unless the user set how long it waits."""
    from mlflow.environment_variables import MLFLOW_HTTP_REQUEST_MAX_RETRIES, MLFLOW_HTTP_REQUEST_TIMEOUT

    for variable, value in (
        (MLFLOW_HTTP_REQUEST_TIMEOUT, ANSWER_S),
        (MLFLOW_HTTP_REQUEST_MAX_RETRIES, REPETITIONS),
    ):
        if not variable.is_set():
            variable.set(value)


@contextmanager
def brief_waiting() -> Iterator[None]:
    """MLflow's client waits ``BRIEF_S`` inside, once; afterwards as before."""
    from mlflow.environment_variables import MLFLOW_HTTP_REQUEST_MAX_RETRIES, MLFLOW_HTTP_REQUEST_TIMEOUT

    variables = {MLFLOW_HTTP_REQUEST_TIMEOUT: BRIEF_S, MLFLOW_HTTP_REQUEST_MAX_RETRIES: 0}
    before = {variable: variable.get() if variable.is_set() else None for variable in variables}
    for variable, value in variables.items():
        variable.set(value)
    try:
        yield
    finally:
        for variable, known in before.items():
            variable.unset() if known is None else variable.set(known)


def require_server(uri: str, *, experiment: str) -> None:
    """Raise an AirWatch error unless MLflow's API answers at ``uri``, which has no login in it."""
    from mlflow.exceptions import MlflowException
    from mlflow.utils.credentials import get_default_host_creds
    from mlflow.utils.rest_utils import http_request

    login = get_default_host_creds(uri)
    try:
        response = http_request(
            login,
            PATH,
            "GET",
            params={"experiment_name": experiment},
            max_retries=0,
            timeout=TIMEOUT_S,
            raise_on_status=False,
        )
    except MlflowException as error:
        raise unanswered(uri, error.__cause__ or error.__context__ or error) from None
    has_login = bool(login.username or login.token or login.auth)
    problem = _redirected(uri, response) or _refused(uri, response, has_login=has_login)
    if problem is not None:
        raise problem


def unanswered(uri: str, cause: BaseException) -> AirWatchError:
    """The error for a request that got no response."""
    from requests import exceptions

    kind = type(cause).__name__
    if refused := certificate_problem(cause, setting="MLFLOW_TRACKING_SERVER_CERT_PATH or REQUESTS_CA_BUNDLE"):
        return ConfigurationError(SETTING, f"the certificate of {uri} {refused.problem}", fix=refused.fix)
    if isinstance(cause, exceptions.SSLError):
        fix = "Use http:// for a server without TLS, or correct its TLS"
        return ConfigurationError(SETTING, f"{uri} does not speak TLS as this machine does ({kind})", fix=fix)
    if isinstance(cause, exceptions.InvalidURL):
        return ConfigurationError(SETTING, f"{uri!r} is not a valid address", fix=USE)
    if isinstance(cause, exceptions.ProxyError):
        fix = "Correct HTTP_PROXY or HTTPS_PROXY, or name the host in NO_PROXY"
        return SourceUnavailable(SETTING, f"the proxy does not reach {uri} ({kind})", fix=fix)
    if isinstance(cause, exceptions.RetryError):
        fix = "Look at the log of the server, or wait until it has started"
        return SourceUnavailable(SETTING, f"the MLflow server at {uri} answers with errors only", fix=fix)
    if isinstance(cause, OSError) and not isinstance(cause, exceptions.RequestException):
        fix = "Correct REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE or MLFLOW_TRACKING_SERVER_CERT_PATH, or unset them"
        return ConfigurationError(SETTING, f"a file of certificates for {uri} cannot be read", fix=fix)
    return SourceUnavailable(SETTING, f"no MLflow server responds at {uri} ({kind})", fix=_CHANGE)


def _redirected(uri: str, response: Any) -> AirWatchError | None:
    """A redirect turns writing into reading and drops the login, so the address must be the final one."""
    if not response.history:
        return None
    final, _, _ = response.url.partition("?")
    target = without_credentials(final.removesuffix(PATH))
    fix = (
        f"Set it to {target}" if final.endswith(PATH) else "Set it to an address that does not ask a browser to log in"
    )
    return ConfigurationError(SETTING, f"{uri} redirects to {target}", fix=fix)


def _refused(uri: str, response: Any, *, has_login: bool) -> AirWatchError | None:
    """The error for a response that is not MLflow's to the question; None for an answer."""
    answer = _json(response)
    status = response.status_code
    if (status == 200 and answer) or answer.get("error_code") == "RESOURCE_DOES_NOT_EXIST":
        return None
    if status == 401:
        problem = f"the MLflow server at {uri} {'refuses the login' if has_login else 'asks for a login'} (status 401)"
        return ConfigurationError(SETTING, problem, fix=f"{LOGIN}{' correctly' if has_login else ''}")
    if status == 403 and "host" in response.text[:500].lower():
        fix = "Start the server with --allowed-hosts naming this host, or use a name that it allows"
        return ConfigurationError(SETTING, f"the MLflow server does not allow the host of {uri} (status 403)", fix=fix)
    if status == 403:
        fix = "Allow this user to read and write the experiment and the registered model, or log in as another one"
        return ConfigurationError(SETTING, f"the MLflow server at {uri} denies this user access (status 403)", fix=fix)
    if status in (408, 429) or status >= 500:
        return SourceUnavailable(SETTING, f"the server at {uri} answers with status {status}", fix=_CHANGE)
    fix = "Add the path below which MLflow is served, such as https://host/mlflow, or correct the address"
    return ConfigurationError(SETTING, f"what answers at {uri} is not MLflow's API (status {status})", fix=fix)


def _json(response: Any) -> dict[str, Any]:
    try:
        answer = response.json()
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}
