"""The fourth rung: a LoRA adapter of the embedder; all documents are embedded anew before it serves.

Only what everybody may read takes part, as answer or as what is told from one: weights serve everybody.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from finetune.artifact import EMBEDDER
from finetune.contrast import Lesson, Pair, Schedule, Watch, train
from finetune.lab import Lab
from finetune.lora import Lora
from finetune.types import Example, FloatArray, Parts, RungName
from retrieval.errors import InvalidInputError
from retrieval.rows import to_chunks

_LOOKED_AT = 50  # chunks nearest to a question, among which its hard negatives are
_SURELY_WRONG = 0.95  # a chunk that is nearer than that share of an answer's similarity may be an answer nobody named
_QUESTIONS = 256  # compared with all chunks at a time
_READ = 500  # chunks at a time

Order = Callable[[str, FloatArray], Sequence[int]]
"""Places of chunks that a question may take for an answer, best first, by the question and its cosine to each."""


class AdaptedEmbedder:
    """Trains the embedder so that questions lie nearer to what answers them.

    Args:
        model: Folder or hub id of the embedder that serves.
        folder: Where the adapter is written, after each epoch anew.
        schedule: How it is trained.
        watch: Who looks on; its checkpoint is called once the files are written.
    """

    name: RungName = "embedder"
    least = 500

    def __init__(
        self, model: str | Path, folder: Path, *, schedule: Schedule | None = None, watch: Watch | None = None
    ) -> None:
        self._model = model
        self._folder = folder
        self._schedule = schedule or Schedule()
        self._watch = watch or Watch()

    def fit(self, examples: Sequence[Example], lab: Lab, *, before: Parts, seed: int) -> Parts:
        """Train an adapter; see ``Rung``. The other parts work on vectors of the base, and have to be made anew.

        Returns:
            The embedder alone; nothing where no open chunk answers a question.

        Raises:
            InvalidInputError: Parts below were made already.
            CancelledError: It was asked to stop; the last whole epoch lies in the folder.
        """
        if before.memory or before.adapter is not None:
            raise InvalidInputError(
                "an embedder is made first: what was made of the base's vectors does not fit its own"
            )
        lesson = lesson_of(examples, lab, hard=self._schedule.hard)
        if lesson is None:
            return before
        base = lab.base.embedder.fingerprint
        watch = saving(self._watch, self._folder, base=base)
        train(self._model, lesson, self._schedule, seed=seed, watch=watch).save(self._folder, base=base)
        return replace(before, embedder=EMBEDDER)


def saving(watch: Watch, folder: Path, *, base: str) -> Watch:
    """Return who looks on, for whom the adapter is written before each checkpoint."""

    def checkpoint(lora: Lora) -> None:
        lora.save(folder, base=base)
        watch.checkpoint(lora)

    return replace(watch, checkpoint=checkpoint)


def lesson_of(examples: Iterable[Example], lab: Lab, *, hard: int = 0, order: Order | None = None) -> Lesson | None:
    """Return what an embedder or a cross-encoder can be taught by examples.

    Args:
        examples: Those that everybody may read are taken.
        lab: Knows the chunks.
        hard: Passages that only seem to answer a question, besides those that somebody named wrong.
        order: In which they are looked for; the nearest first when None.

    Returns:
        Questions, the passages that answer them and those that seem to; None where no open chunk answers any.
    """
    taught = [one for one in examples if one.open and one.anchor in lab.places and lab.open[lab.places[one.anchor]]]
    right = [one for one in taught if one.label > 0]
    if not right:
        return None
    questions = list(dict.fromkeys(one.question for one in right))
    at = {question: place for place, question in enumerate(questions)}
    # A text that several documents hold is one passage: its copies would be told from it.
    answers: dict[int, set[str]] = {}
    wrong: dict[int, set[str]] = {}
    for one in taught:
        if one.question in at:
            side = answers if one.label > 0 else wrong
            side.setdefault(at[one.question], set()).add(one.anchor.text_sha256)
    seeming = _Seeming(lab, hard, order or _nearest)
    told_from = dict(enumerate(_told_from(questions, answers, wrong, seeming)))
    return _numbered(questions, right, answers, told_from, lab)


@dataclass(frozen=True, slots=True)
class _Seeming:
    """What only seems to answer questions.

    Attributes:
        most: Texts a question.
    """

    lab: Lab
    most: int
    order: Order

    def of(self, question: str, cosines: FloatArray, known: set[str], *, below: float) -> list[str]:
        """Return the hashes of texts that a question may take for its answer, but for those known or too near."""
        found: dict[str, None] = {}
        for place in self.order(question, cosines) if self.most else ():
            sha = self.lab.anchors[place].text_sha256
            if sha not in known and 0.0 < cosines[place] < below:
                found[sha] = None
        return list(found)[: self.most]


def _nearest(question: str, cosines: FloatArray) -> list[int]:
    del question
    depth = min(_LOOKED_AT, len(cosines))
    nearest = np.argpartition(-cosines, depth - 1)[:depth]
    ordered: list[int] = nearest[np.argsort(-cosines[nearest], kind="stable")].tolist()
    return ordered


def _told_from(
    questions: Sequence[str], answers: Mapping[int, set[str]], wrong: Mapping[int, set[str]], seeming: _Seeming
) -> Iterator[list[str]]:
    """Yield for each question the texts that are told from its answers, by hash."""
    lab, places = seeming.lab, _places(seeming.lab)
    for start in range(0, len(questions), _QUESTIONS):
        block = questions[start : start + _QUESTIONS]
        cosines = np.where(lab.open, lab.encode(block) @ lab.vectors.T, -1.0)
        for place, row in enumerate(cosines, start):
            best = max(float(row[places[sha]]) for sha in answers[place])
            named = sorted(sha for sha in wrong.get(place, ()) if sha in places and sha not in answers[place])
            known = answers[place] | set(named)
            yield [*named, *seeming.of(questions[place], row, known, below=_SURELY_WRONG * best)]


def _numbered(
    questions: Sequence[str],
    right: Sequence[Example],
    answers: Mapping[int, set[str]],
    hard: Mapping[int, Sequence[str]],
    lab: Lab,
) -> Lesson | None:
    """Replace hashes by places among the passages, and leave out what cannot be read any more."""
    wanted = {sha for group in (*answers.values(), *hard.values()) for sha in group}
    texts = _texts(wanted, lab)
    number = {sha: place for place, sha in enumerate(texts)}
    at = {question: place for place, question in enumerate(questions)}
    pairs = [
        Pair(at[one.question], number[one.anchor.text_sha256], one.weight)
        for one in right
        if one.anchor.text_sha256 in number
    ]
    if not pairs:
        return None
    return Lesson(
        questions=questions,
        passages=list(texts.values()),
        pairs=pairs,
        answers={key: frozenset(number[sha] for sha in group if sha in number) for key, group in answers.items()},
        hard={key: [number[sha] for sha in group if sha in number] for key, group in hard.items()},
    )


def _texts(wanted: set[str], lab: Lab) -> dict[str, str]:
    """Return what was embedded of chunks, by the hash of their text, in the order of the lab."""
    places = {sha: place for sha, place in _places(lab).items() if sha in wanted}
    ids = {lab.chunk_ids[place]: sha for sha, place in places.items()}
    keys = list(ids)
    found: dict[str, str] = {}
    for start in range(0, len(keys), _READ):
        rows = lab.base.catalog.passages_for(keys[start : start + _READ], principal=lab.principal)
        found |= {chunk.id: chunk.embedding_text for chunk in to_chunks([row.row for row in rows.values()])}
    return {ids[key]: found[key] for key in keys if key in found}


def _places(lab: Lab) -> dict[str, int]:
    """Return where each text first stands among the open chunks of a lab, by the hash of it."""
    places: dict[str, int] = {}
    for place in np.flatnonzero(lab.open):
        places.setdefault(lab.anchors[place].text_sha256, int(place))
    return places
