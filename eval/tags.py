"""A question -> what it is sliced by; pure but for a language model that is loaded once."""

import functools
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from eval.questions import Question

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

_LENGTHS = ((5, "1-5 words"), (10, "6-10 words"), (20, "11-20 words"))
# Measured on 6,600 questions in English: below it stand names, abbreviations and single words, where any of a hundred
# languages may win.
_LEAST_CONFIDENCE = 0.35
_LONGEST_SUFFIX = 5


def tags_of(question: Question) -> dict[str, str]:
    """Return what a question is sliced by: its own tags, its length, its language and the type of its documents.

    Returns:
        Tag -> value; what the golden set says itself goes before what is guessed.
    """
    guessed = {"length": length_of(question.text), "language": language_of(question.text)}
    types = {_document_type(document) for document in question.relevant}
    if len(types) == 1 and (known := types.pop()) is not None:
        guessed["document_type"] = known
    return guessed | dict(question.tags)


def length_of(text: str) -> str:
    """Say how long a question is: ``1-5 words``, ``6-10 words``, ``11-20 words`` or ``over 20 words``."""
    words = len(text.split())
    return next((name for most, name in _LENGTHS if words <= most), "over 20 words")


def language_of(text: str) -> str:
    """Guess the language of a text.

    Returns:
        An ISO 639 code, or ``unknown`` where the text is too short or too odd to tell.
    """
    language, confidence = _identifier().classify(text)
    return str(language) if confidence >= _LEAST_CONFIDENCE else "unknown"


@functools.cache
def _identifier() -> "LanguageIdentifier":
    # A second to load and stateless afterwards, so once for all threads.
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def _document_type(document: str) -> str | None:
    suffix = PurePosixPath(document).suffix.removeprefix(".").lower()
    return suffix if suffix[:1].isalpha() and len(suffix) <= _LONGEST_SUFFIX else None
