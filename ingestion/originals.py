"""Which originals are still needed: by revisions, by runs, by the quarantine. The others are deleted."""

from dataclasses import dataclass

from ingestion.blobs import Blobs
from ingestion.quarantine import Quarantine
from ingestion.runs import IngestRuns
from retrieval.catalog import Catalog


@dataclass(frozen=True, slots=True)
class Originals:
    """The kept bytes of documents, and everybody who may want them again."""

    blobs: Blobs
    catalog: Catalog
    runs: IngestRuns
    quarantine: Quarantine

    def drop(self, content_sha256: list[str]) -> None:
        """Delete originals that nothing refers to any more; another document may be made of the same bytes."""
        wanted = self._wanted_by_others() if content_sha256 else set()
        for sha256 in content_sha256:
            if sha256 not in wanted and not self.catalog.uses_original(sha256):
                self.blobs.delete(sha256)

    def sweep(self) -> int:
        """Delete what nothing refers to and nobody is about to refer to.

        Returns:
            How many files.
        """
        return self.blobs.sweep(self.catalog.originals() | self._wanted_by_others())

    def _wanted_by_others(self) -> set[str]:
        return self.runs.originals() | self.quarantine.originals()
