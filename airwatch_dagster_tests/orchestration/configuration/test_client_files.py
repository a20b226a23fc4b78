"""The AWS client's files are checked when anything is read from S3."""

import pytest

from airwatch_dagster.orchestration.configuration.client_files import aws_problems

PLACES = ("AIRWATCH_STORAGE", "AIRWATCH_WEATHER", "AIRWATCH_OTHER_FORECASTS")


@pytest.mark.parametrize("on_s3", PLACES)
def test_a_missing_file_of_the_aws_client_matters_for_every_place_on_s3(
    monkeypatch: pytest.MonkeyPatch, on_s3: str
) -> None:
    for name in PLACES:
        monkeypatch.setenv(name, "s3://bucket/here" if name == on_s3 else "")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent/aws")

    assert "AWS_CONFIG_FILE" in [problem.culprit for problem in aws_problems()]


def test_without_s3_the_aws_client_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PLACES:
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent/aws")

    assert aws_problems() == []
