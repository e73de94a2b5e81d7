"""Random words of a generator, cut into random pieces: is every citation shown retrieved, readable and verbatim?

Run from the repository root: ``python -m bench.citations [--answers N]``. The passages are of the staff handbook, found
by the real search over a real catalog; half of the documents are closed to the reader while the answer is made. The
baseline is how many marks the generator wrote.
"""

import argparse
import random
import re
from collections.abc import Iterator

from app.parts import build_embedder
from app.settings import Settings
from bench.lines import data, print_figure
from eval.golden import read_beir
from eval.knobs import Knobs
from eval.workbench import ASKER, COLLECTION, open_workbench
from retrieval.compose import Composer, Unsupported
from retrieval.types import Passage

# fmt: off
WORDS = [
    "the", "a", "leave", "days", "of", "27", "not", "is", "manager", "team", "[1]", "[2]", "[3,4]", "[99]", "[0]", "[",
    "]", "(", ")", ".", "!", "?", "-", "#", "|", "*", "`", "<b>", "不", "。", "𝄞", "http://e.x/y", "\n", "\n\n",
    "\u202e", "\u200b", "\x00", "![i](", "NOT ANSWERED", "[1", "2]", "“", "’s",
]
# fmt: on


def said(chance: random.Random, passages: list[Passage]) -> str:
    """Words at random, sentences of the passages among them."""
    parts = []
    for _ in range(chance.randint(0, 60)):
        if chance.random() < 0.1 and passages:
            text = chance.choice(passages).chunk.text
            start = chance.randrange(len(text))
            parts.append(text[start : start + chance.randint(1, 120)])
        else:
            parts.append(chance.choice(WORDS))
        parts.append(chance.choice(["", " ", " "]))
    return "".join(parts)


def pieces(chance: random.Random, text: str) -> Iterator[str]:
    while text:
        size = chance.randint(1, 9)
        yield text[:size]
        text = text[size:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=10_000)
    answers = parser.parse_args().answers
    golden = read_beir(data("tts-handbook"), "dev")
    embedder = build_embedder(Settings())
    shown = wrong = wild = 0
    with open_workbench(embedder, knobs=Knobs()) as bench:
        bench.add_texts(golden.documents[:60])
        found = [
            bench.retriever.retrieve(question.text, principal=ASKER, collection=COLLECTION, limit=8)
            for question in golden.questions
        ]
        texts = {
            p.chunk.revision_id: bench.catalog.revision(p.chunk.revision_id, principal=ASKER).text
            for passages in found
            for p in passages
        }
        for seed in range(answers):
            chance = random.Random(seed)
            passages = chance.choice(found)
            closed = {p.chunk.id for p in passages if chance.random() < 0.5}
            words = said(chance, passages)
            kind: Unsupported = chance.choice(["mark", "remove"])
            composer = Composer(
                passages, lambda _: None, unsupported=kind, may_cite=lambda p, closed=closed: p.chunk.id not in closed
            )
            for piece in pieces(chance, words):
                composer.feed(piece)
            composer.finish()
            by_id = {p.chunk.id: p.chunk for p in passages}
            numbers = {citation.number for citation in composer.citations}
            wild += len(re.findall(r"\[\d+", words))
            for citation in composer.citations:
                shown += 1
                whole = texts[citation.revision_id]
                held = citation.chunk_id in by_id and citation.chunk_id not in closed
                wrong += not (held and citation.quote and whole[citation.start : citation.end] == citation.quote)
            wrong += numbers != set(range(1, len(numbers) + 1))
    baseline = {"answers": answers, "citations shown": shown, "marks written": wild, "wrong": wrong}
    share = 1.0 if not wrong else 1 - wrong / max(shown, 1)
    print_figure("citations retrieved, allowed and verbatim", share, unit="share", goal=1.0, baseline=baseline)


if __name__ == "__main__":
    main()
