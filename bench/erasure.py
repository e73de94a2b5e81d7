"""Row 9: half of many documents is forgotten; their markers are gone from every answer at once, and from disk.

Run from the repository root: ``python -m bench.erasure [--documents N]``. Each document, in one of six formats, holds a
marker. It is asked about (the answer cites it), a conversation goes on from there, feedback and a golden set quote it,
and an evaluation is kept. Then half is forgotten over the API. Looked at: every list, search, answer, export and report
of the API; then every byte of every file of the data directory. The others must be found.
"""

import argparse
import json
import random
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.lines import print_figure
from bench.running import Server

SEED = 20_261_128
_SYLLABLES = ("ba", "de", "ki", "lo", "mu", "ne", "po", "ra", "su", "ti", "vo", "za")
_FORMATS = ("md", "txt", "html", "csv", "rtf", "eml")


@dataclass
class Made:
    """A document of the test, and what was made of it."""

    topic: str
    marker: str
    file: Path
    id: str = ""
    answer: str = ""
    conversation: str = ""

    @property
    def sentence(self) -> str:
        return f"The access code of the {self.topic} station is {self.marker} and it is changed every spring."

    @property
    def question(self) -> str:
        return f"What is the access code of the {self.topic} station?"


def write(folder: Path, count: int) -> list[Made]:
    """Write documents, each about a place with a name of its own."""
    draw = random.Random(SEED)
    folder.mkdir(parents=True, exist_ok=True)
    made: list[Made] = []
    for number in range(count):
        topic = "".join(draw.choice(_SYLLABLES) for _ in range(4)).capitalize() + f"{number}"
        marker = f"MK{draw.randrange(16**10):010X}{number}"
        one = Made(topic, marker, folder / f"{topic.lower()}.{_FORMATS[number % len(_FORMATS)]}")
        one.file.write_bytes(_content(one).encode())
        made.append(one)
    return made


def _content(one: Made) -> str:
    more = f"The {one.topic} station lies at the river and has {len(one.topic)} doors, all of them of oak."
    match one.file.suffix:
        case ".html":
            return f"<html><body><h1>{one.topic} station</h1><p>{one.sentence}</p><p>{more}</p></body></html>"
        case ".csv":
            return f'place,what\n{one.topic},"{one.sentence}"\n{one.topic},"{more}"\n'
        case ".rtf":
            return f"{{\\rtf1\\ansi {one.topic} station\\par {one.sentence}\\par {more}\\par}}"
        case ".eml":
            head = f"From: a@example.org\nTo: b@example.org\nSubject: {one.topic} station"
            head += "\nDate: Mon, 2 Nov 2026 09:00:00 +0000\nContent-Type: text/plain; charset=utf-8"
            return f"{head}\n\n{one.sentence}\n\n{more}\n"
        case _:
            return f"# {one.topic} station\n\n{one.sentence}\n\n{more}\n"


def settle(client: Any, made: Sequence[Made]) -> None:
    """Take half in as uploads and half from the folder; ask, go on, correct, and evaluate."""
    uploads = [("files", (one.file.name, one.file.read_bytes())) for one in made[::2]]
    paths = [str(one.file) for one in made[1::2]]
    runs = [_ok(client.post("/v1/documents", files=uploads)), _ok(client.post("/v1/ingestions", json={"paths": paths}))]
    for run in runs:
        while _ok(client.get(f"/v1/ingestions/{run['id']}"))["state"] not in {"done", "failed", "cancelled"}:
            time.sleep(0.1)
    by_name = {document["uri"].rpartition("/")[2].removeprefix("upload:"): document for document in _documents(client)}
    for one in made:
        one.id = by_name[one.file.name]["id"]
        answer = _ok(client.post("/v1/answers", json={"question": one.question, "conversation_id": "new"}))
        one.answer, one.conversation = answer["interaction_id"], answer["conversation_id"]
        more = {"question": "And how often is it changed?", "conversation_id": one.conversation}
        _ok(client.post("/v1/answers", json=more))
        said = {"answer": one.sentence, "evidence": one.sentence, "right_documents": [one.id], "verdict": "up"}
        _ok(client.post(f"/v1/answers/{one.answer}/feedback", json=said))
    questions = [
        {
            "_id": f"q{number}",
            "text": one.question,
            "documents": [one.file.name],
            "evidence": one.sentence,
            "passages": [{"document": one.file.name, "text": one.sentence}],
        }
        for number, one in enumerate(made)
    ]
    _ok(client.post("/v1/golden-sets/stations", json={"questions": questions}))
    with client.stream("POST", "/v1/evaluations", json={"set": "stations"}) as response:
        response.read()


def forget(client: Any, made: Sequence[Made]) -> list[dict[str, Any]]:
    """Forget documents; gives the receipts."""
    receipts = []
    for one in made:
        body = {"kind": "document", "subject": one.id, "confirm": one.id}
        receipts.append(_ok(client.post("/v1/erasures", json=body))["receipt"])
    return receipts


def told(client: Any, made: Sequence[Made]) -> str:
    """Return all that the API says of documents: in lists and searches, answers, exports and reports."""
    said = [client.get(path).text for path in _lists(client)]
    for one in made:
        asked = {"question": one.question}
        said += [client.post(path, json=asked).text for path in ("/v1/search", "/v1/answers")]
        said.append(client.post("/v1/search", json={"question": one.marker, "mode": "sparse"}).text)
        said += [
            client.get(path).text
            for path in (
                f"/v1/documents/{one.id}",
                f"/v1/answers/{one.answer}",
                f"/v1/conversations/{one.conversation}",
                f"/v1/conversations/{one.conversation}/export",
            )
        ]
    return "\n".join(said)


def _lists(client: Any) -> list[str]:
    runs = _ok(client.get("/v1/evaluations"))["runs"]
    return [
        *("/v1/documents?limit=1000", "/v1/ingestions", "/v1/feedback?limit=1000", "/v1/golden-sets/stations"),
        *("/v1/conversations?limit=1000", "/v1/audit?limit=1000", "/v1/erasures"),
        *(f"/v1/evaluations/{run['id']}" for run in runs),
    ]


def on_disk(data_dir: Path, made: Sequence[Made]) -> dict[str, list[str]]:
    """Return which markers stand in which files of the data directory, byte for byte."""
    found: dict[str, list[str]] = {}
    for path in sorted(data_dir.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            if marks := [one.marker for one in made if one.marker.encode() in content]:
                found[str(path.relative_to(data_dir))] = marks
    return found


def searched(client: Any, one: Made) -> bool:
    """Say whether a search finds a document's marker."""
    return one.marker in client.post("/v1/search", json={"question": one.question}).text


def _documents(client: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = _ok(client.get("/v1/documents", params={"limit": 1000}))["documents"]
    return found


def _ok(response: Any) -> Any:
    if not response.is_success:
        raise RuntimeError(f"{response.request.url}: {response.status_code} {response.text}")
    return json.loads(response.text)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--documents", type=int, default=60)
    count = arguments.parse_args().documents
    with tempfile.TemporaryDirectory(prefix="attune-erasure-") as folder:
        data_dir = Path(folder) / "data"
        made = write(Path(folder) / "files", count)
        # Of those that were uploaded half, and of those from the folder.
        gone = [one for number, one in enumerate(made) if number % 4 < 2]
        kept = [one for one in made if one not in gone]
        with Server(data_dir) as server:
            server.client.timeout = None
            settle(server.client, made)
            before = sum(searched(server.client, one) for one in made)
            words = told(server.client, gone)
            heard = sum(one.marker in words for one in gone)
            present = {mark for marks in on_disk(data_dir, gone).values() for mark in marks}
            start = time.perf_counter()
            receipts = forget(server.client, gone)
            seconds = (time.perf_counter() - start) / len(gone)
            words = told(server.client, gone)
            said = [one.marker for one in gone if one.marker in words]
            running = {mark for marks in on_disk(data_dir, gone).values() for mark in marks}
            found = sum(searched(server.client, one) for one in kept)
        stopped = on_disk(data_dir, gone)
    left = {mark for marks in stopped.values() for mark in marks} | running
    clean = sum(not receipt["scan"]["left"] for receipt in receipts)
    counts = {"what": "found before; of the forgotten ones told and on disk before", "value": before}
    counts |= {"told": heard, "on disk": len(present)}
    print_figure("erasure_gone_from_the_api", 100 * (1 - len(said) / len(gone)), unit="%", goal=100, baseline=counts)
    where = {"what": "files that hold one", "value": len(stopped), "files": list(stopped)[:5]}
    print_figure("erasure_gone_from_disk", 100 * (1 - len(left) / len(gone)), unit="%", goal=100, baseline=where)
    print_figure("erasure_receipts_clean", 100 * clean / len(gone), unit="%", goal=100)
    print_figure("erasure_others_found", 100 * found / len(kept), unit="%", goal=100, baseline={"value": len(kept)})
    print_figure("erasure_seconds", seconds, unit="s/document", baseline={"documents": count})


if __name__ == "__main__":
    main()
