"""A sweep on real documents: one index a chunk size, quality and time of each configuration."""

import json

import pytest

from eval.experiment import retrieval_experiment
from eval.golden import read_beir
from eval.knobs import Knobs
from eval.sweep import Grid, sweep
from eval.sweep_state import sweep_key

CORPUS = [
    {"_id": "leave", "title": "Absence", "text": "Staff may be away for 27 days a year."},
    {"_id": "laptop", "title": "Equipment", "text": "A broken laptop goes to the help desk."},
    {"_id": "parking", "title": "Site", "text": "Visitors park behind the bakery."},
]


@pytest.fixture
def golden(write_beir):
    queries = [{"_id": "q", "text": "How much vacation do I get?"}, {"_id": "r", "text": "broken laptop"}]
    return read_beir(write_beir(CORPUS, queries, [("q", "leave", 1), ("r", "laptop", 1)]), "dev")


def test_a_sweep_measures_every_configuration_and_goes_on_where_it_stopped(golden, embedder, tmp_path):
    stages = []
    experiment = retrieval_experiment(golden, embedder, progress=lambda stage, _done, _total: stages.append(stage))
    grid = Grid(chunk_tokens=(64, None), dense_weight=(0.0, 1.0)).configurations(Knobs())
    state = tmp_path / "state.jsonl"
    key = sweep_key(golden.sha256, experiment.fingerprint, "test")
    result = sweep(grid, experiment.instruments(), state=state, key=key)
    assert len(result.rows) == 4
    assert stages == ["indexing"] * 2  # one index a chunk size
    dense = [row for row in result.rows if row.knobs.dense_weight == 1.0]
    assert all(row.figures["ndcg@10"] == 1.0 for row in dense)
    assert all(row.p95_ms >= row.p50_ms > 0 and row.index_bytes > 0 for row in result.rows)
    assert any(row.on_front for row in result.with_front("ndcg@10").rows)
    again = sweep(grid, experiment.instruments(), state=state, key=key)
    assert (again.resumed, len(stages)) == (4, 2)
    assert [row.figures for row in again.rows] == [row.figures for row in result.rows]
    assert all(json.loads(line) for line in state.read_text().splitlines())


def test_other_documents_are_another_experiment(golden, embedder, write_beir):
    queries = [{"_id": "q", "text": "vacation?"}]
    other = read_beir(write_beir([*CORPUS, {"_id": "x", "text": "More."}], queries, [("q", "leave", 1)]), "dev")
    assert retrieval_experiment(golden, embedder).fingerprint != retrieval_experiment(other, embedder).fingerprint
