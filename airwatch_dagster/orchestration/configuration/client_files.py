"""Files that the environment names for clients of other projects, which fail late and say little about a wrong one."""

import os
import re
import ssl
from pathlib import Path
from typing import Final

from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.configuration.environment import aws_files, aws_region, certificate_files
from airwatch_dagster.orchestration.configuration.settings import StorageSettings
from airwatch_dagster.orchestration.configuration.supplied_settings import OtherForecastsSettings, WeatherSettings

_REGION: Final = re.compile(r"[a-z]{2,}(-[a-z]+)+-[0-9]+")
"""``us-east-1``, ``us-gov-west-1``, ``eusc-de-east-1``. Source: the patterns of regions in botocore's endpoints."""


def certificate_problems() -> list[ConfigurationError]:
    """One error for each variable that names no file with certificates; empty when there is none."""
    fix = "Set it to a file of certificates in PEM format, or unset it for those that Python brings"
    found = {name: (value, _certificate_problem(Path(value))) for name, value in certificate_files().items()}
    return [
        ConfigurationError(name, f"{value} {problem}", fix=fix) for name, (value, problem) in found.items() if problem
    ]


def _certificate_problem(path: Path) -> str | None:
    if path.is_dir():  # of hashed certificates
        return None
    try:
        ssl.create_default_context(cafile=path)
    except ssl.SSLError:
        return "holds no certificate"
    except OSError as error:
        return "does not exist" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
    return None


def aws_problems() -> list[ConfigurationError]:
    """What is wrong with the AWS client's files and region, while tables of AirWatch or of a user are on S3; empty
    otherwise."""
    places = (
        StorageSettings.from_environment().storage,
        WeatherSettings.from_environment().weather,
        OtherForecastsSettings.from_environment().other_forecasts,
    )
    if not any(place.startswith("s3://") for place in places if place):
        return []
    fix = "Set it to a file that this user may read, or unset it for the one in ~/.aws"
    found = {name: (path, _unreadable(path)) for name, path in aws_files().items()}
    problems = [
        ConfigurationError(name, f"{path} {problem}", fix=fix) for name, (path, problem) in found.items() if problem
    ]
    region = aws_region()
    if region is not None and not _REGION.fullmatch(region):
        fix = "Use the region of the bucket, such as us-east-1; for another server than AWS set AWS_ENDPOINT_URL too"
        problems.append(ConfigurationError("AWS_DEFAULT_REGION", f"{region!r} is no region of AWS", fix=fix))
    return problems


def _unreadable(path: Path) -> str | None:
    """The AWS client passes over such a file without a word."""
    if not path.exists():
        return "does not exist"
    if path.is_dir():
        return "is a folder"
    return None if os.access(path, os.R_OK) else "cannot be read by this user"
