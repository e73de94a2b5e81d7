"""Is each sentence of an answer supported by the quotes it cites? Pure, without a model.

Word overlap alone finds a changed number or a denial supported, for all other words agree; numbers, names and negation
are therefore compared on their own (as in SummaC's error classes, Laban et al. 2022; FactCC, Kryscinski et al. 2020).
``bench/support.py`` measures it on people's answers as they wrote them and falsified.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from retrieval.sentences import is_heading, sentence_spans
from retrieval.types import Citation, SentenceVerdict, Support
from retrieval.words import Word, stands_in, words_of

MARK = re.compile(r"[ \t]*\[(\d{1,4})\]")
"""A citation mark with the spaces before it, as ``cite`` leaves them in an answer."""

SUPPORTED_FROM = 0.75  # share of a sentence's content words that stand in what it cites
PARTLY_FROM = 0.5

_LIST_MARK = re.compile(r"\s*(?:\d{1,2}[.)]|[-*•])\s+")
_UNITS = ("second", "minute", "hour", "day", "week", "month", "quarter", "year", "%", "percent", "dollar", "euro")
_DENIES_WITHIN = 5  # words from a denial to the first word that both sides share: "cannot have up to"
_SHORT = 3  # fewer words in a row stand in any text by chance


def check_sentences(text: str, citations: Sequence[Citation]) -> tuple[SentenceVerdict, ...]:
    """Judge each sentence of an answer by the quotes that its ``[n]`` marks name.

    A sentence is supported when its numbers, names and negation agree with the quotes and nearly all its content words
    stand there; a number that does not, or a denial of what a quote says, makes it unsupported. A sentence without a
    mark is unsupported, unless it stands word for word in a quote cited later in its paragraph: a quote of several
    sentences carries its mark at the end.

    Args:
        text: An answer with its marks.
        citations: What the marks stand for; a mark that names none of them counts as no mark.

    Returns:
        One verdict a sentence, in order. Headings and lead-ins without a mark claim nothing and are left out, as are
        sentences without a word.
    """
    quoted = {citation.number: _Source.of(citation) for citation in citations}
    bare = MARK.sub(lambda mark: " " * len(mark.group()), text)
    spans = [(start, end) for start, end in sentence_spans(bare) if words_of(bare[start:end])]
    carried = _carried(text, spans, quoted.keys())
    upcoming = _upcoming(carried, len(spans))
    verdicts = []
    for place, (start, end) in enumerate(spans):
        words, numbers, marked = _said(bare[start:end]), carried.get(place, set()), upcoming[place]
        if not numbers and marked is not None and "\n\n" not in bare[end : spans[marked][0]]:
            numbers = {number for number in carried[marked] if quoted[number].holds(words)}
        if not numbers and place + 1 < len(spans) and _claims_nothing(bare, start, end):
            continue
        verdict, missing = _judged(words, [quoted[number] for number in sorted(numbers)])
        verdicts.append(SentenceVerdict(start, end, verdict, tuple(sorted(numbers)), missing))
    return tuple(verdicts)


def check_sentence(sentence: str, citations: Sequence[Citation]) -> tuple[Support, tuple[str, ...]]:
    """Judge one sentence, without marks, by all of some citations, as ``check_sentences`` judges each of its own.

    Returns:
        The verdict, and what the quotes lack; unsupported when there are no citations.
    """
    return _judged(_said(sentence), [_Source.of(citation) for citation in citations])


@dataclass(frozen=True, slots=True)
class _Source:
    """A citation as it is compared: its quote's sentences, and its title and headings, which say what it is about.

    Attributes:
        whole: The texts of each sentence's words, with and without the number of a list item.
    """

    sentences: tuple[tuple[Word, ...], ...]
    about: frozenset[str]
    whole: frozenset[tuple[str, ...]]

    @classmethod
    def of(cls, citation: Citation) -> "_Source":
        quote = MARK.sub("", citation.quote)
        about = " / ".join((citation.title, *citation.section))
        sentences = tuple(words_of(quote[start:end]) for start, end in sentence_spans(quote))
        texts = [tuple(word.text for word in sentence) for sentence in sentences]
        numbered = [line[1:] for line in texts if line and line[0].isdigit()]
        return cls(sentences, frozenset(word.text for word in words_of(about)), frozenset((*texts, *numbered)))

    @property
    def words(self) -> list[Word]:
        return [word for sentence in self.sentences for word in sentence]

    def holds(self, words: Sequence[Word]) -> bool:
        """Tell whether the quote has these words in this order with nothing between them."""
        sought = [word.text for word in words]
        if len(sought) < _SHORT:
            lines = [[word.text for word in sentence] for sentence in self.sentences]
            return any(sought in (line, line[1:]) for line in lines)  # the latter without the number of a list item
        own = [word.text for word in self.words]
        return any(own[at : at + len(sought)] == sought for at in range(len(own) - len(sought) + 1))


def _said(sentence: str) -> tuple[Word, ...]:
    mark = _LIST_MARK.match(sentence)
    # The number of a list item claims nothing.
    return words_of(sentence[mark.end() :] if mark else sentence) or words_of(sentence)


def _judged(words: Sequence[Word], sources: Sequence[_Source]) -> tuple[Support, tuple[str, ...]]:
    if not sources:
        return "unsupported", ()
    if any(tuple(word.text for word in words) in source.whole for source in sources):
        return "supported", ()
    sentences = [sentence for source in sources for sentence in source.sentences]
    quoted = [word for sentence in sentences for word in sentence]
    known = {word.text for word in quoted}.union(*(source.about for source in sources))
    content = [word.text for word in words if word.is_content] or [word.text for word in words]
    coverage = sum(stands_in(word, known) for word in content) / len(content)
    replaced = _replaced(words, sentences, known)
    wrong = [*_wrong_numbers(words, quoted), *(word.text for word in replaced if word.is_number)]
    strange = [w.text for w in words if w.name and not w.is_number and w.is_content and not stands_in(w.text, known)]
    strange += [word.text for word in replaced if not word.is_number]
    denials = _denials(words, sentences)
    missing = tuple(dict.fromkeys([*wrong, *strange, *denials]))
    if coverage < PARTLY_FROM or wrong or denials:
        return "unsupported", missing
    return ("supported" if coverage >= SUPPORTED_FROM and not strange else "partly"), missing


def _wrong_numbers(words: Sequence[Word], quoted: Sequence[Word]) -> list[str]:
    """Numbers that the quotes lack, or have only of another unit: 5 weeks are not 5 days."""
    units: dict[str, set[str | None]] = {}
    for number, unit in _measured(quoted):
        units.setdefault(number, set()).add(unit)
    return [
        number
        for number, unit in _measured(words)
        if number not in units or not (unit is None or None in units[number] or unit in units[number])
    ]


def _measured(words: Sequence[Word]) -> list[tuple[str, str | None]]:
    """Each number with its unit; in "7 to 10 days" both numbers are of days."""
    measured: list[tuple[str, str | None]] = []
    for place, word in enumerate(words):
        if word.is_number:
            after = [w.text for w in words[place + 1 : place + 4] if not w.is_number]
            measured.append((word.text, next((u for text in after[:2] for u in _UNITS if text.startswith(u)), None)))
    return measured


def _denials(words: Sequence[Word], sentences: Iterable[Sequence[Word]]) -> list[str]:
    # Only what stands among the words that both share, or just before them, denies them: "but not on Friday" elsewhere
    # in a long sentence does not.
    content = {word.text for word in words if word.is_content}
    ranked = [
        (sum(stands_in(text, {w.text for w in sentence}) for text in content), sentence) for sentence in sentences
    ]
    most = max((shared for shared, _ in ranked), default=0)
    found: list[str] = []
    for shared, sentence in ranked:
        if not shared or shared < most:
            continue
        said = _negations_within(words, {word.text for word in sentence})
        meant = _negations_within(sentence, content)
        if len(said) == len(meant):
            return []
        found = found or said or meant
    return found


def _negations_within(words: Sequence[Word], others: AbstractSet[str]) -> list[str]:
    shared = [place for place, word in enumerate(words) if word.is_content and stands_in(word.text, others)]
    if not shared:
        return []
    return [word.text for word in words[max(shared[0] - _DENIES_WITHIN, 0) : shared[-1] + 1] if word.is_negation]


def _replaced(words: Sequence[Word], sentences: Iterable[Sequence[Word]], known: AbstractSet[str]) -> list[Word]:
    """Numbers and unknown words whose two neighbours the quotes have around another: one was put in its place."""
    between: dict[tuple[str, str], set[Word]] = {}
    for sentence in sentences:
        for before, word, after in _neighbours(sentence):
            between.setdefault((before, after), set()).add(word)
    replaced = []
    for before, word, after in _neighbours(words):
        stood = between.get((before, after), set())
        if word.text in {other.text for other in stood} or not word.is_content:
            continue
        # "Employees" for "you" says who is meant; only a word of substance that gives way to another is suspect.
        if any(other.is_content and other.is_number == word.is_number for other in stood) and (
            word.is_number or not stands_in(word.text, known)
        ):
            replaced.append(word)
    return replaced


def _neighbours(words: Sequence[Word]) -> Iterable[tuple[str, Word, str]]:
    texts = ["", *(word.text for word in words), ""]
    return zip(texts, words, texts[2:], strict=False)


def _carried(text: str, spans: Sequence[tuple[int, int]], known: AbstractSet[int]) -> dict[int, set[int]]:
    """The known numbers of each sentence that has any: of the marks after it, or before it where they open a line."""
    newlines = [match.start() for match in re.finditer("\n", text)]
    starts = [start for start, _ in spans]
    lines = [bisect_left(newlines, start) for start in starts]
    carried: dict[int, set[int]] = {}
    for mark in MARK.finditer(text):
        number, line, after = int(mark.group(1)), bisect_left(newlines, mark.end()), bisect_left(starts, mark.start())
        first = after == 0 or lines[after - 1] != line
        place = after if first and after < len(starts) and lines[after] == line else after - 1
        if number in known and place >= 0:
            carried.setdefault(place, set()).add(number)
    return carried


def _upcoming(carried: Mapping[int, object], sentences: int) -> list[int | None]:
    """For each sentence the next one after it that carries a mark."""
    upcoming: list[int | None] = []
    nearest = None
    for place in reversed(range(sentences)):
        upcoming.append(nearest)
        nearest = place if place in carried else nearest
    return upcoming[::-1]


def _claims_nothing(text: str, start: int, end: int) -> bool:
    line = text[start:end]
    if any(character.isdigit() for character in line):
        return False
    return line.endswith((":", "\uff1a")) or line.startswith("#") or is_heading(text, start, end)
