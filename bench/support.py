"""How often the verdict on a sentence is right: reference answers against their passages, as they are and falsified.

Run from the repository root: ``python -m bench.support``. True sentences are those of people's reference answers
(``mtrag-un``), judged by the passages they were written from, and evidence of a staff handbook (``tts-handbook``) in
other words. False ones are the same sentences with a number or a name changed, denied, or judged by passages about
another question of the same field. One JSON line a kind.
"""

import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

from bench.lines import data, print_figure
from retrieval.sentences import sentence_spans
from retrieval.support import Support, check_sentence
from retrieval.types import Citation
from retrieval.words import words_of

SEED = 5
LEAST_WORDS = 6
_NUMBER = re.compile(r"(?<![\w.,])\d+(?![\w.,]*\d)")
_VERB = re.compile(r"\b(is|are|was|were|can|may|must|should|will|has|have)\b")
_SOURCE_WORDS = re.compile(r"I (?:do not|don't)|[Ss]orry|[Yy]ou are asking|\?$")


class Pair(NamedTuple):
    kind: str
    sentence: str
    quotes: tuple[str, ...]


def pairs() -> Iterator[Pair]:
    draw = random.Random(SEED)
    asked = [q for q in _rows("mtrag-un", "queries") if q["answerability"] == "ANSWERABLE" and q["context_ids"]]
    texts = {row["_id"]: row["text"] for row in _rows("mtrag-un", "corpus")}
    by_field = defaultdict(list)
    for question in asked:
        by_field[question["domain"]].append(question)
    names = sorted({word for text in texts.values() for word in re.findall(r"(?<=[a-z] )[A-Z][a-z]{3,}", text)})
    for question in asked:
        quotes = tuple(texts[i] for i in question["context_ids"] if i in texts)
        others = [q for q in by_field[question["domain"]] if not set(q["context_ids"]) & set(question["context_ids"])]
        for sentence in _sentences(question["answer"]):
            yield Pair("as written", sentence, quotes)
            yield from _falsified(sentence, quotes, names, draw)
            if others and quotes:
                other = draw.choice(others)
                yield Pair("other passages", sentence, tuple(texts[i] for i in other["context_ids"] if i in texts))


def _falsified(sentence: str, quotes: tuple[str, ...], names: list[str], draw: random.Random) -> Iterator[Pair]:
    numbers = [match for match in _NUMBER.finditer(sentence) if match.start()]  # not that of a list item
    if numbers:
        number = draw.choice(numbers)
        changed = str(int(number.group()) + draw.choice((1, 2, 3, 10)))
        yield Pair("number changed", sentence[: number.start()] + changed + sentence[number.end() :], quotes)
    verb = _VERB.search(sentence)
    if verb and not any(word.is_negation for word in words_of(sentence)):
        yield Pair("denied", f"{sentence[: verb.end()]} not{sentence[verb.end() :]}", quotes)
    own = re.findall(r"(?<=[a-z] )[A-Z][a-z]{3,}", sentence)
    if own:
        yield Pair("name changed", sentence.replace(draw.choice(own), draw.choice(names)), quotes)


def _sentences(answer: str) -> list[str]:
    found = [answer[start:end] for start, end in sentence_spans(answer)]
    return [s for s in found if len(s.split()) >= LEAST_WORDS and not _SOURCE_WORDS.search(s)]


def _rows(name: str, file: str) -> list[dict[str, Any]]:
    lines = (data(name) / f"{file}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def judged(pair: Pair) -> Support:
    citations = [
        Citation(number, "d", "r", "c", "", "u", (), None, None, 0, len(quote), quote)
        for number, quote in enumerate(pair.quotes, start=1)
    ]
    return check_sentence(pair.sentence, citations)[0]


def main() -> None:
    verdicts: dict[str, Counter[str]] = defaultdict(Counter)
    for pair in pairs():
        if pair.quotes:
            verdicts[pair.kind][judged(pair)] += 1
    true = verdicts["as written"]
    for kind, counts in verdicts.items():
        said = counts.total()
        share = {verdict: round(counts[verdict] / said, 3) for verdict in ("supported", "partly", "unsupported")}
        right = "supported" if kind == "as written" else "not supported"
        value = share["supported"] if kind == "as written" else 1 - share["supported"]
        print_figure(
            f"verdicts on sentences, {kind}: {right}", value, unit="share", baseline=share | {"sentences": said}
        )
    for wanted in ("supported", "unsupported"):
        false = sum(counts[wanted] for kind, counts in verdicts.items() if kind != "as written")
        said = true[wanted] + false
        right = true[wanted] if wanted == "supported" else false
        print_figure(
            f"verdicts on sentences: precision of {wanted}", right / said, unit="share", baseline={"said": said}
        )


if __name__ == "__main__":
    main()
