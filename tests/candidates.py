"""Candidates that passed the gate, for tests of what becomes of them."""

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, insert
from sqlalchemy.exc import IntegrityError

from eval.statistics import Difference
from finetune.artifact import Artifacts, Recipe
from finetune.registry import Made, Registry
from finetune.tables import training_lineage, training_sets
from finetune.types import Parts
from finetune.verdict import GateReport
from retrieval.catalog import Catalog
from retrieval.learned import Weights

SET = "5e7" + "0" * 61

_GAIN = Difference(0.5, 0.531, 0.031, 0.021, 0.042, 0.023, 0.001, 0.001, 180, 0, 0.018, "better")
REPORT = GateReport(("memory",), (), "passed", ("nDCG@10 +0.0310",), None, _GAIN, 0.001, (), (), (), 180, 1).as_json()


def candidate(engine: Engine, data_dir: Path, parts: Parts | None = None, *, base: str | None = None) -> str:
    """Write one to the disk and into the registry; its id."""
    base = base or Catalog(engine).index_pointer("embedder") or ""
    row = {"id": SET, "manifest": {}, "questions": 30, "rows": 40, "created_at": datetime.now(UTC)}
    given = {"set_id": SET, "row_id": "r", "principal_id": "u:ann", "document_id": "d"}
    try:
        with engine.begin() as connection:
            connection.execute(insert(training_sets).values(row))
            connection.execute(insert(training_lineage).values(given))
    except IntegrityError:
        pass  # there since the last one
    recipe = Recipe("memory", ("memory",), SET, base, 1)
    made, manifest = Artifacts(data_dir / "learning" / "candidates").write(parts or Parts(weights=Weights(0.7)), recipe)
    registry = Registry(engine)
    if registry.add(Made(made, "memory", SET, manifest)).state == "made":
        registry.judge(made, passed=True, report=REPORT, reason="+.031 [.021, .042] on 180 questions")
    return made
