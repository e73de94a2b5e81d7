"""Many configurations on one golden set: which are worth their time?

The costly part, an index for each size of chunk, is built once and asked by every configuration that shares it.
Every result is on disk before the next is measured, so that a sweep that was killed goes on where it stopped.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import asdict, dataclass, fields, replace
from itertools import count, product
from pathlib import Path
from statistics import median
from typing import Generic, TypeVar

from eval.knobs import Knobs
from eval.metrics import percentile
from eval.sweep_state import SweepState
from eval.workbench import Progress, silent
from retrieval.errors import AttuneError, InvalidInputError
from retrieval.types import Fusion

Bench = TypeVar("Bench")

Figures = Mapping[str, float | None]
"""What was measured of a configuration, by name; None where it cannot be."""

ROUNDS = 3
MOST_CONFIGURATIONS = 1000


@dataclass(frozen=True, slots=True)
class Grid:
    """What is tried: every combination of these values; an axis without any stays as it is.

    Attributes:
        chunk_tokens: None is what the embedder reads.
        rerank: See ``Knobs``.
    """

    chunk_tokens: tuple[int | None, ...] = ()
    pool: tuple[int, ...] = ()
    fusion: tuple[Fusion, ...] = ()
    dense_weight: tuple[float, ...] = ()
    rerank: tuple[str, ...] = ()

    def configurations(self, base: Knobs | None = None) -> list[Knobs]:
        """Return every combination.

        Args:
            base: Gives the values that are not tried; the server's defaults when None.

        Returns:
            Distinct, those with chunks of one size beside each other; at least one.

        Raises:
            InvalidInputError: A value is out of range, or there are more than 1,000.
        """
        base = base or Knobs()
        names = [field.name for field in fields(self)]
        values = [getattr(self, name) or (getattr(base, name),) for name in names]
        if math.prod(len(axis) for axis in values) > MOST_CONFIGURATIONS:
            raise InvalidInputError(f"a sweep tries at most {MOST_CONFIGURATIONS:,} configurations")
        made = [replace(base, **dict(zip(names, each, strict=True))) for each in product(*values)]
        for knobs in made:
            knobs.check()
        return list(dict.fromkeys(made))


@dataclass(frozen=True, slots=True)
class Instruments(Generic[Bench]):
    """How a configuration is measured.

    Attributes:
        open_bench: Makes a knowledge base filled with the documents, chunked as the knobs say; its other knobs do not
            matter.
        measure: The figures of a configuration on a bench whose chunks fit it.
        ask: Gets a configuration ready; what it gives answers one question, and is timed: it must remember neither
            answers nor vectors of questions.
        questions: Asked for time, at least one; some fifty tell enough.
        index_bytes: How much room the index takes.
    """

    open_bench: Callable[[Knobs], AbstractContextManager[Bench]]
    measure: Callable[[Bench, Knobs], Figures]
    ask: Callable[[Bench, Knobs], Callable[[str], object]]
    questions: Sequence[str]
    index_bytes: Callable[[Bench], int]


@dataclass(frozen=True, slots=True)
class Row:
    """One configuration, measured.

    Attributes:
        figures: Finite, or None.
        p50_ms: Median time of a question.
        p95_ms: 95 of 100 questions took no longer.
        on_front: No other configuration is as good and faster, or as fast and better.
    """

    knobs: Knobs
    figures: Figures
    p50_ms: float
    p95_ms: float
    index_bytes: int
    on_front: bool = False


@dataclass(frozen=True, slots=True)
class SweepResult:
    """What a sweep found.

    Attributes:
        rows: In the order of the grid.
        failed: Configurations that could not be measured, and why; they are tried again the next time.
        resumed: How many rows an earlier run had measured.
        notes: What the reader must know, in words.
    """

    rows: tuple[Row, ...]
    failed: tuple[tuple[Knobs, str], ...] = ()
    resumed: int = 0
    notes: tuple[str, ...] = ()

    def with_front(self, quality: str) -> "SweepResult":
        """Mark the rows that lie on the front of a figure against the median time."""
        front = pareto([(row.figures.get(quality), row.p50_ms) for row in self.rows])
        return replace(self, rows=tuple(replace(r, on_front=on) for r, on in zip(self.rows, front, strict=True)))


def pareto(points: Sequence[tuple[float | None, float]]) -> list[bool]:
    """Tell which points nothing else beats.

    Args:
        points: Quality (more is better; None is unknown) and time (less is better).

    Returns:
        For each point whether no other has at least its quality in less time, or more quality in at most its time;
        False where the quality is unknown. Of equal points all are on the front.
    """
    known = sorted({(time_taken, -quality) for quality, time_taken in points if quality is not None})
    front: set[tuple[float | None, float]] = set()
    best = -math.inf
    for time_taken, lacking in known:
        if -lacking > best:
            best = -lacking
            front.add((best, time_taken))
    return [point in front for point in points]


def sweep(
    grid: Sequence[Knobs], instruments: Instruments[Bench], *, state: Path, key: str, progress: Progress = silent
) -> SweepResult:
    """Measure every configuration, or read what an earlier run measured of it.

    Times of configurations that share an index are taken in turns, question by question, after a warm-up: what else
    the machine does meanwhile slows all of them alike. Those of other chunk sizes are taken one after the other.

    Args:
        grid: See ``Grid.configurations``.
        instruments: How one is measured.
        state: File of results, one a line; made if missing, and only ever added to.
        key: See ``sweep_key``; results under another one do not count.
        progress: Told of every configuration.

    Returns:
        A row for each configuration that could be measured; none is marked to be on a front yet.

    Raises:
        InvalidInputError: There is nothing to measure, or the state file cannot be used.
    """
    if not grid or not instruments.questions:
        raise InvalidInputError("a sweep needs at least one configuration and one question")
    results = SweepState(state, key)
    resumed = sum(_row(knobs, results) is not None for knobs in grid)
    steps = count(1)
    failed: dict[Knobs, str] = {}
    for sharing in _by_index(grid):
        if any(_row(knobs, results) is None for knobs in sharing):
            failed |= _measure(sharing, instruments, results, lambda: progress("measuring", next(steps), len(grid)))
        else:
            progress("measuring", [next(steps) for _ in sharing][-1], len(grid))
    rows = [_row(knobs, results) for knobs in grid if knobs not in failed]
    return SweepResult(tuple(row for row in rows if row), tuple(failed.items()), resumed, tuple(results.notes))


def _by_index(grid: Sequence[Knobs]) -> list[list[Knobs]]:
    sharing: dict[tuple[int | None, bool], list[Knobs]] = {}
    for knobs in grid:
        sharing.setdefault((knobs.chunk_tokens, knobs.whole), []).append(knobs)
    return list(sharing.values())


def _measure(
    sharing: Sequence[Knobs], instruments: Instruments[Bench], results: SweepState, step: Callable[[], None]
) -> dict[Knobs, str]:
    """Measure configurations on one index.

    Returns:
        Those that failed, and why; the others are in the results.
    """
    failed: dict[Knobs, str] = {}
    ready: dict[Knobs, Callable[[str], object]] = {}
    with ExitStack() as stack:
        try:
            bench = stack.enter_context(instruments.open_bench(sharing[0]))
        except AttuneError as error:
            return dict.fromkeys(sharing, str(error))
        for knobs in sharing:
            figures = results.get(asdict(knobs), "figures")
            try:
                measured = instruments.measure(bench, knobs) if figures is None else figures
                ready[knobs] = instruments.ask(bench, knobs)
                ready[knobs](instruments.questions[0])  # the first question pays for what is loaded late
            except AttuneError as error:
                ready.pop(knobs, None)
                failed[knobs] = str(error)
            else:
                if figures is None:
                    results.put(asdict(knobs), "figures", measured)
            step()
        # Times hold only beside each other, so those of an earlier run are taken again.
        size = {"index_bytes": float(instruments.index_bytes(bench))}
        for knobs, times_ms in _in_turns(ready, instruments.questions).items():
            times = {"p50_ms": percentile(times_ms, 50), "p95_ms": percentile(times_ms, 95)}
            results.put(asdict(knobs), "times", times | size)
    return failed


def _in_turns(ready: Mapping[Knobs, Callable[[str], object]], questions: Sequence[str]) -> dict[Knobs, list[float]]:
    """Time every configuration on every question, in turns that begin with another one each time.

    Returns:
        One time a question, the median of its rounds, in milliseconds.
    """
    order = list(ready)
    times: dict[Knobs, list[list[float]]] = {knobs: [[] for _ in questions] for knobs in order}
    for turn in range(ROUNDS):
        for number, question in enumerate(questions):
            first = (turn + number) % max(len(order), 1)
            for knobs in order[first:] + order[:first]:
                started = time.perf_counter()
                ready[knobs](question)
                times[knobs][number].append((time.perf_counter() - started) * 1000)
    return {knobs: [median(rounds) for rounds in of_questions] for knobs, of_questions in times.items()}


def _row(knobs: Knobs, results: SweepState) -> Row | None:
    figures, times = (results.get(asdict(knobs), kind) for kind in ("figures", "times"))
    if figures is None or times is None:
        return None
    p50_ms, p95_ms, index_bytes = (times.get(name) for name in ("p50_ms", "p95_ms", "index_bytes"))
    if p50_ms is None or p95_ms is None or index_bytes is None:
        return None
    return Row(knobs, figures, p50_ms, p95_ms, int(index_bytes))
