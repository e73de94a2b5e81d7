"""The answer path with a language model, against a real OpenAI-compatible server over HTTP.

The server is the one in transformers with a tiny model built here; its words mean nothing, so these tests hold the
protocol, the citations and the fallback, not the quality.
"""

from dataclasses import dataclass, field

import pytest

from retrieval.answer import Answerer
from retrieval.cite import cite
from retrieval.deadline import Deadline
from retrieval.errors import ModelError
from retrieval.generators.openai_compatible import OpenAICompatibleGenerator, Timeouts
from retrieval.learned import Learning, unlearned
from retrieval.prompt import Draft, Prompt
from retrieval.types import Chunk, Passage, Query

SLOW = Timeouts(total_s=120, first_token_s=120, gap_s=120)  # the server loads its model first


def _passage(text, number):
    chunk = Chunk(
        id=f"c{number}",
        document_id=f"d{number}",
        revision_id=f"r{number}",
        ordinal=0,
        start=10,
        end=10 + len(text),
        text=text,
        context="",
        section=(),
        token_count=1,
    )
    return Passage(chunk=chunk, collection="default", title=f"Title {number}", uri=f"upload:{number}", score=1.0)


PROMPT = Prompt(
    question="What is watered?",
    passages=(_passage("Roses are watered daily. Oaks are not.", 1), _passage("Bread is baked.", 2)),
)


def test_a_real_server_words_the_draft(model_server, parrot):
    model = str(parrot("Roses are watered daily. [1]"))
    draft = OpenAICompatibleGenerator(model_server, model, timeouts=SLOW).generate(PROMPT, deadline=Deadline(120))
    assert draft.text == "Roses are watered daily. [1]"
    assert draft.generator == f"openai_compatible:{model}"
    _, (citation,) = cite(draft, PROMPT.passages)
    assert citation.quote == "Roses are watered daily."


def test_a_real_server_is_heard_while_it_speaks(model_server, parrot):
    model = str(parrot("Roses", " are watered", " daily. [1]"))
    told = []
    generator = OpenAICompatibleGenerator(model_server, model, timeouts=SLOW)
    draft = generator.generate(PROMPT, deadline=Deadline(120), tell=told.append)
    assert draft.text == "".join(told) == "Roses are watered daily. [1]"
    assert len(told) > 1
    assert draft.generation["finish"] == "stop"


def test_the_tokens_the_server_counted_are_kept_with_the_answer(model_server, parrot, principal):
    model = str(parrot("Roses are watered daily. [1]"))
    generator = OpenAICompatibleGenerator(model_server, model, timeouts=SLOW)
    interaction = Answerer(_Retriever(), generator, _Quoting()).answer(Query("What is watered?"), principal=principal)
    assert not interaction.answer.degraded
    # The reply is one token of this model, and the end another; the prompt holds two passages and the rules.
    assert interaction.tokens["completion"] in {1, 2}
    assert 100 < interaction.tokens["prompt"] < 4096


def test_a_prompt_that_is_no_question_is_replied_to(model_server, parrot):
    reply = '{"question": "What is watered?"}'
    generator = OpenAICompatibleGenerator(model_server, str(parrot(reply)), timeouts=SLOW)
    assert generator.complete("Write a question.") == reply


def test_a_server_that_is_not_there_is_a_model_error():
    generator = OpenAICompatibleGenerator("http://127.0.0.1:9/v1", "none", timeouts=Timeouts(total_s=2))
    with pytest.raises(ModelError):
        generator.generate(PROMPT, deadline=Deadline(120))
    with pytest.raises(ModelError):
        generator.complete("Write a question.")


def test_a_model_the_server_does_not_have_is_a_model_error(model_server):
    generator = OpenAICompatibleGenerator(model_server, "no/such-model", timeouts=SLOW)
    with pytest.raises(ModelError):
        generator.generate(PROMPT, deadline=Deadline(120))


class _Catalog:
    """Everything may still be read, however long the model takes."""

    def passages_for(self, chunk_ids, **_):
        return dict.fromkeys(chunk_ids)


@dataclass
class _Retriever:
    catalog: _Catalog = field(default_factory=_Catalog)
    learning: Learning = unlearned

    def retrieve(self, _question, **_):
        return list(PROMPT.passages)


class _Quoting:
    name = "extractive"

    def generate(self, _prompt, **_):
        return Draft("Roses are watered daily. [1]", None, 0.9, "extractive")


def test_when_the_model_fails_the_quotes_take_its_place(principal):
    broken = OpenAICompatibleGenerator("http://127.0.0.1:9/v1", "none", timeouts=Timeouts(total_s=2))
    answer = Answerer(_Retriever(), broken, _Quoting()).answer(Query("What is watered?"), principal=principal).answer
    assert answer.degraded
    assert answer.text == "Roses are watered daily. [1]"
    assert answer.citations[0].quote == "Roses are watered daily."
