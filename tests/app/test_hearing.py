"""Whose word makes feedback right: curators speak for what they look after and may read, and for nothing else."""

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from fastapi import HTTPException

from app import hearing
from retrieval.catalog import Catalog
from retrieval.errors import NotFoundError
from retrieval.feedback import FeedbackLog
from retrieval.interactions import InteractionLog
from retrieval.rows import StagedRevision
from retrieval.types import Answer, Chunk, Citation, Feedback, Interaction, Passage, Principal

AT = datetime(2026, 11, 3, tzinfo=UTC)
EVERYBODY = frozenset({"g:everyone"})
ANN, CLEO = Principal("u:ann"), Principal("u:cleo", curator=True)
CHIEF = Principal("u:chief", administrator=True, curator=True)
SECRET = "The founders made their first cake of marzipan and four eggs in May."


@pytest.fixture
def services(open_database, sqlite_url):
    engine = open_database(sqlite_url)
    catalog = Catalog(engine)
    for name, curators in (("papers", {"u:cleo"}), ("default", {"u:bob"})):
        catalog.create_collection(name, readers=EVERYBODY, curators=curators)
    return SimpleNamespace(catalog=catalog, interactions=InteractionLog(engine), feedback=FeedbackLog(engine))


@pytest.fixture
def documents(services):
    """Of the curator's collection, of another one, and one of hers that she may not read: by these names, their ids."""

    def publish(text, collection, acl=EVERYBODY):
        staged = StagedRevision("T", "text/plain", len(text), "0" * 64, "r", text, acl)
        revision = services.catalog.stage(collection, f"file:///{text[:5]}", staged)
        services.catalog.publish(revision.id)
        return revision.document_id

    return {
        "mine": publish("The kiln is fired on Fridays.", "papers"),
        "others": publish("The loom is oiled on Sundays.", "default"),
        "hidden": publish(SECRET, "papers", frozenset({"u:ann"})),
    }


@pytest.fixture
def said(services, documents):
    """Ann's feedback on an answer that cites the curator's document and was shown the hidden one."""
    shown = {"mine": "The kiln is fired on Fridays.", "hidden": SECRET}
    passages = tuple(
        Passage(Chunk(f"c-{n}", documents[n], f"r-{n}", 0, 0, 4, text, "", (), 3), "papers", "T", "u", 1.0)
        for n, text in shown.items()
    )
    cited = Citation(1, documents["mine"], "r-mine", "c-mine", "T", "u", (), None, None, 0, 3, "The")
    asked = Interaction("i", "When?", (), None, "u:ann", Answer("So.", False, 0.9, (cited,)), passages, {}, AT)
    services.interactions.record(asked)

    def said(**more):
        kept = services.feedback.record(Feedback(f"f{len(more)}", "i", "u:ann", AT, **more), principal=ANN)
        return kept.id

    return said


def test_a_curator_approves_what_is_about_their_collections(services, said, documents):
    given = said(answer="On Saturdays since May.", right_documents=(documents["mine"],))
    assert hearing.approve(services, given, by=CLEO).approved_by == "u:cleo"


@pytest.mark.parametrize("more", [{"answer": "On Saturdays.", "right_documents": 1}, {"wrong_documents": 1}])
def test_what_judges_the_documents_of_others_waits_for_them(services, said, documents, more):
    given = said(**{name: (documents["others"],) if value == 1 else value for name, value in more.items()})
    with pytest.raises(HTTPException, match="do not look after"):
        hearing.approve(services, given, by=CLEO)
    assert services.feedback.get(given, principal=CHIEF).approved_by is None
    assert hearing.approve(services, given, by=CHIEF).approved_by == "u:chief"


@pytest.mark.parametrize("name", ["answer", "evidence"])
def test_what_repeats_a_passage_that_was_shown_and_not_cited_is_told_to_who_may_read_that(services, said, name):
    given = said(**{name: SECRET})
    for one in hearing.heard(services, principal=replace(CLEO), since=None, limit=10):
        assert SECRET not in str(one)
    with pytest.raises(NotFoundError):
        hearing.approve(services, given, by=CLEO)
    (told,) = hearing.heard(services, principal=CHIEF, since=None, limit=10)
    assert told.withheld
    assert SECRET not in str(told)
