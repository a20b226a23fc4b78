"""Makes the secrets of docker-compose.yml, each in a file of its own: ``make secrets``, or this file with any Python 3.

What exists is never changed, so a second call adds only what is missing. Files are in a folder that its owner alone can
enter. They themselves are readable for all: docker mounts a file with its owner, and the containers' users are others.

``--login NAME`` lets a further person in, with a password that is shown once.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

DEPLOY = Path(__file__).resolve().parent
ACCOUNT = "airwatch"
"""The account of the database, of MLflow, and the first login of the web pages."""

BCRYPT_COST = "10"
"""About 60 ms a check. Passwords made here have 192 random bits, and the proxy remembers those it has checked."""

FOR_YOU = (
    *("epa_aqs_email", "epa_aqs_api_key", "airnow_api_key", "open_meteo_key"),
    *("alert_webhook_url", "heartbeat_url", "smtp_password"),
)
"""Secrets that only you know: their files are made empty, which means unset."""

Folder = Path


def password(_: Folder) -> str:
    """24 random bytes as 32 letters, digits, - and _: nothing that an address or a file would need to quote."""
    return secrets.token_urlsafe(24)


def access_key(_: Folder) -> str:
    """The name of the storage's one account."""
    return f"airwatch{secrets.token_hex(6)}"


def s3_accounts(folder: Folder) -> str:
    """The accounts of SeaweedFS: one, which may do everything."""
    keys = {"accessKey": read(folder, "s3_access_key"), "secretKey": read(folder, "s3_secret_key")}
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    return json.dumps({"identities": [{"name": ACCOUNT, "credentials": [keys], "actions": actions}]}, indent=1)


def mlflow_authorization(folder: Folder) -> str:
    """The header with which the proxy asks MLflow."""
    account = f"{ACCOUNT}:{read(folder, 'mlflow_password')}"
    return f"Basic {base64.b64encode(account.encode()).decode()}"


MADE: dict[str, Callable[[Folder], str]] = {
    "postgres_password": password,
    "s3_access_key": access_key,
    "s3_secret_key": password,
    "s3_accounts.json": s3_accounts,
    "mlflow_password": password,
    "mlflow_authorization": mlflow_authorization,
    "mlflow_secret_key": password,
    **dict.fromkeys(FOR_YOU, lambda _: ""),
}
"""File → what makes its content. A file made of others comes after them."""


def main() -> None:
    """Make what is missing, and say what was made."""
    parser = argparse.ArgumentParser(description="Makes the secrets of docker-compose.yml that do not exist yet.")
    parser.add_argument("--folder", type=Path, default=DEPLOY / "secrets", help="where they go")
    parser.add_argument("--login", metavar="NAME", help="let a further person in to the web pages")
    options = parser.parse_args()
    folder: Path = options.folder
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    made = [name for name, content in MADE.items() if written(folder / name, lambda content=content: content(folder))]
    users = folder / "web_users"
    login = options.login or (None if users.exists() else ACCOUNT)
    new_password = add_login(users, login) if login else None
    # docker compose names this file when it is missing, and so says what to do.
    written(folder / "made-by-make-secrets.env", lambda: "")
    say(folder, made, login, new_password)


def say(folder: Path, made: list[str], login: str | None, new_password: str | None) -> None:
    """Print what was made; the password of a login is shown here and nowhere else."""
    print(f"Made in {folder}: {', '.join(made)}" if made else f"Nothing was missing in {folder}")
    if new_password:
        print(f"Login of the web pages, shown only now:\n  name      {login}\n  password  {new_password}")
        print("A further person: make secrets LOGIN=name")
    print(f"Yours, if you have them: write them into {', '.join(FOR_YOU)} there.")


def written(path: Path, content: Callable[[], str]) -> bool:
    """Whether the file was made; one that exists stays as it is. It appears whole or not at all."""
    if path.exists():
        return False
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_text(content(), encoding="utf-8")
    part.chmod(0o644)
    part.replace(path)
    return True


def add_login(users: Path, name: str) -> str:
    """The new password of a person, whose hash is in ``users`` then. Exits for a name that is there or cannot be."""
    lines = users.read_text(encoding="utf-8") if users.exists() else ""
    if not re.fullmatch(r"[A-Za-z0-9._@-]{1,64}", name):
        sys.exit(f"Error: the login {name!r} is not a name of letters, digits, '.', '_', '@' and '-'.")
    if any(line.partition(" ")[0] == name for line in lines.splitlines()):
        sys.exit(f"Error: {name} has a login. To give a new password, remove the line from {users} first.")
    secret = secrets.token_urlsafe(24)
    line = f"{name} {hashed(secret)}\n"
    users.unlink(missing_ok=True)
    written(users, lambda: lines + line)
    return secret


def hashed(secret: str) -> str:
    """The bcrypt hash of a password, by Caddy: one on this machine, or the image that docker-compose.yml names."""
    beside_python = str(Path(sys.executable).parent)
    caddy = shutil.which("caddy", path=os.pathsep.join([beside_python, *os.get_exec_path()]))
    docker = shutil.which("docker")
    if caddy:
        command = [caddy]
    elif docker:
        command = [docker, "run", "--rm", "--interactive", "--network=none", caddy_image(), "caddy"]
    else:
        sys.exit("Error: neither docker nor caddy is on the path, and one of them must hash the login's password.")
    command += ["hash-password", "--algorithm", "bcrypt", "--bcrypt-cost", BCRYPT_COST]
    done = subprocess.run(command, input=f"{secret}\n", capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode or not done.stdout.startswith("$2"):
        sys.exit(f"Error: {' '.join(command[:2])} could not hash the password: {done.stderr.strip() or done.stdout}")
    return done.stdout.strip()


def caddy_image() -> str:
    """The image of the proxy in docker-compose.yml."""
    text = DEPLOY.with_name("docker-compose.yml").read_text(encoding="utf-8")
    [image] = re.findall(r"image: (caddy:\S+)", text)
    return str(image)


def read(folder: Path, name: str) -> str:
    """A secret that was made before."""
    return (folder / name).read_text(encoding="utf-8").strip()


if __name__ == "__main__":
    main()
