"""The server as its users meet it: ingest speed, answer time over HTTP, cold start, idle memory.

Run from the repository root: ``python -m bench.server [--starts N]``. Takes the staff handbook (231 pages) into a data
directory that is thrown away. Every question is asked once, so that no remembered vector flatters the answer time.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.lines import data, print_figure
from bench.running import Server

WARM_UP = 8


def ingest(server: Server, documents: Path) -> None:
    """Begins with the worker's start; ``bench.ingest`` measures a warm one."""
    run = server.ingest(documents)
    counts = run["progress"]
    again = server.ingest(documents)
    baseline = {
        "chunks": counts["chunks"],
        "chunks_per_s": round(counts["chunks"] / run["seconds"], 1),
        "failed": counts["failed"] + counts["quarantined"],
        "second run, seconds": again["seconds"],
        "second run, unchanged": again["progress"]["unchanged"],
    }
    speed = counts["total"] / run["seconds"]
    print_figure("tts-handbook ingest, worker's start included", speed, unit="documents/s", goal=10, baseline=baseline)


def answer_times(server: Server, questions: list[str]) -> None:
    for number in range(WARM_UP):
        server.ask(f"warm up question number {number}")
    times = sorted(server.ask(question) for question in questions)
    search = []
    for question in questions:
        start = time.perf_counter()
        server.client.post("/v1/search", json={"question": f"{question} please"}).raise_for_status()
        search.append((time.perf_counter() - start) * 1000)
    live = []
    for _ in questions:
        start = time.perf_counter()
        server.client.get("/v1/health/live").raise_for_status()
        live.append((time.perf_counter() - start) * 1000)
    baseline = {
        "p95": round(times[int(0.95 * len(times))], 1),
        "search p50": round(statistics.median(search), 1),
        "health p50": round(statistics.median(live), 1),
        "questions": len(times),
    }
    print_figure("ask over HTTP p50", statistics.median(times), unit="ms", goal="<= 60", baseline=baseline)


def cold_starts(data_dir: Path, rounds: int) -> None:
    seconds, memory = [], []
    for _ in range(rounds):
        with Server(data_dir) as server:
            server.ask("How many hours of annual leave do I earn?")
            seconds.append(time.perf_counter() - server.started)
            time.sleep(5)
            memory.append(server.rss_mb())
    imports = []
    for _ in range(rounds):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import sentence_transformers"], check=True)
        imports.append(time.perf_counter() - start)
    baseline = {"rounds": rounds, "importing sentence_transformers alone, s": round(statistics.median(imports), 2)}
    print_figure("cold start to the first answer", statistics.median(seconds), unit="s", goal="<= 6", baseline=baseline)
    print_figure("idle RSS after a first answer", statistics.median(memory), unit="MB", goal="<= 900")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=5, help="cold starts to measure")
    rounds = parser.parse_args().starts
    folder = data("tts-handbook")
    questions = [json.loads(line)["text"] for line in (folder / "queries.jsonl").read_text().splitlines()]
    with tempfile.TemporaryDirectory() as scratch:
        data_dir = Path(scratch) / "data"
        with Server(data_dir) as server:
            ingest(server, folder / "docs")
            answer_times(server, questions)
        cold_starts(data_dir, rounds)


if __name__ == "__main__":
    main()
