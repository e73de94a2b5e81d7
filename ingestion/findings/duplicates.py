"""What tells whether documents are alike: a hash of the text, and a MinHash signature of its word sequences."""

import hashlib
import re

from retrieval.likeness import HASHES

_SEED = 1
_SHINGLE_WORDS = 5
_LEAST_WORDS = 20  # shorter texts are alike by chance, or the same
_WORD = re.compile(r"\w+")


def text_sha256(text: str) -> str:
    """Return a hash that is the same for texts that differ only in case and white space."""
    return hashlib.sha256(" ".join(text.casefold().split()).encode()).hexdigest()


def signature_of(text: str) -> bytes | None:
    """Return the MinHash signature of a text.

    Returns:
        ``HASHES`` numbers of 32 bits, little endian; None for a text of fewer than 20 words.
    """
    import numpy as np
    from rensa import RMinHash

    words = _WORD.findall(text.casefold())
    if len(words) < _LEAST_WORDS:
        return None
    sketch = RMinHash(HASHES, _SEED)
    sketch.update([" ".join(words[at : at + _SHINGLE_WORDS]) for at in range(len(words) - _SHINGLE_WORDS + 1)])
    return np.asarray(sketch.digest(), dtype="<u4").tobytes()
