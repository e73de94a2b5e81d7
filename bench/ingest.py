"""Ingestion as an administrator meets it: speed, what a second run costs, and what it costs those who ask meanwhile.

Run from the repository root: ``python -m bench.ingest handbook|again|filings|many``.

``handbook --peer PYTHON`` holds the speed against LlamaIndex in the same run: PYTHON is an interpreter with
llama-index-core, llama-index-embeddings-huggingface, sentence-transformers and the bundled model.
"""

import argparse
import json
import random
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.lines import data, print_figure
from bench.running import Server
from retrieval.embed import bundled_model_path

_PEER = """
import json, sys, time
from pathlib import Path
from llama_index.core import Settings, SimpleDirectoryReader, VectorStoreIndex
from llama_index.core.node_parser import SentenceSplitter
from llama_index.embeddings.huggingface import HuggingFaceEmbedding

Settings.embed_model = HuggingFaceEmbedding(model_name=sys.argv[1])
# The model reads 256 tokens: with the default of 1,024 three quarters of the text would be cut off unread.
tokenizer = Settings.embed_model._model.tokenizer
count = lambda text: tokenizer.encode(text, add_special_tokens=False)
Settings.node_parser = SentenceSplitter(chunk_size=254, chunk_overlap=0, include_metadata=False, tokenizer=count)
Settings.embed_model.get_text_embedding("warm")
print("ready", flush=True)
for line in sys.stdin:
    files = sorted(Path(line.strip()).rglob("*.md"))
    started = time.perf_counter()
    documents = SimpleDirectoryReader(input_files=files).load_data()
    for document in documents:
        document.excluded_embed_metadata_keys = list(document.metadata)
    index = VectorStoreIndex.from_documents(documents)
    seconds, chunks = time.perf_counter() - started, len(index.index_struct.nodes_dict)
    print(json.dumps({"seconds": seconds, "files": len(files), "chunks": chunks}), flush=True)
"""
_QUESTIONS = (
    "How is the {} of the pump changed?",
    "Who decides about the {}?",
    "What does the {} say about holidays?",
    "Where is the {} kept?",
)
_WORDS = (
    "order plan valve ledger garden policy lamp contract turbine seminar window budget recipe signal bridge",
    "forest engine ticket archive harbour winter protocol station letter mirror silver cabin meadow column radar",
)
_VOCABULARY = " ".join(_WORDS).split()


@contextmanager
def warm_server(scratch: Path, **settings: str) -> Iterator[Server]:
    """A server whose worker runs and has its model loaded."""
    first = scratch / "first"
    first.mkdir()
    # With something that looks like personal data: what judges that is loaded when it is seen first.
    warm = "# Warm\n\nThe worker is warm when this page is in; write to warm@example.com or call +44 20 7946 0958."
    warm += "\n\nThis is here so that there is enough text to tell which language it is written in, as for any page."
    (first / "warm.md").write_text(warm)
    with Server(scratch / "data", **settings) as server:
        server.ingest(first)
        yield server


def handbook(rounds: int, peer: str | None) -> None:
    documents = data("tts-handbook") / "docs"
    ours, theirs, chunks = [], [], {}
    with tempfile.TemporaryDirectory() as name:
        other = _start_peer(peer)
        for number in range(rounds):
            scratch = Path(name, str(number))
            scratch.mkdir()
            with warm_server(scratch) as server:
                run = server.ingest(documents)
            counts = run["progress"]
            ours.append(counts["total"] / run["seconds"])
            chunks["ours"] = counts["chunks"]
            if other is not None:
                found = _peer_run(other, documents)
                theirs.append(found["files"] / found["seconds"])
                chunks["LlamaIndex"] = found["chunks"]
    if other is not None:
        other.kill()
    baseline = {"rounds": rounds, "ours": [round(v, 1) for v in ours], "chunks": chunks}
    print_figure("tts-handbook ingest, warm", statistics.median(ours), unit="documents/s", goal=20, baseline=baseline)
    if theirs:
        ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
        baseline |= {"LlamaIndex documents/s": [round(v, 2) for v in theirs], "ratios": [round(r, 2) for r in ratios]}
        print_figure(
            "tts-handbook ingest against LlamaIndex", statistics.median(ratios), unit="times", goal=5, baseline=baseline
        )


def _start_peer(python: str | None) -> "subprocess.Popen[str] | None":
    if python is None:
        return None
    command = [python, "-c", _PEER, str(bundled_model_path())]
    started = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    if started.stdout is None or started.stdout.readline() != "ready\n":
        raise SystemExit("the peer did not start")
    return started


def _peer_run(peer: "subprocess.Popen[str]", folder: Path) -> dict[str, float]:
    if peer.stdin is None or peer.stdout is None:
        raise SystemExit("the peer is gone")
    peer.stdin.write(f"{folder}\n")
    peer.stdin.flush()
    for line in peer.stdout:
        if line.startswith("{"):
            found: dict[str, float] = json.loads(line)
            return found
    raise SystemExit("the peer is gone")


def again(rounds: int) -> None:
    source = data("tts-handbook") / "docs"
    with tempfile.TemporaryDirectory() as name:
        pages = Path(name, "pages")
        for page in source.rglob("*.md"):
            target = pages / page.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(page.read_bytes())
        with warm_server(Path(name)) as server:
            server.ingest(pages)
            unchanged = [server.ingest(pages)["seconds"] for _ in range(rounds)]
            longest = max(pages.rglob("*.md"), key=lambda page: page.stat().st_size)
            paragraphs = longest.read_text().split("\n\n")
            middle = max(range(len(paragraphs)), key=lambda i: len(paragraphs[i]) if paragraphs[i][:1].isalpha() else 0)
            paragraphs[middle] += " And one more sentence."
            longest.write_text("\n\n".join(paragraphs))
            changed = server.ingest(pages)
    baseline = {"rounds": rounds, "seconds": unchanged, "pages": changed["progress"]["total"]}
    print_figure("231 unchanged pages again", statistics.median(unchanged), unit="s", goal="<= 1", baseline=baseline)
    counts = changed["progress"]
    baseline = {"chunks of the page": counts["chunks"], "updated": counts["updated"], "seconds": changed["seconds"]}
    print_figure("one changed paragraph", counts["embedded"], unit="chunks embedded", goal="its own", baseline=baseline)


def filings(rounds: int) -> None:
    documents = data("sec-10q") / "docs"
    seconds = []
    with tempfile.TemporaryDirectory() as name:
        for number in range(rounds):
            scratch = Path(name, str(number))
            scratch.mkdir()
            with warm_server(scratch) as server:
                run = server.ingest(documents)
            seconds.append(run["seconds"])
    counts = run["progress"]
    baseline = {"rounds": rounds, "seconds": seconds, "documents": counts["total"], "chunks": counts["chunks"]}
    print_figure("sec-10q searchable", statistics.median(seconds), unit="s", goal="<= 25", baseline=baseline)


def many(count: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        pages = Path(name, "pages")
        _generate(pages, count)
        with warm_server(Path(name)) as server:
            for _ in range(20):
                server.timed("/v1/search", _question())
            # Against an index of the size it will have on the way: the empty one answers faster.
            idle = [server.timed("/v1/search", _question()) for _ in range(300)]
            before, peak, during = server.rss_mb(), 0.0, []
            run = server.begin(pages)
            while run["state"] in {"queued", "running"}:
                during.append(server.timed("/v1/search", _question()))
                peak = max(peak, server.rss_mb())
                time.sleep(0.2)
                run = server.run(run["id"])
            after = [server.timed("/v1/search", _question()) for _ in range(300)]
            grown = max(peak, server.rss_mb()) - before
    counts, speed = run["progress"], run["progress"]["total"] / run["seconds"]
    shared = {"documents": counts["total"], "failed": counts["failed"], "chunks": counts["chunks"]}
    shared |= {"documents/s": round(speed, 1), "seconds": run["seconds"]}
    baseline = {**shared, "MB before": round(before, 1), "MB at most": round(peak, 1)}
    print_figure(f"server RSS over {count} documents", grown, unit="MB", goal="<= 300", baseline=baseline)
    p95 = {"idle before": _p95(idle), "idle after": _p95(after), "during": _p95(during)}
    p50 = {f"p50 {k}": round(statistics.median(v), 1) for k, v in {"after": after, "during": during}.items()}
    print_figure(
        "search p95 during against idle",
        _p95(during) / _p95(after),
        unit="times",
        goal="<= 3",
        baseline={**shared, **p95, **p50, "searches during": len(during)},
    )


def _p95(times: list[float]) -> float:
    return round(sorted(times)[int(0.95 * len(times))], 1)


def _question() -> str:
    # Each is new, so that no remembered vector flatters.
    words = random.choices(_VOCABULARY, k=3)
    return random.choice(_QUESTIONS).format(" ".join(words))


def _generate(folder: Path, count: int) -> None:
    rng = random.Random(1)
    for number in range(count):
        page = folder / f"{number % 100:02d}" / f"page-{number}.md"
        page.parent.mkdir(parents=True, exist_ok=True)
        parts = [f"# {' '.join(rng.choices(_VOCABULARY, k=4)).capitalize()} {number}"]
        for _ in range(rng.randint(2, 5)):
            parts.append(f"## {' '.join(rng.choices(_VOCABULARY, k=3)).capitalize()}")
            sentences = (
                " ".join(rng.choices(_VOCABULARY, k=rng.randint(8, 16))).capitalize() for _ in range(rng.randint(3, 9))
            )
            parts.append(". ".join(sentences) + ".")
        page.write_text("\n\n".join(parts))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["handbook", "again", "filings", "many"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peer", help="interpreter that has LlamaIndex")
    parser.add_argument("--documents", type=int, default=10_000)
    given = parser.parse_args()
    if given.what == "handbook":
        handbook(given.rounds, given.peer)
    elif given.what == "again":
        again(given.rounds)
    elif given.what == "filings":
        filings(given.rounds)
    else:
        many(given.documents)


if __name__ == "__main__":
    main()
