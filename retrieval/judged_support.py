"""Sentences that words alone do not bear out, held against their quotes by a judge model.

What stands in its quote word for word needs no judge, and a changed number or a denial is surer to compare than to
read; what is put in other words is what a model sees better than a comparison of words does.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from importlib.resources import files
from string import Template

from retrieval.deadline import Deadline
from retrieval.errors import ModelError
from retrieval.generators.generator import Completer
from retrieval.prompt import new_mark, visible
from retrieval.support import check_sentences
from retrieval.types import Citation, SentenceVerdict, Support

Check = Callable[[str, Sequence[Citation]], tuple[SentenceVerdict, ...]]
"""Judges the sentences of a text by the citations its marks name; see ``check_sentences``."""

TEMPLATE = "support-1"
JUDGE_S = 5.0
_REPLY = re.compile(r"\W*(yes|partly|no)\b", re.IGNORECASE)
_VERDICTS: dict[str, Support] = {"yes": "supported", "partly": "partly", "no": "unsupported"}
_KEPT = 10_000


class JudgedSupport:
    """Checks sentences as ``check_sentences`` does, and asks a judge about those it finds not or partly supported.

    A sentence with a number, a name or a denial that its quotes lack is not asked about: judges pass those too easily.
    A judge that fails, or says neither yes, partly nor no, changes nothing. Safe from any thread.

    Args:
        judge: A language model.
    """

    def __init__(self, judge: Completer) -> None:
        self._judge = judge
        self._template = Template((files("retrieval") / "prompts" / f"{TEMPLATE}.txt").read_text())
        # The same sentence is looked at again when the next paragraph comes.
        self._asked = lru_cache(maxsize=_KEPT)(self._ask)

    def __call__(self, text: str, citations: Sequence[Citation]) -> tuple[SentenceVerdict, ...]:
        """Check every sentence of a text; see ``check_sentences``.

        Returns:
            One verdict a sentence, in order.
        """
        quotes = {citation.number: citation.quote for citation in citations}
        return tuple(self._judged(verdict, text, quotes) for verdict in check_sentences(text, citations))

    def _judged(self, verdict: SentenceVerdict, text: str, quotes: dict[int, str]) -> SentenceVerdict:
        if verdict.verdict == "supported" or verdict.missing or not verdict.citations:
            return verdict
        try:
            found = self._asked(text[verdict.start : verdict.end], tuple(quotes[n] for n in verdict.citations))
        except ModelError:
            return verdict
        return replace(verdict, verdict=found or verdict.verdict)

    def _ask(self, sentence: str, quotes: tuple[str, ...]) -> Support | None:
        listed = "\n".join(f"Quote: {visible(quote)}" for quote in quotes)
        prompt = self._template.substitute(mark=new_mark(), sentence=visible(sentence), quotes=listed)
        reply = _REPLY.match(self._judge.complete(prompt, deadline=Deadline(JUDGE_S)))
        return _VERDICTS[reply[1].lower()] if reply else None
