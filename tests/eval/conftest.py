"""The bundled embedder, and short ways to write golden sets."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from eval.report import Detail, Report, measured, new_provenance
from retrieval.embed import SentenceTransformerEmbedder, bundled_model_path

WriteBeir = Callable[..., Path]


@pytest.fixture(scope="session")
def embedder() -> SentenceTransformerEmbedder:
    """The real one: seconds to load, so once for all tests."""
    return SentenceTransformerEmbedder(bundled_model_path(), device="cpu")


def write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def write_beir(tmp_path: Path) -> WriteBeir:
    """Write a BEIR folder; judgements are (query, document, grade)."""

    def write(
        corpus: Iterable[Mapping[str, Any]],
        queries: Iterable[Mapping[str, Any]],
        judgements: Iterable[tuple[str, str, object]],
        split: str = "dev",
    ) -> Path:
        folder = tmp_path / "beir"
        write_lines(folder / "corpus.jsonl", corpus)
        write_lines(folder / "queries.jsonl", queries)
        (folder / "qrels").mkdir(exist_ok=True)
        rows = ["query-id\tcorpus-id\tscore", *("\t".join(map(str, judgement)) for judgement in judgements)]
        (folder / "qrels" / f"{split}.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
        return folder

    return write


@pytest.fixture
def write_questions(tmp_path: Path) -> Callable[[Iterable[Mapping[str, Any]]], Path]:
    """Write a questions file."""

    def write(rows: Iterable[Mapping[str, Any]]) -> Path:
        return write_lines(tmp_path / "questions" / "questions.jsonl", rows)

    return write


@pytest.fixture
def report() -> Callable[..., Report]:
    """Make a retrieval report from the nDCG@10 of each question, with the figures that follow from it."""

    def make(ndcg: Mapping[str, float | None], **changes: Any) -> Report:
        blank = Report(
            kind="retrieval",
            provenance=new_provenance("set/dev", version_number=None, sha256="0" * 64, corpus_epoch=3, seed=1),
            figures={},
            scores={key: {"ndcg@10": value, "recall@10": value, "ms": 10.0} for key, value in ndcg.items()},
            tags={key: {"department": "a" if number % 2 else "b"} for number, key in enumerate(ndcg)},
            counts={"queries": len(ndcg)},
            fingerprint="chunker1:254-model",
            settings={"pool": 100},
            details={key: Detail(f"What is {key}?", ("doc",), ("doc", "other")) for key in ndcg},
        )
        return measured(replace(blank, **changes))

    return make
