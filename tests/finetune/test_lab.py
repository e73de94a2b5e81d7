import numpy as np
import pytest

from finetune.lab import Judged, judged, open_lab
from finetune.types import Parts
from retrieval.errors import VectorIndexError
from retrieval.learned import NOTHING, Learned
from retrieval.rerank import KeepOrder
from retrieval.retrieve import Retriever


@pytest.fixture
def opened(world, tmp_path):
    """Open a lab over what is live now, and return the texts of its chunks and which of them are open to everybody."""

    def opened():
        with open_lab(world.catalog, world.embedder, make(world), folder=tmp_path / "another") as lab:
            texts = {chunk.id: chunk.text for batch in world.catalog.all_live_chunks(100) for chunk, _, _ in batch}
            return {texts[key]: bool(is_open) for key, is_open in zip(lab.chunk_ids, lab.open, strict=True)}

    return opened


def make(world):
    return lambda index, embedder: Retriever(world.catalog, index, embedder)


def test_what_groups_may_read_is_in_the_lab_and_what_single_persons_read_is_not(world, opened):
    world.publish(0, text="for a group", uri="file:///group", acl=frozenset({"g:staff"}))
    world.publish(0, text="for one person", uri="file:///person", acl=frozenset({"u:ada"}))
    world.publish(0, text="for nobody", uri="file:///nobody", acl=frozenset())
    texts = opened()
    assert texts["for a group"] is False
    assert texts["chunk0"] is True
    assert not {"for one person", "for nobody"} & texts.keys()


def test_a_document_is_open_only_where_its_collection_is(world, opened):
    world.catalog.set_collection_access("default", readers={"g:staff"}, curators=set(), version=None)
    assert set(opened().values()) == {False}


def test_what_was_made_of_a_document_is_as_open_as_that(world, opened):
    origin = world.publish(0, text="for a group", uri="file:///group", acl=frozenset({"g:staff"}))
    made = world.publish(0, text="made of it", uri="answer:1")
    world.catalog.set_origins(made.document_id, [origin.document_id])
    assert opened()["made of it"] is False


def test_what_was_deleted_or_replaced_is_not_in_the_lab(world, opened):
    old = world.publish(0, text="old", uri="file:///a")
    world.publish(0, text="new", uri="file:///a")
    gone = world.publish(0, text="gone", uri="file:///b")
    world.catalog.tombstone(gone.document_id)
    texts = opened()
    assert "new" in texts
    assert not {"old", "gone"} & texts.keys()
    assert old.text == "old"


def test_the_index_of_the_lab_is_closed_with_it(world, tmp_path):
    with open_lab(world.catalog, world.embedder, make(world), folder=tmp_path / "another") as lab:
        assert lab.base.index.count() == len(lab.chunk_ids)
    with pytest.raises(VectorIndexError):
        lab.base.index.count()


def test_each_question_is_encoded_once(world, lab):
    encoded = []
    embed = world.embedder.embed_documents
    world.embedder.embed_documents = lambda texts, spans=None: encoded.extend(texts) or embed(texts, spans)
    first, second = world.asked(0, times=2)
    lab.encode([first, second, first])
    lab.rank([first, second], NOTHING)
    assert encoded == [first, second]
    assert lab.encode([]).shape == (0, 16)


def test_questions_are_searched_by_the_servers_own_search(world, lab):
    question = world.asked(0)[0]
    found = lab.base.retrieve(question, principal=lab.principal, limit=30)
    assert lab.rank([question], NOTHING) == [[passage.chunk.id for passage in found]]


def test_one_list_and_both_fused_leave_the_reranker_out(lab):
    assert lab.retriever(NOTHING, mode="full").reranker is lab.base.reranker
    plain = lab.retriever(NOTHING, mode="hybrid")
    assert isinstance(plain.reranker, KeepOrder)
    assert plain.collapse == "none"


def test_and_so_they_do_with_one_that_was_learned(world, lab):
    class Backwards:
        name = "backwards"

        def rerank(self, _question, passages, **_):
            return passages[::-1]

    asked, learned = world.asked(0), Learned("new", reranker=Backwards())
    assert lab.rank(asked, learned) != lab.rank(asked, NOTHING)
    assert lab.rank(asked, learned, mode="hybrid") == lab.rank(asked, NOTHING, mode="hybrid")


def test_ndcg_of_documents_by_hand(lab):
    first, second, third = lab.chunk_ids[:3]
    one = Judged("a question", {lab.document_of[third]: 1.0})
    # Third place, and second once the document before it counts once.
    assert lab.score([first, second, third], one) == pytest.approx(1 / np.log2(4))
    assert lab.score([first, first, third], one) == pytest.approx(1 / np.log2(3))


def test_what_was_learned_is_served(world, example, lab):
    question = world.asked(0)[0]
    adapter = np.zeros((16, 16), dtype=np.float32)
    assert lab.learned(Parts(adapter=adapter), "c1").id == "c1"
    served = lab.retriever(lab.learned(Parts(adapter=adapter), "c1"))
    passage = served.retrieve(question, principal=lab.principal)[0]
    assert passage.learnt is not None
    assert passage.learnt.state == "c1"
    assert example(question, 0).anchor in lab.located


def test_a_question_is_answered_by_every_document_that_somebody_found_right(world, example):
    question, other = world.asked(0, times=2)
    known = [example(question, 0), example(question, 1), example(question, 2, label=-1), example(other, 3, label=-1)]
    documents = [one.anchor.document_id for one in known]
    assert judged(known) == [Judged(question, {documents[0]: 1.0, documents[1]: 1.0})]
