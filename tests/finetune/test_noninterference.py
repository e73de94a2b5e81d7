"""What weights everybody is served by does not depend on what was said of documents that not everybody may read."""

from datetime import UTC, datetime
from hashlib import sha256
from types import SimpleNamespace

import numpy as np
import pytest

from finetune.examples import Context, build_examples
from finetune.lab import Encoder, open_lab
from finetune.recipe import fit
from finetune.types import Label
from retrieval.embed import Embedded
from retrieval.retrieve import Retriever
from tests.finetune.test_labs import labs

AT = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
OPEN, HIDDEN = range(25), range(60, 70)


@pytest.fixture
def lab(world, tmp_path):
    for number in HIDDEN:
        world.publish(number, acl=frozenset({"g:board"}))
    with open_lab(
        world.catalog, world.embedder, lambda i, e: Retriever(world.catalog, i, e), folder=tmp_path / "lab"
    ) as lab:
        yield lab


@pytest.fixture
def said(world, lab):
    """Labels of everybody about open documents, and of one member of the board about hidden ones."""
    anchors = {anchor.text_sha256: anchor for anchor in lab.anchors}

    def label(question, number, **more):
        anchor = anchors[sha256(f"chunk{number}".encode()).hexdigest()]
        fields = {"signal": "up", "label": 1, "weight": 0.5, "giver": f"u:{number % 9}", "given_at": AT} | more
        return Label(f"f-{question}-{number}", "feedback", question=question, anchor=anchor, **fields)

    questions = {number: world.asked(number, times=4) for number in OPEN}
    public = [label(question, number) for number in OPEN for question in questions[number]]
    board = {"giver": "u:director", "conversation": "c1"}
    # Asked in one conversation, about what others asked too: it would join their groups.
    hidden = [label(questions[number][0].upper(), HIDDEN[number % 10], **board) for number in OPEN]
    hidden += [label(question, HIDDEN[0], **board) for question in world.asked(0, times=40)]
    world.embedder.vectors |= {one.upper(): world.embedder.vectors[one] for one in list(world.embedder.vectors)}
    return public, hidden


def built(lab, labels):
    def standing(anchors):
        return {anchor: bool(lab.open[lab.places[anchor]]) for anchor in anchors if anchor in lab.places}

    return build_examples(labels, Context(standing, lab.encode)).examples


def test_hidden_votes_change_no_byte_of_what_everybody_is_served_by(lab, said):
    public, hidden = said
    recipe = ("query_adapter", "fusion")
    without, among = (fit(recipe, built(lab, labels), lab, seed=1) for labels in (public, [*public, *hidden]))
    assert np.any(without.adapter)
    assert without.adapter.tobytes() == among.adapter.tobytes()
    assert without.weights == among.weights


def test_hidden_votes_change_nothing_of_the_rows_that_everybody_may_read(lab, said):
    public, hidden = said
    rows = [one for one in built(lab, [*public, *hidden]) if one.open]
    assert rows == list(built(lab, public))
    assert len(built(lab, [*public, *hidden])) > len(rows)


def test_hidden_rows_stay_in_the_groups_of_the_questions_that_they_ask(lab, said):
    public, hidden = said
    made = built(lab, [*public, *hidden])
    group_of = {one.question: one.group for one in made if one.open}
    again = {one.question.casefold(): one.group for one in made if not one.open and one.question.isupper()}
    # One conversation of the board is one group, and one of those that it would have joined.
    assert len(set(again.values())) == 1
    assert set(again.values()) <= set(group_of.values())


class InCompany:
    """Its vectors depend, in their last bits, on how many texts are embedded together; as those of torch do."""

    dim, fingerprint, max_tokens = 2, "toy", 100

    def embed_documents(self, texts):
        vectors = [[len(text), len(texts)] for text in texts]
        return Embedded(vectors=np.array(vectors, dtype=np.float32).reshape(len(texts), 2), spans=None)


def test_once_settled_no_bit_of_a_vector_depends_on_the_questions_of_others(tmp_path):
    made, hidden = labs(tmp_path), ["what the board asked", "and asked again"]
    public = [example.question for example in made.course.training_set.examples]
    alone, among = (SimpleNamespace(encoder=Encoder(InCompany())) for _ in range(2))
    among.encoder.encode([*hidden, *public[:7]])
    for lab in (alone, among):
        assert made.settle(lab) is lab
    assert np.array_equal(alone.encoder.encode(public), among.encoder.encode(public))
