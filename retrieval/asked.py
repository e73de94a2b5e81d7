"""Asked: a question on its way through the search."""

from dataclasses import dataclass, replace

from retrieval.embed import FloatArray
from retrieval.learned import NOTHING, Learned
from retrieval.search_question import SearchQuestion


@dataclass(frozen=True, slots=True)
class Asked:
    """What is searched for, None leaves the list of it out; and by what was learned.

    Sentences are compared with ``sentences``, for it is the server's own embedder that made their vectors.
    """

    question: SearchQuestion
    vector: FloatArray | None
    words: SearchQuestion | None
    searched: FloatArray | None = None
    sentences: FloatArray | None = None
    learned: Learned = NOTHING

    @property
    def both(self) -> bool:
        """Whether both lists are searched."""
        return self.vector is not None and self.words is not None

    def by(self, learned: Learned) -> "Asked":
        """Return the same, searched for by what was learned."""
        if self.vector is None:
            return replace(self, learned=learned)
        vector = learned.encoded(self.question, self.vector)
        searched = learned.searched(vector)
        sentences = self.vector if learned.engine else searched
        return replace(self, vector=vector, searched=searched, sentences=sentences, learned=learned)
