"""What a training set's manifest says: what its rows stand on, and with what they were made; pure."""

from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from finetune.examples import Built
from finetune.types import Example

FORMAT = 1
_PACKAGES = ("attune", "numpy", "torch", "sentence-transformers")


def manifest_of(
    built: Built, *, corpus_epoch: int, embedder: str, recipe: str, scrub: str, seed: int
) -> dict[str, Any]:
    """Say what examples stand on.

    Args:
        built: The examples, and what was left out.
        corpus_epoch: Of the catalog when their chunks were looked up.
        embedder: Fingerprint of what made the questions' vectors.
        recipe: By which documents were chunked.
        scrub: Policy by which personal data was taken out.
        seed: Of whatever is drawn when something is made of them.

    Returns:
        Plain JSON; it names ids, and nobody's words.
    """
    return {
        "format": FORMAT,
        "rows": [example.id for example in built.examples],
        "sources": sorted({source for example in built.examples for source in example.sources}),
        "signals": _signals(built.examples),
        "weights": _weights(built.examples),
        "open_rows": sum(example.open for example in built.examples),
        "groups": len({example.group for example in built.examples}),
        "dropped": dict(built.dropped),
        "outliers": sum(report.outlier for report in built.givers),
        "corpus_epoch": corpus_epoch,
        "embedder": embedder,
        "recipe": recipe,
        "scrub": scrub,
        "seed": seed,
        "versions": versions(),
    }


def _signals(examples: Sequence[Example]) -> Mapping[str, int]:
    counts: dict[str, int] = {}
    for example in examples:
        for signal in example.signals:
            counts[signal] = counts.get(signal, 0) + 1
    return dict(sorted(counts.items()))


def _weights(examples: Sequence[Example]) -> Mapping[str, float]:
    """Share each row's weight among the signals that it stands on."""
    sums: dict[str, float] = {}
    for example in examples:
        for signal in example.signals:
            sums[signal] = sums.get(signal, 0.0) + example.weight / len(example.signals)
    return {signal: round(total, 3) for signal, total in sorted(sums.items())}


def versions() -> Mapping[str, str]:
    """Return the versions of the packages that matter, of those that are installed."""
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
