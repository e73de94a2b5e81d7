"""Headings -> questions that somebody might ask about them, in the language of their document; pure."""

import re

MOST_CHARS = 80
MOST_WORDS = 12
_LEAST_LETTERS = 4

# With the title of the document, and without one that says anything.
_FRAMES = {
    "en": ("What does “{title}” say about {heading}?", "What should I know about {heading}?"),
    "de": ("Was steht in „{title}“ über „{heading}“?", "Was steht in den Dokumenten über „{heading}“?"),
    "fr": ("Que dit « {title} » sur « {heading} » ?", "Que disent les documents sur « {heading} » ?"),
    "es": ("¿Qué dice «{title}» sobre «{heading}»?", "¿Qué dicen los documentos sobre «{heading}»?"),
    "it": ("Che cosa dice «{title}» su «{heading}»?", "Che cosa dicono i documenti su «{heading}»?"),
    "nl": ("Wat staat er in ‘{title}’ over ‘{heading}’?", "Wat staat er in de documenten over ‘{heading}’?"),
    "pt": ("O que diz «{title}» sobre «{heading}»?", "O que dizem os documentos sobre «{heading}»?"),
}
_PLAIN = ("{title}: {heading}?", "{heading}?")

_NUMBER = re.compile(
    r"^(?:(?:chapter|section|part|article|annex|appendix|kapitel|abschnitt|teil|anhang)\s+)?"
    r"(?:§+\s*)?(?:\d+(?:\.\d+)*|(?<=\s)[A-Z])[.):]?(?:\s*[-–:])?\s+",
    re.IGNORECASE,
)
_SAYS_NOTHING = re.compile(
    r"(?:introduction|contents|table of contents|overview|summary|references|bibliography|index|appendix|annex|preface"
    r"|foreword|abstract|general|other|miscellaneous|notes?|questions|faq"
    r"|definitions|history|version|revision history|contact"
    r"|einleitung|inhalt(?:sverzeichnis)?|überblick|zusammenfassung|anhang|vorwort|allgemeines|sonstiges"
    r"|sommaire|résumé|annexe|introducción|resumen|índice)",
    re.IGNORECASE,
)
_TO = re.compile(r"(how|when|where|what) to (.+)", re.IGNORECASE)
_AUXILIARY = r"(?:is|are|was|were|do|does|did|can|may|must|should|will|has|have)"
_IS_QUESTION = re.compile(
    rf"(?:{_AUXILIARY} (?:i|we|you|they|it|there|the|an?|my|our)\b"
    rf"|(?:what|when|where|why|how|which) {_AUXILIARY}\b|how (?:many|much|long|often) \w+ {_AUXILIARY}\b"
    r"|who (?!you\b|we\b|they\b|i\b)\w+ \w+).*",
    re.IGNORECASE,
)
_FILE_NAME = re.compile(r"\S*[_.]\S*|[\W\d_]*|untitled", re.IGNORECASE)


def question_of(heading: str, title: str, language: str) -> str | None:
    """Make a question of a heading.

    Args:
        heading: As it stands in a document.
        title: Of the document.
        language: ISO 639 code; what is unknown is taken for English.

    Returns:
        One line; None for a heading that says nothing by itself, or is a sentence rather than a heading.
    """
    plain = _plain(heading)
    if not _says_something(plain):
        return None
    if plain.endswith(("?", "？")):
        return plain
    language = "en" if language == "unknown" else language
    if language == "en" and (asked := _english(plain)):
        return asked
    named = _plain(title)
    with_title, without = _FRAMES.get(language, _PLAIN)
    known = 0 < len(named) <= MOST_CHARS and not _FILE_NAME.fullmatch(named) and named.casefold() != plain.casefold()
    said = _in_a_sentence(plain) if language == "en" and not heading.isupper() else plain
    return with_title.format(title=named, heading=said) if known else without.format(heading=said)


def _plain(heading: str) -> str:
    words = _NUMBER.sub("", " ".join(heading.split())).strip().rstrip(" .:;,–-")
    return words.capitalize() if words.isupper() and " " in words else words


def _says_something(plain: str) -> bool:
    letters = sum(character.isalpha() for character in plain)
    unparted = any("\u2e80" <= character <= "\ud7ff" for character in plain)
    return (
        len(plain) <= MOST_CHARS
        and len(plain.split()) <= MOST_WORDS
        and (letters >= _LEAST_LETTERS or (unparted and letters > 1))
        and letters * 2 >= len(plain)
        and not _SAYS_NOTHING.fullmatch(plain)
        and not any(mark in plain for mark in ("://", "@", "{", "“", "”", "„", "«", "»"))
    )


def _in_a_sentence(plain: str) -> str:
    """Begin in lower case, where nothing but the first word is capitalised: others may be names."""
    first, _, rest = plain.partition(" ")
    return f"{first.lower()} {rest}" if rest == rest.lower() and rest and first.istitle() else plain


def _english(plain: str) -> str | None:
    if how := _TO.fullmatch(plain):
        return f"{how[1].capitalize()} do I {how[2]}?"
    return f"{plain[0].upper()}{plain[1:]}?" if _IS_QUESTION.fullmatch(plain) else None
