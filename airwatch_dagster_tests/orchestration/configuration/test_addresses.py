"""What is wrong with an address is one clause, and an address is shown without its login."""

import pytest

from airwatch_dagster.orchestration.configuration.addresses import address_problem, without_credentials

WEB = ("https", "http")


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("https://host", None),
        ("http://127.0.0.1:5000/mlflow", None),
        ("HTTPS://me:pass%2Fword@host:8443/x?y=z#w", None),
        ("http://[::1]:5000", None),
        ("host", "has no scheme, such as https://"),
        ("localhost:5000", "has no scheme, such as https://"),
        ("http:/host", "has no scheme, such as https://"),
        ("ftp://host", "has the scheme ftp, and not https or http"),
        ("htp://host", "has the scheme htp, and not https or http"),
        ("http://", "has no host name"),
        ("http:///path", "has no host name"),
        ("http://:5000", "has no host name"),
        ("http://ho st", "has a blank in it"),
        ("http://host\n", "has a blank in it"),
        ("http://<host>", "has the character < in it"),
        ("http://${HOST}:5000", "has the character { in it"),
        ("http:\\\\host", "has the character \\ in it"),
        ("http://host:port", "has a port that is not a number from 1 to 65535"),
        ("http://host:99999", "has a port that is not a number from 1 to 65535"),
        ("http://host:0", "has a port that is not a number from 1 to 65535"),
        ("http://me:pass/word@host", "has a port that is not a number from 1 to 65535"),
        ("http://[::1", "has brackets that hold no IPv6 address"),
    ],
)
def test_what_is_wrong_with_an_address_of_a_server(address: str, problem: str | None) -> None:
    assert address_problem(address, WEB) == problem


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("file:///mirror", None),
        ("file://localhost/mirror", None),
        ("file://mirror", "is not an absolute path after file://"),
        ("file://./mirror", "is not an absolute path after file://"),
    ],
)
def test_what_is_wrong_with_an_address_of_a_folder(address: str, problem: str | None) -> None:
    assert address_problem(address, ("https", "file")) == problem


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("http://me:hunter2@host:5000/mlflow", "http://host:5000/mlflow"),
        ("http://me:hunt/er2@host:5000", "http://host:5000"),
        ("http://me:hunt@er2@host:5000", "http://host:5000"),
        ("http://me:hunt#er?2@host", "http://host"),
        ("postgresql://u:hunter2@db/mlflow?password=hunter2", "postgresql://db/mlflow"),
        ("me:hunter2@host:5000", "host:5000"),
        ("http://host/a@b", "http://host/a@b"),
        ("sqlite:////tmp/a@b/mlflow.db", "sqlite:////tmp/a@b/mlflow.db"),
        ("./mlruns", "./mlruns"),
        ("maybe?", "maybe?"),
        ("http://[::1", "http://[::1"),
    ],
)
def test_an_address_is_shown_without_user_password_and_query(address: str, shown: str) -> None:
    assert without_credentials(address) == shown
