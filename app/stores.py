"""What is kept in the catalog's database, opened together."""

from contextlib import ExitStack
from dataclasses import dataclass

from app.approvals import Approvals
from app.assistants import Assistants
from app.audit_log import HEAD_FILE, AuditLog
from app.erasure import Erasures
from app.guarding import GuardPolicies
from app.identity.directory import Directory
from app.identity.groups import Groups
from app.identity.keys import ApiKeys
from app.identity.oidc_logins import OidcLogins
from app.identity.sessions import Sessions
from app.identity.setup import SetupTokens
from app.identity.users import Users
from app.migrations import upgrade
from app.quality import Quality, open_quality
from app.settings import Settings
from app.suggesting import Suggestions
from eval.golden_store import GoldenSets
from eval.monitoring import MonitoringLog
from eval.review_store import Reviews
from eval.runs import EvaluationRuns
from finetune.given import GivenLabels
from finetune.runs import TrainingRuns
from finetune.sets import TrainingSets
from ingestion.runs import IngestRuns
from ingestion.sources.store import SourceStore
from ingestion.workers import Workers
from retrieval.bm25 import Bm25Encoder, Bm25Settings
from retrieval.catalog import Catalog
from retrieval.conversations import Conversations
from retrieval.feedback import FeedbackLog
from retrieval.headings import HeadingsOfDocuments
from retrieval.interactions import InteractionLog
from retrieval.praised import PraisedQuestions
from retrieval.readings import Readings
from retrieval.tables import open_engine


@dataclass(frozen=True, slots=True)
class Stores:
    """What is kept in the catalog's database, by who keeps it."""

    catalog: Catalog
    interactions: InteractionLog
    feedback: FeedbackLog
    conversations: Conversations
    monitoring: MonitoringLog
    golden: GoldenSets
    runs: EvaluationRuns
    runs_of_ingestion: IngestRuns
    sources: SourceStore
    workers: Workers
    quality: Quality
    users: Users
    groups: Groups
    keys: ApiKeys
    sessions: Sessions
    setup: SetupTokens
    directory: Directory
    audit_log: AuditLog
    erasures: Erasures
    guards: GuardPolicies
    approvals: Approvals
    assistants: Assistants
    suggestions: Suggestions
    oidc_logins: OidcLogins
    readings: Readings
    given_labels: GivenLabels
    training_sets: TrainingSets
    training_runs: TrainingRuns
    reviews: Reviews


def open_stores(settings: Settings, stack: ExitStack) -> Stores:
    """Open the catalog's database, brought up to date, and everything that is kept in it.

    Returns:
        The stores, until the stack is closed.
    """
    upgrade(settings.catalog_url)
    engine = open_engine(settings.catalog_url)
    stack.callback(engine.dispose)
    catalog = Catalog(engine)
    audit_log = AuditLog(engine, head_file=settings.data_dir / HEAD_FILE)
    stack.callback(audit_log.note_head)
    return Stores(
        catalog=catalog,
        interactions=InteractionLog(engine),
        feedback=FeedbackLog(engine),
        conversations=Conversations(catalog),
        monitoring=MonitoringLog(engine),
        golden=GoldenSets(engine),
        runs=EvaluationRuns(engine),
        runs_of_ingestion=IngestRuns(engine),
        sources=SourceStore(engine),
        workers=Workers(engine),
        quality=open_quality(engine, catalog),
        users=Users(engine),
        groups=Groups(engine),
        keys=ApiKeys(engine),
        sessions=Sessions(engine),
        setup=SetupTokens(engine),
        directory=Directory(engine),
        audit_log=audit_log,
        erasures=Erasures(engine),
        guards=GuardPolicies(engine, Bm25Encoder(Bm25Settings()).terms),
        approvals=Approvals(engine, audit_log, people=settings.approvals),
        assistants=Assistants(engine),
        suggestions=Suggestions(catalog, HeadingsOfDocuments(engine), PraisedQuestions(engine)),
        oidc_logins=OidcLogins(engine),
        readings=Readings(engine),
        given_labels=GivenLabels(engine),
        training_sets=TrainingSets(engine, settings.data_dir / "learning"),
        training_runs=TrainingRuns(engine),
        reviews=Reviews(engine),
    )
