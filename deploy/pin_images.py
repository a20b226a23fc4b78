"""Pins images by digest: ``make image-digests``, or this file with any Python 3, and Docker.

Behind each version in docker-compose.yml and the Dockerfile it writes, or renews, the digest that the version has now:
``postgres:16.9-bookworm@sha256:…``. The image that is built here is left as it is.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FILES = ("docker-compose.yml", "Dockerfile")
OWN = "airwatch-dagster:"
IMAGE = re.compile(r"^(?P<before>\s*image: |FROM )(?P<name>[\w./-]+:[\w.-]+)(?:@sha256:[0-9a-f]{64})?", re.MULTILINE)
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def main(root: Path = ROOT) -> None:
    """Ask for all digests before any file is changed."""
    texts = {name: (root / name).read_text(encoding="utf-8") for name in FILES}
    found = [match["name"] for text in texts.values() for match in IMAGE.finditer(text)]
    digests = {image: digest_of(image) for image in dict.fromkeys(found) if not image.startswith(OWN)}
    for name, text in texts.items():
        (root / name).write_text(IMAGE.sub(lambda match: pinned(match, digests), text), encoding="utf-8")
    for image, digest in digests.items():
        print(f"{image}@{digest}")


def pinned(match: re.Match[str], digests: dict[str, str]) -> str:
    """The image with its digest."""
    image = match["name"]
    return f"{match['before']}{image}@{digests[image]}" if image in digests else match[0]


def digest_of(image: str) -> str:
    """The digest of the version, for all of its architectures. Exits with one sentence if it cannot be had."""
    command = ["docker", "buildx", "imagetools", "inspect", image, "--format", "{{json .Manifest.Digest}}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - Docker, on the path
    except FileNotFoundError:
        sys.exit("Error: docker is not on the path, and only it asks the registries. Install Docker with buildx.")
    digest = DIGEST.search(done.stdout)
    if done.returncode or not digest:
        sys.exit(f"Error: the digest of {image} cannot be had: {done.stderr.strip() or done.stdout.strip()}")
    return digest[0]


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else ROOT)
