"""Lists every package of the lock for people and programs: a CycloneDX document, and a table of licences.

    python deploy/bill_of_materials.py requirements.txt build/sbom.cdx.json build/licences.csv

Names, versions, SHA-256 sums and who needs whom are those of the lock; licences are those that the packages installed
beside this Python declare. One that is not installed (it is for another system) has none. Without any change the
documents are the same bytes.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]

_PIN: Final = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)
_SHA256: Final = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_VIA: Final = re.compile(r"^ +#(?: via)? +(?!via$)([A-Za-z0-9._-]+)(?:\[.*\])?(?: \(.*\))?$", re.MULTILINE)

MAX_LICENCE: Final = 100
"""Characters of a declared licence; some packages put its whole text in the field."""


@dataclass(frozen=True)
class Package:
    """One package of the lock."""

    name: str
    version: str
    hashes: tuple[str, ...]
    """Of each of its files, of which one is installed."""
    needed_by: tuple[str, ...]

    @property
    def purl(self) -> str:
        """Its package URL."""
        return f"pkg:pypi/{self.name}@{self.version}"

    def licence(self) -> str:
        """What the installed package declares: an SPDX expression, a name, or classifiers; empty for none."""
        try:
            about = metadata.metadata(self.name)
        except metadata.PackageNotFoundError:
            return ""
        classifiers = [one.rpartition(" :: ")[2] for one in about.get_all("Classifier") or () if "License ::" in one]
        declared = about.get("License-Expression") or " AND ".join(classifiers) or about.get("License") or ""
        return " ".join(declared.split())[:MAX_LICENCE]


def packages(lock: str) -> Iterator[Package]:
    """The packages of a lock as ``uv pip compile`` writes it."""
    pins = list(_PIN.finditer(lock))
    ends = [pin.start() for pin in pins[1:]] + [len(lock)]
    for pin, end in zip(pins, ends, strict=True):
        about = lock[pin.end() : end]
        yield Package(pin[1].lower(), pin[2], tuple(_SHA256.findall(about)), tuple(_VIA.findall(about)))


def document(found: list[Package], *, version: str) -> dict[str, Any]:
    """The CycloneDX document of AirWatch and its packages. Source: CycloneDX 1.6, JSON."""
    own = f"pkg:pypi/airwatch-dagster@{version}"
    purls = {one.name: one.purl for one in found} | {"airwatch-dagster": own}
    needs: dict[str, list[str]] = {purl: [] for purl in purls.values()}
    for one in found:
        for name in one.needed_by:
            needs[purls[name]].append(one.purl)
    components = [_component(one) for one in found]
    content = json.dumps([components, needs], sort_keys=True)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, content)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": own,
                "name": "airwatch-dagster",
                "version": version,
                "purl": own,
            }
        },
        "components": components,
        "dependencies": [{"ref": ref, "dependsOn": sorted(used)} for ref, used in sorted(needs.items())],
    }


def _component(one: Package) -> dict[str, Any]:
    licence = one.licence()
    return {
        "type": "library",
        "bom-ref": one.purl,
        "name": one.name,
        "version": one.version,
        "purl": one.purl,
        "hashes": [{"alg": "SHA-256", "content": content} for content in one.hashes],
        **({"licenses": [{"license": {"name": licence}}]} if licence else {}),
    }


def main() -> None:
    """Write both documents."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("lock", "sbom", "licences"):
        parser.add_argument(name, type=Path)
    arguments = parser.parse_args()
    found = list(packages(arguments.lock.read_text(encoding="utf-8")))
    [version] = re.findall(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    for path in (arguments.sbom, arguments.licences):
        path.parent.mkdir(parents=True, exist_ok=True)
    arguments.sbom.write_text(json.dumps(document(found, version=version), indent=1) + "\n", encoding="utf-8")
    with arguments.licences.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            [("package", "version", "licence"), *((p.name, p.version, p.licence()) for p in found)]
        )
    print(f"{len(found)} packages in {arguments.sbom} and {arguments.licences}")


if __name__ == "__main__":
    main()
