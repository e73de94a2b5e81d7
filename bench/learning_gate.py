"""Whether the gate can be believed: how often it passes what gains nothing, and whether it tells good from bad.

Run from the repository root: ``python -m bench.learning_gate`` for the part that needs no data (a minute), and
``python -m bench.learning_gate scifact`` (or ``feedbackqa``) for real rankings: their training questions are the
feedback. 500 simulated candidates that gain nothing are drawn from the differences of real ones, tilted so that their
mean is zero: the many zeros and the few large steps stay. Then: the map of 10 questions, memory and map at 180, and 20
bad candidates (shuffled labels, one user's votes, an inverted map, a leaked test). A quarter of an hour on two cores.
"""

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import numpy as np

from app.parts import build_embedder
from app.settings import Settings
from bench.lines import data, print_figure
from eval.golden import GoldenSet, read_beir
from eval.knobs import Knobs
from eval.statistics import FloatArray
from eval.workbench import open_workbench
from finetune.examples import Context, build_examples
from finetune.folds import folds_of
from finetune.gain import gain_of
from finetune.gate import Terms, examine, examine_artifact
from finetune.instruments import Instruments, Rankings, Recipe, of_lab
from finetune.lab import Lab, open_lab
from finetune.questions import Question, questions_of
from finetune.types import Anchor, Example, Label
from finetune.verdict import GateReport, gained
from retrieval.embed import Embedder
from retrieval.index import VectorIndex
from retrieval.learned import Learned

RUNS = 500
SIZES = (25, 50, 100, 180)
AA_GOAL = "<= 0.05"
LABELS, FEW, BAD_EACH, DRAWS = 180, 10, 5, 5
BOTH: Recipe = ("memory", "query_adapter")
DAY = datetime(2026, 1, 1, tzinfo=UTC)
STEPS, OFTEN = (0.131, 0.369, 0.5, 1.0), (0.5, 0.3, 0.15, 0.05)  # one rank at the third place, at the first, ...


# candidates that gain nothing


def drawn_from(
    changes: FloatArray, chances: FloatArray | None = None
) -> Callable[[np.random.Generator, int], FloatArray]:
    """Draw differences of questions anew."""
    return lambda rng, n: changes[rng.choice(len(changes), size=n, p=chances)]


def mixed(rng: np.random.Generator, n: int) -> FloatArray:
    """Two of three questions do not change; the others gain or lose a step of nDCG."""
    changed = rng.choice([-1, 1], n) * rng.choice(STEPS, n, p=OFTEN)
    return np.where(rng.random(n) < 2 / 3, 0.0, changed)


def tilted(changes: FloatArray) -> FloatArray:
    """Return the chance of each difference, shape (n,), so that their mean is zero and zeros stay as frequent."""
    ups, downs = np.maximum(changes, 0).sum(), np.maximum(-changes, 0).sum()
    total = (changes != 0).sum()
    weights = np.where(changes > 0, downs, np.where(changes < 0, ups, 1.0))
    moved = weights[changes != 0].sum()
    weights = np.where(changes == 0, 1.0, weights * total / max(moved, 1e-12))
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def say_equal(name: str, draw: Callable[[np.random.Generator, int], FloatArray]) -> None:
    for n in SIZES:
        rng, passed = np.random.default_rng(3), 0
        groups = [str(place) for place in range(n)]
        for run in range(RUNS):
            gain = gain_of(np.full(n, 0.5), 0.5 + draw(rng, n), groups, seed=run)
            passed += gained(gain, gain.p_better)
        print_figure(f"A/A promoted, {name}, {n} questions", passed / RUNS, unit="share", goal=AA_GOAL)


# real questions as feedback


@dataclass(frozen=True, eq=False)
class Ground:
    """A lab over a real set, and its training questions as labels of many people."""

    lab: Lab
    labels: Sequence[Label]
    ranked: dict[str, list[str]] = field(default_factory=dict)

    def context(self) -> Context:
        places = self.lab.places
        return Context(
            standing=lambda anchors: {one: bool(self.lab.open[places[one]]) for one in anchors if one in places},
            encode=self.lab.encode,
        )

    def examples(self, labels: Sequence[Label]) -> list[Example]:
        return list(build_examples(labels, self.context()).examples)

    def drawn(self, count: int, seed: int) -> list[Label]:
        """Choose the labels of so many questions."""
        questions = sorted({label.question for label in self.labels})
        chosen = set(np.random.default_rng(seed).permutation(questions)[:count].tolist())
        return [label for label in self.labels if label.question in chosen]

    def instruments(self, labels: Sequence[Label]) -> Instruments:
        made = of_lab(self.lab, seed=1, admit=lambda planted: self.examples([*labels, *planted]))

        def rank(learned: Learned, questions: Sequence[str]) -> Rankings:
            # What nothing was taught ranks the same every time.
            if learned.adapter is not None or learned.memory is not None or len(questions) == 1:
                return made.rank(learned, questions)
            new = [question for question in questions if question not in self.ranked]
            self.ranked.update(zip(new, map(list, made.rank(learned, new)), strict=True))
            return [self.ranked[question] for question in questions]

        return replace(made, rank=rank)


@contextmanager
def open_ground(name: str, *, documents: int | None = None) -> Iterator[Ground]:
    embedder, golden = build_embedder(Settings()), read_beir(data(name), "train")
    with open_workbench(embedder, knobs=Knobs(rerank="none")) as bench, tempfile.TemporaryDirectory() as folder:
        bench.add_texts(
            golden.documents[:documents], lambda _, done, total: print(f"{name} {done}/{total}", file=sys.stderr)
        )

        def make(index: VectorIndex, encoder: Embedder):  # noqa: ANN202
            return replace(bench.retriever, index=index, embedder=encoder)

        with open_lab(bench.catalog, embedder, make, folder=Path(folder)) as lab:
            identity = {document.uri: document.id for document in bench.catalog.every_document(principal=lab.principal)}
            known = {bench.names[uri]: document_id for uri, document_id in identity.items()}
            yield Ground(lab, list(_labels(golden, known, lab)))


def _labels(golden: GoldenSet, known: Mapping[str, str], lab: Lab) -> Iterator[Label]:
    """Every judgement is the thumb up of somebody, one person a question, for the document's chunk nearest to it."""
    chunks: dict[str, list[int]] = {}
    for place, anchor in enumerate(lab.anchors):
        chunks.setdefault(anchor.document_id, []).append(place)
    lab.encode([question.text for question in golden.questions])
    for n, question in enumerate(golden.questions):
        for name in question.relevant:
            places = chunks.get(known.get(name, ""), [])
            if places:
                nearest = places[int(np.argmax(lab.vectors[places] @ lab.encode([question.text])[0]))]
                yield _label(question.text, lab.anchors[nearest], f"u:{n}", DAY + timedelta(hours=n))


def _label(question: str, anchor: Anchor, giver: str, at: datetime) -> Label:
    return Label(
        source_id=sha256(f"{giver} {question} {anchor}".encode()).hexdigest()[:16],
        kind="feedback",
        signal="correction",
        question=question,
        anchor=anchor,
        label=1,
        weight=1.0,
        giver=giver,
        given_at=at,
    )


# good and bad candidates


def shuffled(ground: Ground, seed: int) -> GateReport:
    """A candidate whose labels were dealt out anew before it learned from them."""
    labels = ground.drawn(LABELS, seed)
    made = ground.instruments(labels)

    def fit(recipe: Recipe, examples: Sequence[Example]) -> Learned:
        order = np.random.default_rng(seed).permutation(len(examples))
        dealt = [replace(row, anchor=examples[place].anchor) for row, place in zip(examples, order, strict=True)]
        return made.fit(recipe, dealt)

    return _judged(replace(made, fit=fit), ground.examples(labels), seed)


def one_users_votes(ground: Ground, seed: int) -> GateReport:
    """Half of the questions were voted on by one person, for one wrong document."""
    labels = ground.drawn(LABELS, seed)
    given = _with_votes(labels)
    return _judged(ground.instruments(given), ground.examples(given), seed)


def _with_votes(labels: Sequence[Label]) -> list[Label]:
    questions = sorted({label.question for label in labels})
    voted = set(questions[: LABELS // 2])
    wrong = next(label.anchor for label in labels if label.question not in voted)
    planted = [_label(question, wrong, "u:poisoner", DAY + timedelta(weeks=n)) for n, question in enumerate(voted)]
    return [label for label in labels if label.question not in voted] + planted


def by_the_truth(ground: Ground, seed: int) -> float:
    """What that candidate gains by the true labels of all its questions, each by what the others taught."""
    labels = ground.drawn(LABELS, seed)
    given = _with_votes(labels)
    made, examples, truth = ground.instruments(given), ground.examples(given), questions_of(ground.examples(labels))
    folds = folds_of([question.group for question in truth], seed=seed)
    gained = 0.0
    for fold in range(int(folds.max()) + 1):
        held = [truth[place] for place in np.flatnonzero(folds == fold)]
        known = {question.text for question in held} | {question.group for question in held}
        taught = [example for example in examples if not {example.question, example.group} & known]
        before, after = (made.score(made.fit(recipe, taught), held) for recipe in ((), BOTH))
        gained += float((after - before).sum())
    return gained / len(truth)


def inverted(ground: Ground, seed: int) -> GateReport:
    """A map that leads away from where it should, beside the memory that is live."""
    labels = ground.drawn(LABELS, seed)
    made = ground.instruments(labels)

    def fit(recipe: Recipe, examples: Sequence[Example]) -> Learned:
        learned = made.fit(recipe, examples)
        return learned if learned.adapter is None else replace(learned, adapter=-learned.adapter)

    return _judged(replace(made, fit=fit), ground.examples(labels), seed, ("memory",))


def leaked(ground: Ground, seed: int) -> GateReport:
    """A candidate that learned from what measures it: every other time a file, else a recipe that cheats."""
    labels = ground.drawn(LABELS, seed)
    examples, made = ground.examples(labels), ground.instruments(labels)
    if seed % 2:
        return _judged(
            replace(made, fit=lambda recipe, _: made.fit(recipe, examples if recipe else [])), examples, seed
        )
    questions = questions_of(examples)
    return artifact(made, examples, questions, seed)


def artifact(made: Instruments, examples: Sequence[Example], asked: Sequence[Question], seed: int) -> GateReport:
    before, after = (made.score(made.fit(recipe, examples), asked) for recipe in ((), BOTH))
    return examine_artifact(BOTH, (before, after), asked, examples, vectors=made.vectors, terms=Terms(seed=seed))


def good(ground: Ground, seed: int) -> GateReport:
    labels = ground.drawn(LABELS, seed)
    return _judged(ground.instruments(labels), ground.examples(labels), seed)


def of_few(ground: Ground, seed: int, *, made_of: int = FEW) -> GateReport:
    """What ten questions taught, held as loosely as 4,000 would be, measured by 180 others."""
    labels = ground.drawn(LABELS + made_of, seed)
    examples, made = ground.examples(labels), ground.instruments(labels)
    groups = sorted({example.group for example in examples})
    known = set(np.random.default_rng(seed).permutation(groups)[:made_of].tolist())
    others = questions_of([example for example in examples if example.group not in known])
    examples = [example for example in examples if example.group in known]
    before, after = (made.score(learned, others) for learned in (Learned(), _loosely(made, examples)))
    recipe: Recipe = ("query_adapter",)
    return examine_artifact(recipe, (before, after), others, examples, vectors=made.vectors, terms=Terms(seed=seed))


def _loosely(made: Instruments, examples: Sequence[Example]) -> Learned:
    from finetune.rungs import query_adapter

    strict, query_adapter.DECAY_PAIRS = query_adapter.DECAY_PAIRS, 1
    try:
        return made.fit(("query_adapter",), examples)
    finally:
        query_adapter.DECAY_PAIRS = strict


def _judged(made: Instruments, examples: Sequence[Example], seed: int, live: Recipe = ()) -> GateReport:
    (report,) = examine([BOTH], live, examples, made, Terms(seed=seed))
    return report


def say_bad(ground: Ground) -> None:
    reports = {make.__name__: [make(ground, seed) for seed in range(BAD_EACH)] for make in BAD}
    every = [report for several in reports.values() for report in several]
    reasons = {
        name: dict(Counter(report.reasons[0].split(":")[0] for report in several)) for name, several in reports.items()
    }
    refused = sum(report.verdict == "refused" for report in every)
    votes = reports[one_users_votes.__name__]
    # What passes although one person voted is no bad candidate if those votes were worth nothing.
    truth = [round(by_the_truth(ground, seed), 4) for seed, report in enumerate(votes) if report.passed]
    unpromoted = sum(not report.passed for report in every)
    baseline: dict[str, object] = {"of": len(every), "not passed": unpromoted, "reasons": reasons}
    baseline["one_users_votes that passed, by the true labels"] = truth
    print_figure(
        "planted bad candidates refused", refused, unit="candidates", goal=float(len(every)), baseline=baseline
    )


def say_judged(name: str, reports: Sequence[GateReport], *, goal: str) -> None:
    gains = [round(report.gain.value or 0.0, 4) for report in reports if report.gain is not None]
    verdicts = dict(Counter(report.verdict for report in reports))
    baseline: dict[str, object] = {"verdicts": verdicts, "gains": gains, "first": reports[0].summary}
    print_figure(
        name, sum(report.passed for report in reports) / len(reports), unit="share", goal=goal, baseline=baseline
    )
    moved = [check.value for report in reports for check in report.checks if check.name == "canary"]
    if found := [value for value in moved if value is not None]:
        print_figure("right chunks moved by one poisoner", max(found), unit="ranks", goal="<= 1")


def say_real(name: str) -> None:
    with open_ground(name) as ground:
        reports = [good(ground, seed) for seed in range(DRAWS)]
        say_judged(f"memory and map at {LABELS} passed, {name}", reports, goal=">= 0.8")
        say_judged(f"map of {FEW} passed, {name}", [of_few(ground, seed) for seed in range(DRAWS)], goal="0")
        few = ground.drawn(FEW, 1)
        say_judged(
            f"recipe at {FEW} passed, {name}", [_judged(ground.instruments(few), ground.examples(few), 1)], goal="0"
        )
        say_bad(ground)
        changes = real_changes(ground)
        say_equal(f"{name}, differences of memory and map", drawn_from(changes, tilted(changes)))
        say_equal(f"{name}, the same turned round", drawn_from(-changes, tilted(changes)))


def real_changes(ground: Ground) -> FloatArray:
    """What memory and map of 180 questions change on up to 400 others, shape (questions,)."""
    labels = ground.drawn(LABELS, 1)
    taught = {label.question for label in labels}
    made = ground.instruments(labels)
    others = questions_of(ground.examples([label for label in ground.labels if label.question not in taught]))[:400]
    before, after = (made.score(made.fit(recipe, ground.examples(labels)), others) for recipe in ((), BOTH))
    return np.asarray(after - before, dtype=np.float64)


BAD = (shuffled, one_users_votes, inverted, leaked)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*", metavar="SET", help="scifact, feedbackqa")
    for name in parser.parse_args().sets or [None]:
        if name is None:
            say_equal("simulated", mixed)
        else:
            say_real(name)


if __name__ == "__main__":
    main()
