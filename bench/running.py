"""A server in a process of its own, as its users meet it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

ATTUNE = str(Path(sys.executable).parent / "attune")


class Server:
    """`attune serve` on a data directory."""

    def __init__(self, data_dir: Path, **settings: str) -> None:
        self.data_dir = data_dir
        self.environment = {**os.environ, "ATTUNE_DATA_DIR": str(data_dir), "ATTUNE_PORT": "0", **settings}

    def __enter__(self) -> "Server":
        self.started = time.perf_counter()
        file = self.data_dir / "server.json"
        file.unlink(missing_ok=True)
        self.process = subprocess.Popen([ATTUNE, "serve"], env=self.environment, stdout=subprocess.DEVNULL)
        while True:
            if self.process.poll() is not None:
                sys.exit(f"the server ended with {self.process.returncode}")
            if file.exists():
                found = json.loads(file.read_text())
                headers = {"Authorization": f"Bearer {found['token']}"}
                self.client = httpx.Client(base_url=found["url"], headers=headers, timeout=120)
                try:
                    self.client.get("/v1/health/ready").raise_for_status()
                except httpx.HTTPError:
                    self.client.close()
                else:
                    return self
            time.sleep(0.01)

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()

    def kill(self) -> None:
        """Kill the server, and nothing else."""
        self.client.close()
        self.process.kill()
        self.process.wait()

    def ask(self, question: str) -> float:
        """Ask; gives milliseconds."""
        return self.timed("/v1/answers", question)

    def timed(self, path: str, question: str) -> float:
        start = time.perf_counter()
        self.client.post(path, json={"question": question}).raise_for_status()
        return (time.perf_counter() - start) * 1000

    def begin(self, *paths: Path) -> dict[str, Any]:
        """Begin to take paths in."""
        response = self.client.post("/v1/ingestions", json={"paths": [str(path) for path in paths]})
        return response.raise_for_status().json()

    def run(self, run_id: str) -> dict[str, Any]:
        return self.client.get(f"/v1/ingestions/{run_id}").raise_for_status().json()

    def ingest(self, *paths: Path, look_s: float = 0.1) -> dict[str, Any]:
        """Take paths in and wait for the end."""
        run = self.begin(*paths)
        while run["state"] in {"queued", "running"}:
            time.sleep(look_s)
            run = self.run(run["id"])
        return run

    def rss_mb(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS"))

    def children(self, module: str = "app.worker") -> Iterator[int]:
        """Process ids of the workers, or of what else runs beside the server."""
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    fields = (entry / "stat").read_text().rpartition(")")[2].split()
                    words = (entry / "cmdline").read_bytes()
                except OSError:
                    continue
                if int(fields[1]) == self.process.pid and module.encode() in words:
                    yield int(entry.name)
