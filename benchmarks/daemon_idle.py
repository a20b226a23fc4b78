"""CPU that `dagster dev` takes while nothing is to be done, in percent of a core, by process.

    python -W ignore -m benchmarks.daemon_idle [--minutes 5] [--data DATA --state STATE]

Every schedule and sensor is as a user finds it. With DATA and STATE, a storage and the state of its runs, the sensors
look at a real history; otherwise at a new installation. The first minute, of the start, is not counted. Linux.
"""

import argparse
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
WARM_UP_S = 60
PARTS = {
    "daemon": "dagster._daemon",
    "code server": "dagster api grpc",
    "code server's supervisor": "code-server start",
    "web server": "dagster_webserver",
}
"""Process → part of its command line."""
TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5.0, help="how long to measure (default: 5)")
    parser.add_argument("--data", type=Path, help="a storage (default: an empty one)")
    parser.add_argument("--state", type=Path, help="its state; sensors write to it (default: an empty one)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data, state = arguments.data or Path(folder, "data"), arguments.state or Path(folder, "state")
        server = _started(data.resolve(), state.resolve(), log=Path(folder, "log"))
        try:
            time.sleep(WARM_UP_S)
            before, begin = _cpu_s(server.pid), time.monotonic()
            time.sleep(arguments.minutes * 60)
            after, seconds = _cpu_s(server.pid), time.monotonic() - begin
        finally:
            # All of the group at once; nothing of it is kept.
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()
        if "daemon" not in after:
            raise RuntimeError(Path(folder, "log").read_text(encoding="utf-8")[-4000:])
    shares = {name: 100 * (after[name] - before.get(name, 0.0)) / seconds for name in after}
    for name, share in sorted(shares.items(), key=lambda one: -one[1]):
        print(f"{name:28}{share:6.2f} % of a core")
    idle = sum(share for name, share in shares.items() if name != "web server")
    print(f"{'all but the web server':28}{idle:6.2f} % of a core, {seconds:.0f} s, load {os.getloadavg()[0]:.0f}")


def _started(data: Path, state: Path, *, log: Path) -> "subprocess.Popen[bytes]":
    state.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {
        "AIRWATCH_STORAGE": str(data),
        "AIRWATCH_STATE": str(state),
        "DAGSTER_HOME": str(REPOSITORY),
        "PYTHONPATH": str(REPOSITORY),
        "PYTHONWARNINGS": "ignore",
        "DAGSTER_DISABLE_TELEMETRY": "1",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    workspace = ["--workspace", str(REPOSITORY / "workspace.yaml"), "--host", "127.0.0.1", "--port", port]
    command = [sys.executable, "-m", "dagster", "dev", *workspace]
    with log.open("wb") as output:
        return subprocess.Popen(
            command, cwd=state, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )


def _cpu_s(session: int) -> dict[str, float]:
    """CPU seconds so far of the processes of a session and of their ended children, by part."""
    found: dict[str, float] = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            words = folder.joinpath("cmdline").read_bytes().replace(b"\0", b" ").decode()
            stat = folder.joinpath("stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(stat[3]) == session:
            part = next((name for name, command in PARTS.items() if command in words), "other")
            found[part] = found.get(part, 0.0) + sum(int(one) for one in stat[11:15]) / TICKS
    return found


if __name__ == "__main__":
    main()
