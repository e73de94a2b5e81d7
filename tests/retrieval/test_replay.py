from dataclasses import dataclass, field, replace

import pytest

from retrieval.answer import Answerer
from retrieval.errors import NotFoundError
from retrieval.learned import Learning, unlearned
from retrieval.prompt import Draft
from retrieval.replay import replay
from retrieval.types import Principal, Query, Sampling, Turn

READER = Principal("u:reader")


@dataclass
class Catalog:
    readable: set[str]

    def readable_documents(self, ids, **_):
        return set(ids) & self.readable

    def passages_for(self, ids, **_):
        return dict.fromkeys(ids)


@dataclass
class Found:
    catalog: Catalog
    passages: list
    learning: Learning = unlearned

    def retrieve(self, _question, **_):
        return self.passages


@dataclass
class Model:
    """Says what it is told to, and remembers how it was asked."""

    text: str
    name: str = "model"
    prompts: list = field(default_factory=list)

    def generate(self, prompt, **_):
        self.prompts.append(prompt)
        drawn = {"temperature": prompt.sampling.temperature, "seed": prompt.sampling.seed, "finish": "stop"}
        return Draft(self.text, None, None, self.name, generation=drawn)


@pytest.fixture
def answerer(passage):
    found = Found(Catalog({"d0"}), [passage("Roses are watered daily.")])
    return Answerer(found, Model("Roses are watered daily [1]."), Model("?", "extractive"))


@pytest.fixture
def recorded(answerer):
    history = (Turn("user", "Which flowers?"), Turn("assistant", "Roses [1]."))
    return answerer.answer(
        Query("How often?", history=history, sampling=Sampling(temperature=0.4, seed=7)), principal=READER
    )


def test_the_same_is_asked_again_in_the_same_words(answerer, recorded):
    made = replay(answerer, recorded, principal=READER)
    first, again = answerer.generator.prompts
    assert again == first  # question, passages, history, sampling, template and mark
    assert made.differences == ()
    assert made.answer == recorded.answer


def test_what_differs_is_said(answerer, recorded):
    other = replace(answerer, generator=Model("Roses are never watered [1].", "model-2"))
    made = replay(other, recorded, principal=READER)
    assert "model answered; model-2 answers now" in made.differences
    assert "the words differ" in made.differences
    assert "the verdicts differ" in made.differences


def test_who_may_not_read_a_passage_any_more_gets_no_replay(answerer, recorded):
    answerer.retriever.catalog.readable.clear()
    with pytest.raises(NotFoundError):
        replay(answerer, recorded, principal=READER)
