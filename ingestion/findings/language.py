"""The language that a document is written in."""

import re
import threading
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

UNKNOWN = "unknown"
_LEAST_LETTERS = 80
_LEAST_CONFIDENCE = 0.9
_SAMPLE_CHARS = 2_000
_LOADING = threading.Lock()
_NO_LETTERS = re.compile(r"[\W\d_]+")


def language_of(text: str) -> str:
    """Guess the language of a document from its middle, where fewest addresses and menus stand.

    Returns:
        An ISO 639 code, or ``unknown`` where there is too little text or it is too odd to tell.
    """
    start = max((len(text) - _SAMPLE_CHARS) // 2, 0)
    sample = text[start : start + _SAMPLE_CHARS]
    if len(_NO_LETTERS.sub("", sample)) < _LEAST_LETTERS:
        return UNKNOWN
    language, confidence = _identifier().classify(sample)
    return str(language) if confidence >= _LEAST_CONFIDENCE else UNKNOWN


def _identifier() -> "LanguageIdentifier":
    # Threads that ask for the first time together would each load it, a second long.
    with _LOADING:
        return _loaded()


@cache
def _loaded() -> "LanguageIdentifier":
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
