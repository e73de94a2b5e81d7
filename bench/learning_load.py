"""Questions while a model is trained beside them, and how long that takes from a hundred labels to what serves.

Run from the repository root: ``python -m bench.learning_load [SET] [--labels N] [--documents N]``. The server as its
users meet it, with documents of ``scifact`` (or ``feedbackqa``), a hundred labelled questions, and one reader who asks
one question after the other, each another one: first alone, then while the whole ladder is trained and measured.
What passed the gate is promoted, and rolled back; where nothing did, that is said.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

from bench.lines import data, print_figure
from bench.running import Server
from eval.metrics import percentile

ALONE = 200  # questions
WARM_UP = 20
SETTINGS = {
    "ATTUNE_APPROVALS": "1",
    "ATTUNE_USER_REQUESTS_PER_MINUTE": "0",
    "ATTUNE_CREDENTIAL_REQUESTS_PER_MINUTE": "0",
}
SPLITS = {"scifact": ("train", "test"), "feedbackqa": ("train", "dev")}


def judged(name: str, split: str) -> dict[str, list[str]]:
    """Return the documents that answer each question of a split, by question id."""
    found: dict[str, list[str]] = {}
    for line in (data(name) / "qrels" / f"{split}.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        question, document, grade = line.split("\t")
        if int(grade) > 0:
            found.setdefault(question, []).append(document)
    return found


def write(name: str, wanted: list[str], folder: Path, documents: int) -> None:
    """Write the documents that are wanted, and others up to so many, as files named by their id."""
    folder.mkdir()
    rows = [json.loads(line) for line in (data(name) / "corpus.jsonl").read_text(encoding="utf-8").splitlines()]
    first = set(wanted)
    for row in sorted(rows, key=lambda row: row["_id"] not in first)[:documents]:
        (folder / f"{row['_id']}.md").write_text(f"# {row.get('title', '')}\n\n{row['text']}\n", encoding="utf-8")


def asked(questions: list[str]) -> Iterator[str]:
    """Give questions without end, none of them twice: no remembered vector flatters the time."""
    for time_ in count():
        yield from (f"{question} {time_}" if time_ else question for question in questions)


def cpu_seconds(pid: int) -> float:
    """Return the seconds of processor that a process had so far; 0 when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def trained(server: Server, questions: Iterator[str]) -> tuple[dict[str, Any], list[float], float]:
    """Train what is open, and ask meanwhile; gives the run, the times of answers and the processor seconds it took."""
    run = server.client.post("/v1/learning/runs", json={}).raise_for_status().json()
    url, times, cpu_s = f"/v1/learning/runs/{run['id']}", list[float](), 0.0
    while run["state"] in {"waiting", "running"}:
        times += [server.ask(next(questions)) for _ in range(10)]
        cpu_s = max([cpu_s, *(cpu_seconds(pid) for pid in server.children("app.training"))])
        run = server.client.get(url).raise_for_status().json()
    return run, times, cpu_s


def promoted(server: Server, run: dict[str, Any]) -> tuple[float, float]:
    """Promote what passed, by one approval, and go back; gives the seconds of both."""
    candidate = next(one["candidate"] for one in run["outcomes"] if one["verdict"] == "passed")
    began = time.perf_counter()
    body = {"action": "promote", "subject": candidate, "reason": "the gate was passed"}
    approval = server.client.post("/v1/approvals", json=body).raise_for_status().json()
    server.client.post(f"/v1/approvals/{approval['id']}/decision", json={"decision": "approved"}).raise_for_status()
    server.client.post(f"/v1/learning/candidates/{candidate}/promotion").raise_for_status()
    there = time.perf_counter()
    server.client.post("/v1/learning/rollback").raise_for_status()
    return there - began, time.perf_counter() - there


def measure(server: Server, name: str, labels: list[dict[str, Any]], questions: Iterator[str]) -> None:
    """Print the figures."""
    server.client.post("/v1/feedback/given", json={"source": name, "labels": labels}).raise_for_status()
    for _ in range(WARM_UP):
        server.ask(next(questions))
    alone = [server.ask(next(questions)) for _ in range(ALONE)]
    began = time.perf_counter()
    run, meanwhile, cpu_s = trained(server, questions)
    took_s = time.perf_counter() - began
    passed = [one["rung"] for one in run["outcomes"] if one["verdict"] == "passed"]
    words = {"state": run["state"], "error": run["error"], "outcomes": [one["words"] for one in run["outcomes"]]}
    seconds, back = promoted(server, run) if passed else (0.0, 0.0)
    said = words | {"labels": len(labels), "passed": passed, "questions answered meanwhile": len(meanwhile)}
    # On a machine that does other things too, what the process was given says more than the clock.
    said["seconds of processor"] = round(cpu_s, 1)
    print_figure(f"{name}, labels to what serves", took_s + seconds, unit="s", goal="<= 300", baseline=said)
    if passed:
        print_figure(f"{name}, rollback", back, unit="s", goal="<= 1")
    times = {"p95 alone, ms": round(percentile(alone, 95), 1), "p95 meanwhile, ms": round(percentile(meanwhile, 95), 1)}
    ratio = percentile(meanwhile, 95) / percentile(alone, 95)
    print_figure(f"{name}, p95 while training over p95 alone", ratio, unit="times", goal="<= 2", baseline=times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("set", nargs="?", choices=sorted(SPLITS), default="scifact")
    parser.add_argument("--labels", type=int, default=100, help="questions with labels")
    parser.add_argument("--documents", type=int, default=1000)
    given = parser.parse_args()
    learned, measured = SPLITS[given.set]
    rows = (data(given.set) / "queries.jsonl").read_text(encoding="utf-8").splitlines()
    texts = {row["_id"]: row["text"] for row in map(json.loads, rows)}
    right = dict(list(judged(given.set, learned).items())[: given.labels])
    labels = [
        {"question": texts[question], "document": f"{document}.md", "label": 1}
        for question, documents in right.items()
        for document in documents
    ]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write(
            given.set,
            [document for documents in right.values() for document in documents],
            folder / "docs",
            given.documents,
        )
        with Server(folder / "data", **SETTINGS) as server:
            server.ingest(folder / "docs")
            measure(server, given.set, labels, asked([texts[key] for key in judged(given.set, measured)]))


if __name__ == "__main__":
    main()
