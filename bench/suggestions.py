"""How long first questions take at 10,000 documents, drawn anew and drawn before, for who reads most and who reads ten.

Run from the repository root: ``python -m bench.suggestions [--documents N]``. Time is processor time of the process, so
that what else the machine does counts little.
"""

import argparse
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, insert

from app.migrations import upgrade
from app.suggesting import Suggestions, Wanted
from bench.lines import print_figure
from retrieval.catalog import Catalog
from retrieval.guard import UNGUARDED
from retrieval.headings import HeadingsOfDocuments
from retrieval.praised import PraisedQuestions
from retrieval.tables import chunks, document_access, documents, open_engine, revisions
from retrieval.types import Principal

GOAL_MS = 20
CHUNKS = 30
FEW = 10
ROUNDS = 30
DAY = date(2026, 11, 3)


def fill(engine: Engine, count: int) -> None:
    """Write documents of 30 chunks under as many headings; every thousandth is for few alone."""
    now = datetime.now(UTC)
    collection = Catalog(engine).create_collection("default").id
    rows: dict[Any, list[dict[str, Any]]] = {documents: [], revisions: [], document_access: [], chunks: []}
    for number in range(count):
        key, live = uuid.uuid4().hex, uuid.uuid4().hex
        kind = {"media_type": "text/plain", "size_bytes": 1, "title": f"Procedure {number}", "created_at": now}
        rows[documents].append(
            kind
            | {"id": key, "collection_id": collection, "uri": f"f:{number}", "live_revision_id": live}
            | {"updated_at": now}
        )
        made = {"content_sha256": "0", "recipe": "r", "acl": None, "ready": True, "text": "t", "state": "live"}
        rows[revisions].append(kind | made | {"id": live, "document_id": key, "number": 1})
        group = "g:few" if number % (count // FEW) == 0 else "g:most"
        rows[document_access].append({"document_id": key, "principal_key": group})
        for ordinal in range(CHUNKS):
            place = {"id": uuid.uuid4().hex, "document_id": key, "revision_id": live, "ordinal": ordinal}
            said = {"start": 0, "end": 1, "text": "word " * 200, "context": "", "token_count": 200, "places": []}
            rows[chunks].append(place | said | {"section": ["Part", f"Storing device number {ordinal}"]})
    with engine.begin() as connection:
        for table, of_table in rows.items():
            connection.execute(insert(table), of_table)


def median_ms(ask: Callable[[int], object]) -> float:
    took = []
    for turn in range(ROUNDS):
        began = time.process_time()
        ask(turn)
        took.append((time.process_time() - began) * 1000)
    return statistics.median(took)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--documents", type=int, default=10_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'catalog.sqlite3'}"
        upgrade(url)
        engine = open_engine(url)
        fill(engine, arguments.documents)
        suggestions = Suggestions(Catalog(engine), HeadingsOfDocuments(engine), PraisedQuestions(engine))
        for group in ("most", "few"):
            reader = Principal("u:reader", frozenset({"g:everyone", f"g:{group}"}))
            wanted = Wanted(reader, None, UNGUARDED, (), DAY)
            if len(suggestions.of(wanted, limit=4)) != 4:
                sys.exit("nothing was suggested: there is nothing to measure")
            anew = median_ms(lambda n, w=wanted: suggestions.of(replace(w, day=DAY + timedelta(n + 1)), limit=4))
            again = median_ms(lambda _, w=wanted: suggestions.of(w, limit=4))
            baseline = {"drawn anew": round(anew, 2), "documents": arguments.documents}
            print_figure(f"suggestions, reads {group}", again, unit="ms", goal=f"< {GOAL_MS}", baseline=baseline)
        engine.dispose()


if __name__ == "__main__":
    main()
