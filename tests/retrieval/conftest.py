import pytest

from retrieval.types import Chunk, Passage


@pytest.fixture
def passage():
    """Make a passage of some text; numbers part documents."""

    def make(text, number=0, *, score=1.0, dense=0.5, context="", start=0):
        chunk = Chunk(
            id=f"c{number}",
            document_id=f"d{number}",
            revision_id=f"r{number}",
            ordinal=0,
            start=start,
            end=start + len(text),
            text=text,
            context=context,
            section=(),
            token_count=len(text.split()),
        )
        return Passage(
            chunk=chunk, collection="default", title=f"T{number}", uri=f"upload:{number}", score=score, dense=dense
        )

    return make
