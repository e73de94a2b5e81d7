"""What keeps findings, policies and quarantine, put together."""

from dataclasses import dataclass

from sqlalchemy import Engine

from ingestion.examiner import Examiner
from ingestion.policies import Policies
from ingestion.quarantine import Quarantine
from retrieval.catalog import Catalog
from retrieval.findings import FindingsLog
from retrieval.quality_report import QualityReports


@dataclass(frozen=True, slots=True)
class Quality:
    """What the routes of findings, policies and quarantine stand on."""

    examiner: Examiner
    reports: QualityReports


def open_quality(engine: Engine, catalog: Catalog) -> Quality:
    """Put it together on the catalog's database."""
    return Quality(open_examiner(engine), QualityReports(engine, catalog))


def open_examiner(engine: Engine) -> Examiner:
    """Put together what examines documents; a worker needs no more of it."""
    return Examiner(Policies(engine), Quarantine(engine), FindingsLog(engine))
