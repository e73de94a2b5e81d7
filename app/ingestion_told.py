"""Who is told of ingestion: metrics, the log, and the index when it has grown."""

import threading
from dataclasses import dataclass

from app import logs
from app.telemetry import Telemetry
from ingestion.runs import IngestRuns, Run
from retrieval.index import VectorIndex


@dataclass(frozen=True, slots=True)
class Told:
    """Passes on what the dispatcher tells.

    Attributes:
        hnsw_min_chunks: From this many chunks on a graph is built.
    """

    runs: IngestRuns
    telemetry: Telemetry
    index: VectorIndex
    hnsw_min_chunks: int

    def ended(self, run: Run) -> None:
        """Count and log a run."""
        progress = self.runs.progress(run.id)
        self.telemetry.ingested(progress)
        logs.ingested(run, progress)
        if self.index.should_build(self.hnsw_min_chunks):
            # Built aside in a child process; questions go on meanwhile.
            threading.Thread(target=self.index.build, name="build-hnsw", daemon=True).start()

    def changed(self) -> None:
        """Show how much is still to be done."""
        self.telemetry.ingesting([self.runs.progress(run.id) for run in self.runs.at_work()])
