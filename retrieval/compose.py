"""A generator's words, piece by piece -> the text, citations and verdicts that the reader gets, as they become sure."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Literal

from retrieval.cite import CLAIM_CHARS, MayCite, Numbering, always
from retrieval.clean import addresses, clean, seen, settled
from retrieval.errors import ModelError
from retrieval.events import Cited, Judged, Listen, Token
from retrieval.guard import UNGUARDED, Guard
from retrieval.judged_support import Check
from retrieval.mask import MaskedWords
from retrieval.prompt import NOT_ANSWERED, Quote
from retrieval.support import MARK, check_sentences
from retrieval.types import Citation, Passage, SentenceVerdict

MAX_ANSWER_CHARS = 20_000

Unsupported = Literal["mark", "remove"]
"""What becomes of a sentence that nothing bears out: it is said to be so, or it is left out."""

_PARAGRAPH = re.compile(r"\n\s*\n")


class Composer:
    """Takes a draft's words as they come and tells the reader what is settled: cleaned, masked, cited, checked.

    However a stream is cut, the text is the same. With ``remove`` a paragraph is told when it is whole and checked.

    Args:
        passages: What the generator was given, in its order.
        listen: Told ``Cited``, ``Token`` and ``Judged``.
        quotes: What the marks stand for; None when they name passages.
        unsupported: What becomes of sentences that nothing bears out.
        may_cite: Asked before each new citation.
        check: Judges the sentences.
        guard: Knows what nobody is shown, whoever said it.

    Attributes:
        text: What was told so far.
        removed: Sentences left out.
    """

    def __init__(  # noqa: PLR0913 - as many as there are rules for what a reader is told
        self,
        passages: Sequence[Passage],
        listen: Listen,
        *,
        quotes: Sequence[Quote] | None = None,
        unsupported: Unsupported = "mark",
        may_cite: MayCite = always,
        check: Check = check_sentences,
        guard: Guard = UNGUARDED,
    ) -> None:
        self._passages = passages
        self._listen = listen
        self._quotes = quotes
        self._removes = unsupported == "remove"
        self._may_cite = may_cite
        self._check = check
        self._numbering = Numbering(passages, may_cite=may_cite)
        # A quote is the document's own words; a model may name an address only where a passage does.
        self._known = addresses(text for p in passages for text in (p.chunk.text, p.chunk.context))
        self._pending = ""
        self._words = MaskedWords(guard.masks)
        self._paragraph = ""  # cleaned words of the paragraph under way, with the generator's marks
        self._taken = 0
        self._told = 0  # citations
        self.text = ""
        self.removed = 0
        self.verdicts: list[SentenceVerdict] = []

    @property
    def fed(self) -> bool:
        """Whether there were any words."""
        return self._taken > 0

    @property
    def masked(self) -> Counter[str]:
        """How often each rule masked something, in the words and in the quotes of citations that were told."""
        quoted = Counter(rule for citation in self.citations[: self._told] for rule in citation.masked)
        return self._words.masked + quoted

    @property
    def _begun(self) -> bool:
        return bool(self.text or self._paragraph or self._words.holds)

    @property
    def citations(self) -> tuple[Citation, ...]:
        """Those told so far, in the order of their numbers."""
        return tuple(self._numbering.citations)

    def feed(self, piece: str) -> None:
        """Take the next words.

        Raises:
            ModelError: They are more than any answer is; what was told stands.
        """
        self._taken += len(piece)
        if self._taken > MAX_ANSWER_CHARS:
            raise ModelError(f"the language model wrote more than {MAX_ANSWER_CHARS:,} characters")
        self._pending += seen(piece)
        # A model that declines says nothing else: nothing is told while its words may still become that.
        if not self._begun and NOT_ANSWERED.startswith(self._pending.strip()[: len(NOT_ANSWERED)]):
            return
        cut = settled(self._pending)
        self._take(self._pending[:cut])
        self._pending = self._pending[cut:]

    def finish(self) -> None:
        """Take what is pending as the end."""
        rest = self._pending.rstrip()
        self._pending = ""
        if self._begun or not rest.lstrip().startswith(NOT_ANSWERED):
            self._take(rest)
        self._tell_masked(self._words.end())
        if self._removes:
            self._tell_supported(self._paragraph)
        self._judge(whole=True)

    def _take(self, raw: str) -> None:
        text = clean(raw, known=self._known)
        self._tell_masked(self._words.take(text if self._begun else text.lstrip()))

    def _tell_masked(self, text: str) -> None:
        if self._removes:
            *whole, self._paragraph = _PARAGRAPH.split(self._paragraph + text)
            for paragraph in whole:
                self._tell_supported(paragraph)
            return
        told = self._numbering.resolve(text, before=self._paragraph, quotes=self._quotes)
        self._paragraph = (self._paragraph + text)[-CLAIM_CHARS:]
        self._tell(told)
        # Quotes are all there at once: nobody waits for the verdict on the first of them.
        if self._quotes is None and _PARAGRAPH.search(told):
            self._judge(whole=False)

    def _tell_supported(self, paragraph: str) -> None:
        """Tell the sentences of a paragraph that something bears out."""
        trial = Numbering(self._passages, may_cite=self._may_cite)
        text = trial.resolve(paragraph, quotes=self._quotes).strip()
        verdicts = self._check(text, trial.citations)
        kept = without(text, [verdict for verdict in verdicts if verdict.verdict == "unsupported"])
        self.removed += sum(verdict.verdict == "unsupported" for verdict in verdicts)
        told = self._numbering.renumbered(kept, trial).strip()
        if told:
            self._tell(("\n\n" if self.text else "") + told)
            self._judge(whole=False)

    def _tell(self, text: str) -> None:
        if not text:
            return
        for citation in self._numbering.citations[self._told :]:
            self._listen(Cited(citation))
        self._told = len(self._numbering.citations)
        self.text += text
        self._listen(Token(text))

    def _judge(self, *, whole: bool) -> None:
        """Tell the verdicts of paragraphs that are whole: a quote of several sentences carries its mark at the end."""
        breaks = [match.start() for match in _PARAGRAPH.finditer(self.text)]
        until = len(self.text) if whole or self._removes else (breaks[-1] if breaks else 0)
        judged = self.verdicts[-1].end if self.verdicts else 0
        for verdict in self._check(self.text, self.citations):
            if judged < verdict.end <= until:
                self.verdicts.append(verdict)
                self._listen(Judged(verdict))


def without(text: str, verdicts: Sequence[SentenceVerdict]) -> str:
    """Leave sentences out of a text, with the marks behind them.

    Returns:
        The text; lines that become empty are gone too.
    """
    for verdict in reversed(verdicts):
        end = verdict.end
        while mark := MARK.match(text, end):
            end = mark.end()
        text = text[: verdict.start] + text[end:].lstrip(" ")
    lines = [line.rstrip() for line in text.split("\n")]
    return "\n".join(line for line in lines if line.strip(" -*•|>#0123456789.)"))
