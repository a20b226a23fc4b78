"""What no file of the repository may hold: trailing blanks, a missing or doubled last line end, a merge conflict.

    python .ci/hygiene.py [FILE ...]

Without arguments every tracked file is checked. Prints one line per finding; the exit code is 1 when there is one.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

MAX_BYTES: Final = 1_000_000
"""Larger files belong into a release or a bucket."""

CONFLICT_MARKS: Final = (b"<<<<<<< ", b">>>>>>> ", b"||||||| ")


def findings(path: Path) -> Iterator[str]:
    """Every finding in a file, as ``file:line: what is wrong``; a file with a null byte is only measured."""
    content = path.read_bytes()
    if len(content) > MAX_BYTES:
        yield f"{path}: {len(content):,} bytes, more than {MAX_BYTES:,}"
    if b"\0" in content:
        return
    for number, line in enumerate(content.split(b"\n"), start=1):
        if line != line.rstrip():
            yield f"{path}:{number}: trailing blanks or a Windows line end"
        if line.startswith(CONFLICT_MARKS):
            yield f"{path}:{number}: mark of a merge conflict"
    if content and (not content.endswith(b"\n") or content.endswith(b"\n\n")):
        yield f"{path}: does not end with exactly one line end"


def tracked_files() -> list[str]:
    """The files that git tracks; exits where there is no git checkout, as in an unpacked archive."""
    listed = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True, check=False)
    if listed.returncode:
        print("not a git checkout: line ends and conflict marks are not checked", file=sys.stderr)
        sys.exit(0)
    return listed.stdout.split("\0")


def main() -> None:
    names = sys.argv[1:] or tracked_files()
    files = [path for path in map(Path, names) if path.is_file() and not path.is_symlink()]
    found = [finding for path in files for finding in findings(path)]
    sys.exit("\n".join(found) if found else 0)


if __name__ == "__main__":
    main()
