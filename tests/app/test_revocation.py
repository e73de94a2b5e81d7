"""The short form of ``bench/revocation.py``, and what becomes of an answer whose reader loses its document."""

import time
from dataclasses import replace

import pytest

from app.answering import Asked, answer
from app.auth import Caller
from app.identity.users import NewUser
from bench import revocation, two_worlds
from bench.revocation import WAYS, play
from bench.two_worlds import ELSE, Words, build, publish, shelve, world
from retrieval.events import Cited
from retrieval.prompt import Draft
from retrieval.types import Query
from retrieval.withhold import WITHHELD

GARDEN = "Roses are watered daily by the gardener. Oaks are never watered by the gardener."


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    two_worlds.DOCUMENTS, kept = 4, two_worlds.DOCUMENTS
    data_dir = tmp_path_factory.mktemp("revoked") / "data"
    keys = build(data_dir, Words(1))
    two_worlds.DOCUMENTS = kept
    with world(data_dir, keys) as opened:
        yield opened


@pytest.mark.parametrize("way", WAYS)
def test_the_first_request_that_begins_behind_a_revocation_sees_nothing(one, way):
    watched = play(one, way, WAYS.index(way), readers=2)
    assert watched.seen_before
    assert watched.behind >= 2 * revocation.AFTER
    assert watched.leaks == []


class Speaker:
    """A language model that cites a passage, waits until access has ended, and cites more of it."""

    name = "slow"

    def __init__(self, end):
        self.end = end

    def generate(self, prompt, *, deadline, tell):
        del prompt, deadline
        first, second = "Roses are watered daily. [1]\n\nAnd then: ", "Oaks are never watered. [1]\n\n"
        tell(first)
        self.end()
        time.sleep(0.1)
        tell(second)
        return Draft(first + second, None, None, self.name)


@pytest.mark.parametrize("way", ["access list", "key"])
def test_a_running_stream_stops_citing_and_ends_without_what_was_taken(one, way):
    services = one.services
    user = services.users.create(NewUser(f"gardener-{way.replace(' ', '-')}"))
    key, _ = services.keys.create(user.id, "test", scopes=["ask"], expires_at=None, created_by="u:bench")
    revision_id = shelve(services, f"garden-{way}", [GARDEN], frozenset({f"u:{user.id}"}))
    (document_id,) = [key.document_id for key in services.catalog.staged_revisions() if key.id == revision_id]
    publish(services, revision_id)
    told, when = [], []

    def end():
        if way == "key":
            services.keys.revoke(key.id)
        else:
            services.catalog.set_document_access(document_id, ELSE, by="u:bench", version=None)
        when.append(len(told))

    answerer = replace(services.answerer, generator=Speaker(end), confidence=None, abstain_below=0.0)
    caller = Caller(services.users.principal(user.id), f"key:{key.id}")
    asked = Asked(Query("Are roses and oaks watered by the gardener?"), caller)
    ended = answer(replace(services, answerer=answerer), asked, listen=told.append, left=lambda: False)
    before, behind = told[: when[0]], told[when[0] :]
    assert [type(event) for event in before].count(Cited) == 1
    assert [type(event) for event in behind].count(Cited) == 0
    assert ended.answer.text == WITHHELD
    assert not any(citation.quote or citation.title for citation in ended.answer.citations)
    assert document_id not in {passage.chunk.document_id for passage in ended.passages}
