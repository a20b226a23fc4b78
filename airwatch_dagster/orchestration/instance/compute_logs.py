"""What steps print, in files for the UI, without processes of their own. Configured in dagster.yaml.

For each of the two streams of a step Dagster starts `tail`, which shows the file's lines on the terminal, and a Python
that watches whether the step's process still lives: 0.05 s of CPU and four processes for every run.
"""

import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from dagster._core.execution.compute_logs import redirect_to_file
from dagster._core.storage.compute_log_manager import CapturedLogContext, ComputeIOType
from dagster._core.storage.local_compute_log_manager import IO_TYPE_EXTENSION, LocalComputeLogManager
from dagster._serdes import ConfigurableClassData
from dagster._utils import ensure_file, touch_file


class OneProcessComputeLogManager(LocalComputeLogManager):
    """The files of upstream, filled while the steps run; the terminal shows them when the steps have ended.

    Of a process that is killed they are in the files alone.
    """

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "OneProcessComputeLogManager":
        """Files in ``base_dir``, a folder for each run."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def capture_logs(self, log_key: Sequence[str]) -> Iterator[CapturedLogContext]:
        """As upstream."""
        with (
            _captured(sys.stdout, self._path(log_key, ComputeIOType.STDOUT)),
            _captured(sys.stderr, self._path(log_key, ComputeIOType.STDERR)),
        ):
            yield CapturedLogContext(log_key)
        # By this the UI knows that no more will come.
        touch_file(self.complete_artifact_path(log_key))  # type: ignore[no-untyped-call]

    def _path(self, log_key: Sequence[str], kind: ComputeIOType) -> Path:
        return Path(self.get_captured_local_path(log_key, IO_TYPE_EXTENSION[kind]))


@contextmanager
def _captured(stream: TextIO, path: Path) -> Iterator[None]:
    ensure_file(str(path))
    begin = path.stat().st_size
    try:
        with redirect_to_file(stream, str(path)):
            yield
    finally:
        if path.stat().st_size > begin:  # never for a stream that is no file, which upstream leaves alone
            with path.open("rb") as file, os.fdopen(os.dup(stream.fileno()), "wb") as terminal:
                file.seek(begin)
                shutil.copyfileobj(file, terminal)
