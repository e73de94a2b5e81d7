"""Texts of 215 tokens encoded a second: ours against plain ``SentenceTransformer.encode`` (fp32, batches of 32).

Run from the repository root: ``python -m bench.encode_speed [--texts N] [--rounds N]``. The two take turns, so that a
noisy neighbour meets both, and medians are compared. With sentence spans, as ingestion encodes, is a line of its own.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from bench.lines import has_amx, print_figure
from retrieval.embed import SentenceTransformerEmbedder, bundled_model_path
from retrieval.embedding_model import LoadedModel, load_model
from retrieval.sentences import sentence_spans

TOKENS = 215
SPECIAL_TOKENS = 2
HANDBOOK = Path(__file__).resolve().parents[1] / "examples" / "handbook"


def texts_of(embedder: SentenceTransformerEmbedder, count: int) -> list[str]:
    """Cut the example handbook into windows of 215 tokens, special tokens included, each starting elsewhere."""
    words = " ".join(" ".join(p.read_text(encoding="utf-8").split()) for p in sorted(HANDBOOK.rglob("*.md")))
    spans = embedder.token_spans([words])[0]
    inside = TOKENS - SPECIAL_TOKENS
    # A window that began inside a word would be tokenised otherwise than counted.
    starts = [i for i in range(len(spans) - inside) if i == 0 or words[spans[i][0] - 1] == " "]
    step = max(1, len(starts) // count)
    return [words[spans[i][0] : spans[i + inside - 1][1]] for i in starts[::step][:count]]


def seconds(encode: Callable[[], object]) -> float:
    started = time.perf_counter()
    encode()
    return time.perf_counter() - started


def say_questions(embedder: SentenceTransformerEmbedder, rounds: int) -> None:
    """One question at a time: our pass against the library's, on one thread."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    ours = embedder._encode  # noqa: SLF001 - to compare
    library = LoadedModel(load_model(bundled_model_path(), device="cpu"))
    library._fast = None  # noqa: SLF001
    taken: dict[str, list[float]] = {"ours": [], "library": []}
    for number in range(max(rounds, 3) * 20):
        for name, chosen in (("ours", ours), ("library", library)):
            embedder._encode = chosen  # noqa: SLF001
            question = f"How many days of annual leave do I get in year {number}?"
            taken[name].append(seconds(lambda question=question: embedder.embed_query(question)) * 1000)
    embedder._encode = ours  # noqa: SLF001
    torch.set_num_threads(threads)
    baseline: dict[str, object] = {"the library's pass": round(statistics.median(taken["library"]), 2)}
    print_figure("encoding one question", statistics.median(taken["ours"]), unit="ms", goal=None, baseline=baseline)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    import torch
    from sentence_transformers import SentenceTransformer

    embedder = SentenceTransformerEmbedder(bundled_model_path(), device="cpu")
    plain = SentenceTransformer(str(bundled_model_path()), device="cpu", model_kwargs={"dtype": torch.float32})
    texts = texts_of(embedder, options.texts)
    sentences = [sentence_spans(text) for text in texts]
    ways: dict[str, Callable[[], object]] = {
        "ours": lambda: embedder.embed_documents(texts),
        "ours, with sentences": lambda: embedder.embed_documents(texts, sentences),
        "plain": lambda: plain.encode(texts, batch_size=32, show_progress_bar=False),
    }
    for encode in ways.values():
        encode()  # the first call pays for what is made once
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(options.rounds):
        for name, encode in ways.items():
            taken[name].append(seconds(encode))
    say_questions(embedder, options.rounds)
    speed = {name: len(texts) / statistics.median(rounds) for name, rounds in taken.items()}
    tokens = statistics.mean(len(spans) for spans in embedder.token_spans(texts)) + SPECIAL_TOKENS
    baseline: dict[str, object] = {
        "what": "SentenceTransformer.encode, fp32, batches of 32, same run",
        "value": round(speed["plain"], 1),
        "tokens": round(tokens, 1),
        "texts": len(texts),
        "rounds": options.rounds,
        "ours": embedder.fingerprint,
    }
    goal = "90 on a CPU with AMX; this one has " + ("it" if has_amx() else "none")
    print_figure("encoding", speed["ours"], unit="texts/s", goal=goal, baseline=baseline)
    print_figure("encoding with sentences", speed["ours, with sentences"], unit="texts/s", goal=None, baseline=baseline)


if __name__ == "__main__":
    main()
