import pytest

from retrieval.prompt import Prompt
from retrieval.types import Chunk, Passage


@pytest.fixture
def prompt():
    text = "Roses are watered daily. Oaks are not."
    chunk = Chunk(
        id="c1",
        document_id="d1",
        revision_id="r1",
        ordinal=0,
        start=0,
        end=len(text),
        text=text,
        context="",
        section=(),
        token_count=8,
    )
    passage = Passage(chunk=chunk, collection="default", title="Garden", uri="upload:1", score=1.0)
    return Prompt(question="What is watered?", passages=(passage,), mark="<<roses>>")
