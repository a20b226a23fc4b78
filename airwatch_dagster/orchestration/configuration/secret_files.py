"""Secrets in files: beside each secret NAME, the variable NAME_FILE may name a file that holds it.

Docker, Kubernetes and systemd hand secrets to a program as files, which no list of its environment shows.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from airwatch_dagster.errors import ConfigurationError

SUFFIX: Final = "_FILE"
"""What follows the name of a secret in the variable that names its file. Source: the images of Docker's library."""

MAX_SECRET_BYTES: Final = 16_384
"""Bytes of a file that holds one secret. The longest known, a session token of AWS, has about 2000 characters."""


class SecretFiles(PydanticBaseSettingsSource):
    """The source of settings that are secrets. What is wrong with a file stands in the place of the value."""

    def __init__(self, group: type[BaseSettings], names: Iterable[str]) -> None:
        super().__init__(group)
        self._names = names

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        """Nothing: secrets are found by the names of their variables alone."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Variable → its secret, or the error of its file."""
        return secrets_in_files(self._names, os.environ)


def secrets_in_files(names: Iterable[str], environment: Mapping[str, str]) -> dict[str, str | ConfigurationError]:
    """Variable → the secret in the file that NAME_FILE names, or what is wrong with it.

    Left out are variables without such a file, and those whose file is blank: an optional secret that nobody set.
    """
    found = {name: _secret(name, environment) for name in names if environment.get(f"{name}{SUFFIX}", "").strip()}
    return {name: secret for name, secret in found.items() if secret}


def _kind(path: Path) -> str:
    return "folder" if path.is_dir() else "pipe or device"


def _secret(name: str, environment: Mapping[str, str]) -> str | ConfigurationError:
    path = Path(environment[f"{name}{SUFFIX}"].strip())
    fix = "Set it to a file that holds the secret alone, on one line, and that this user may read; or unset it"
    if environment.get(name, "").strip():
        problem = f"{path} is set beside {name}, and only one of them can count"
        return ConfigurationError(f"{name}{SUFFIX}", problem, fix=f"Unset {name}, or {name}{SUFFIX}")
    try:
        if path.exists() and not path.is_file():
            return ConfigurationError(f"{name}{SUFFIX}", f"{path} is a {_kind(path)} and not a file", fix=fix)
        with path.open("rb") as file:
            text = file.read(MAX_SECRET_BYTES + 1)
        secret = text.decode("utf-8-sig").strip()
    except OSError as error:
        reason = "does not exist" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
        return ConfigurationError(f"{name}{SUFFIX}", f"{path} {reason}", fix=fix)
    except UnicodeDecodeError:
        return ConfigurationError(f"{name}{SUFFIX}", f"{path} is not text in UTF-8", fix=fix)
    if len(text) > MAX_SECRET_BYTES:
        return ConfigurationError(f"{name}{SUFFIX}", f"{path} is larger than {MAX_SECRET_BYTES} bytes", fix=fix)
    if not secret.isprintable():
        problem = f"{path} holds more than one line, or control characters"
        return ConfigurationError(f"{name}{SUFFIX}", problem, fix=fix)
    return secret
