"""An answer against a reference answer, word by word; pure."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from retrieval.support import MARK

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_WORD = re.compile(r"[^\W_]+")
# Chinese and Japanese write no spaces: without a split at each character an answer would be one word.
_UNSPACED = re.compile("([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff])")


def spoken(text: str) -> str:
    """Return an answer without its ``[n]`` marks, which no reference answer has."""
    return MARK.sub("", text).strip()


def exact_match(answer: str, reference: str) -> float:
    """Return 1 when both say the same words, else 0 (SQuAD, Rajpurkar et al. 2016).

    Case, punctuation, English articles and white space do not count.
    """
    return float(_squad_words(answer) == _squad_words(reference))


def token_f1(answer: str, reference: str) -> float:
    """Return the harmonic mean of the shares of words that the two have in common (SQuAD, Rajpurkar et al. 2016).

    Words are normalised as in ``exact_match``; each Chinese or Japanese character is a word (as in MLQA, Lewis et al.
    2020). The order of words does not count.

    Returns:
        In [0, 1]; when one of them has no words, 1 if neither has any.
    """
    said, wanted = _squad_words(answer), _squad_words(reference)
    if not said or not wanted:
        return float(said == wanted)
    return _f1((Counter(said) & Counter(wanted)).total(), len(said), len(wanted))


def rouge_l(answer: str, reference: str) -> float:
    """Return the F1 of the longest common subsequence of words (ROUGE-L, Lin 2004), without stemming.

    Returns:
        In [0, 1]; 0 when one of them has no words.
    """
    said, wanted = _words(answer), _words(reference)
    if not said or not wanted:
        return 0.0
    return _f1(_common_subsequence(said, wanted), len(said), len(wanted))


def bleu(answer: str, reference: str) -> float:
    """Return sacrebleu's BLEU of one answer against one reference (Papineni et al. 2002; Post 2018).

    BLEU is defined over a corpus. Here it is taken per answer, because intervals and paired comparison need one value
    a question; the mean over questions is therefore not corpus BLEU. Orders of n-grams that a short answer cannot have
    do not count (effective order), the others are smoothed, so that one missing 4-gram does not make it 0.

    Returns:
        In [0, 1].
    """
    from sacrebleu import sentence_bleu

    tokenizer = "zh" if _UNSPACED.search(reference) else "13a"
    score = sentence_bleu(answer, [reference], use_effective_order=True, tokenize=tokenizer).score
    return float(min(max(score / 100, 0.0), 1.0))


def _squad_words(text: str) -> list[str]:
    folded = unicodedata.normalize("NFKC", text).casefold()
    # All of Unicode's punctuation and symbols, not only ASCII's: quotes and dashes come curly and long.
    kept = "".join(c for c in folded if unicodedata.category(c)[0] not in "PS")
    return _UNSPACED.sub(r" \1 ", _ARTICLES.sub(" ", kept)).split()


def _words(text: str) -> list[str]:
    return _WORD.findall(_UNSPACED.sub(r" \1 ", unicodedata.normalize("NFKC", text).casefold()))


def _f1(common: int, said: int, wanted: int) -> float:
    return 2 * common / (said + wanted)


def _common_subsequence(first: Sequence[str], second: Sequence[str]) -> int:
    # Bit-parallel (Hyyrö 2004): a zero bit of the row is a word matched, and one long addition moves all of them.
    places: dict[str, int] = {}
    for place, word in enumerate(first):
        places[word] = places.get(word, 0) | 1 << place
    every = (1 << len(first)) - 1
    row = every
    for word in second:
        matched = row & places.get(word, 0)
        row = (row + matched | row - matched) & every
    return len(first) - row.bit_count()
