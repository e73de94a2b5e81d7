"""Headings of a document -> questions that the text below them answers; pure and always the same."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from retrieval.sentences import is_heading, sentence_spans
from retrieval.types import Chunk

_SHORTEST_EVIDENCE_WORDS = 4
_LONGEST_HEADING_WORDS = 12
_SHORT_HEADING_WORDS = 3
_SHORT_QUESTION_WORDS = 5
_LONGEST_ABBREVIATION_CHARS = 6

_NUMBERING = re.compile(
    r"^(?:§\s*\d+\w*|\d+(?:\.\d+)*[.)]?|[A-Za-z][.)]|[IVXivx]+\.|(?:section|part|chapter|step|article|appendix)\s+\w+[:.]?)\s+",
    re.IGNORECASE,
)
_PREFIX = re.compile(r"^(?:subject|betreff|re|fwd?):\s*", re.IGNORECASE)
_HEADER = re.compile(r"(?:from|to|cc|date|sent|subject|von|an|datum|betreff):\s", re.IGNORECASE)
_ODD = re.compile(r"https?:|www\.|@|[<>{}|\\]")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _phrases(text: str) -> frozenset[str]:
    return frozenset(" ".join(phrase.split()) for phrase in text.split(","))


# Headings that stand over different things in every document; nobody could tell from the question which is meant.
_GENERIC = _phrases(
    """about, action items, additional information, additional resources, appendix, background, contact, contact us,
    contacts, contents, conclusion, definitions, details, disclaimer, example, examples, faq, faqs, further reading,
    general, general information, getting started, glossary, help, history, index, intro, introduction, learn more,
    links, miscellaneous, more, more information, more resources, next steps, note, notes, other, other resources,
    overview, policy, process, purpose, questions, read more, reference, references, related, related links,
    requirements, resources, scope, see also, steps, summary, table of contents, tips, updates, welcome,
    anhang, einleitung, fazit, inhalt, inhaltsverzeichnis, kontakt, überblick, zusammenfassung"""
)
_ASKING = _words("how what where which who whom whose why")
_VERBS = _words(
    "am are can could did do does had happens has have is may must shall should was were will would applies counts "
    "matters needs pays decides approves"
)
_PRONOUNS = _words("i you we they he she it")
_IMPERATIVES = _words(
    "access add apply arrange ask become build buy cancel choose complete configure connect create delete deploy "
    "disable download edit enable enrol enroll find fix get give handle hire import install invite join keep make "
    "manage prepare protect publish remove renew replace reset save send set submit sync transfer turn understand "
    "update upgrade upload verify write"
)
# As often a thing as something to do: "Report a loss", but "Report formats"; what follows tells.
_PERHAPS = _words(
    "approve assign book call change check claim close contact enter file fill leave log move open order pay plan "
    "register report request return review run schedule share sign start stop store test use visit work"
)
_FOLLOWS = _words("a an any the this your my our for in out up with from")
_SITUATIONS = _words("after at before between beyond by during for from in inside on outside until while with without")
_MINE = (
    (re.compile(r"\byou['’]re\b|\byou are\b", re.IGNORECASE), "I am"),
    (re.compile(r"\byourself\b", re.IGNORECASE), "myself"),
    (re.compile(r"\byour\b", re.IGNORECASE), "my"),
    (re.compile(r"\byou\b", re.IGNORECASE), "I"),
)
_LONG = ("What should I know about {h}?", "What do the documents say about {h}?", "Can you explain {h}?")
_SHORT = (
    "What does “{title}” say about {h}?",
    "What should I know about {h} when it comes to {t}?",
    "What are the rules on {h} in “{title}”?",
)
_GERUND = ("What should I know about {h}?", "What are the rules for {h}?")


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with text below it.

    Attributes:
        heading: As it stands; the title of the document for what stands before the first heading.
        evidence: The first sentence below it, word for word.
        chunk: Where that sentence stands.
        is_title: Whether the heading is the document's title.
    """

    heading: str
    evidence: str
    chunk: Chunk
    is_title: bool


def sections(title: str, chunks: Sequence[Chunk]) -> Iterator[Section]:
    """Find the headings that have text below them.

    Args:
        title: Of the document.
        chunks: Of one revision, in reading order.

    Yields:
        Each heading once, in reading order; those without a sentence below are passed over.
    """
    seen: set[str] = set()
    for chunk in chunks:
        heading = chunk.section[-1] if chunk.section else title
        for start, end in sentence_spans(chunk.text):
            line = chunk.text[start:end]
            if line in chunk.section or is_heading(chunk.text, start, end) or _is_question(chunk.text, start, end):
                heading = line
            elif heading and _folded(heading) not in seen and _is_sentence(line):
                seen.add(_folded(heading))
                yield Section(heading, line, chunk, is_title=heading == title)


def question_about(section: Section, *, title: str, text: str) -> str | None:
    """Word the question that a section answers, in English.

    Args:
        section: What is asked about.
        title: Of its document; named where the heading alone would not say what is meant.
        text: Of the document: a first word that it writes with a capital inside a sentence is a name and keeps it.

    Returns:
        A question, or None where the heading is too generic, too long or no words.
    """
    heading = plain_heading(section.heading)
    if heading is None:
        return None
    if heading.endswith("?"):
        asked, own = heading, section.is_title
    else:
        words = _mine(_inner(heading, text))
        frame = _frame(words.split())
        own = section.is_title or frame is None
        asked = frame or _named(words, title, section.is_title)
        asked = asked.format(h=words, t=_inner(title, text), title=title)
    if not own and len(asked.split()) <= _SHORT_QUESTION_WORDS:
        # "Who approves?" is a good question only below the title of the page.
        asked = f"About {_inner(title, text)}: {asked[0].lower()}{asked[1:]}"
    return asked[0].upper() + asked[1:]


def plain_heading(heading: str) -> str | None:
    """Return a heading without numbering and colon; None where it is too generic, too long or no words."""
    plain = _NUMBERING.sub("", _PREFIX.sub("", " ".join(heading.split()))).rstrip(" .:;,-–")
    letters = sum(letter.isalpha() for letter in plain)
    if _folded(plain) in _GENERIC or _ODD.search(plain):
        return None
    if letters < max(3, len(plain) // 2) or len(plain.split()) > _LONGEST_HEADING_WORDS:
        return None
    return plain


def alike(one: str, other: str) -> bool:
    """Tell whether two questions are nearly the same: four fifths of their words are common."""
    a, b = set(_folded(one).split()), set(_folded(other).split())
    return len(a & b) >= 0.8 * len(a | b)


def _frame(words: Sequence[str]) -> str | None:
    """Pick the frame that a heading's form asks for; None for one that names a thing."""
    first, second = words[0].lower(), words[1].lower() if len(words) > 1 else ""
    if not second:
        return None
    frames = (
        (first == "how" and second == "to" and len(words) > 2, "How do I " + _escaped(words[2:]) + "?"),
        (first in _ASKING and (second in _VERBS or (first == "who" and second not in _PRONOUNS)), "{h}?"),
        (first in _ASKING, "Can you tell me {h}?"),
        (first == "when" and second in _VERBS, "{h}?"),
        (first in {"if", "when"}, "What happens {h}?"),
        (first in _SITUATIONS, "What applies {h} when it comes to {t}?"),
        (first in _IMPERATIVES or (first in _PERHAPS and second in _FOLLOWS), "How do I {h}?"),
        (first.endswith("ing") and len(first) > 5, _one_of(_GERUND, " ".join(words))),
    )
    return next((frame for fits, frame in frames if fits), None)


def _named(words: str, title: str, is_title: bool) -> str:
    clear = is_title or len(words.split()) > _SHORT_HEADING_WORDS or _folded(words) in _folded(title)
    return _one_of(_LONG if clear else _SHORT, words)


def _escaped(words: Sequence[str]) -> str:
    return " ".join(words).replace("{", "{{").replace("}", "}}")


def _one_of(frames: Sequence[str], heading: str) -> str:
    # By the heading itself, so that the same document always gives the same questions.
    return frames[int.from_bytes(sha256(heading.encode()).digest()[:4]) % len(frames)]


def _inner(heading: str, text: str) -> str:
    """Write a heading as it would stand inside a sentence: names and abbreviations keep their capital."""
    if heading.isupper() and len(heading) > _LONGEST_ABBREVIATION_CHARS:
        return heading.lower()
    first, space, rest = heading.partition(" ")
    name = re.search(rf"[a-z,;] {re.escape(first)}\b", text)
    return heading if name or not first[1:].islower() else f"{first.lower()}{space}{rest}"


def _mine(words: str) -> str:
    for pattern, other in _MINE:
        words = pattern.sub(other, words)
    return words


def _is_question(text: str, start: int, end: int) -> bool:
    alone = (start == 0 or text[start - 1] == "\n") and text.startswith("\n", end)
    return alone and text[end - 1] == "?" and len(text[start:end].split()) <= _LONGEST_HEADING_WORDS


def _is_sentence(line: str) -> bool:
    enough = len(line.split()) >= _SHORTEST_EVIDENCE_WORDS
    return enough and line[-1] not in ":?" and "|" not in line and not _HEADER.match(line)


def _folded(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))
