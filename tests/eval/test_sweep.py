import json
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.golden import GoldenDocument
from eval.knobs import Knobs
from eval.sweep import ROUNDS, Grid, Instruments, Row, SweepResult, pareto, sweep
from eval.sweep_state import SweepState, sweep_key
from eval.workbench import ASKER, COLLECTION, open_workbench
from retrieval.errors import InvalidInputError, ModelError

KEY = sweep_key("a" * 64, "chunker1-model", "0.1.0")
QUESTIONS = ("first", "second")


class Killed(BaseException):
    """Ends the process in the middle of something."""


@dataclass
class Lab:
    """Measures by recipe and remembers what it was asked to do."""

    opened: list = field(default_factory=list)
    measured: list = field(default_factory=list)
    asked: list = field(default_factory=list)
    dies_at: Knobs | None = None
    broken: str | None = None
    mute: str | None = None

    @property
    def instruments(self):
        return Instruments(self.open_bench, self.measure, self.ask, QUESTIONS, lambda bench: bench * 1000)

    @contextmanager
    def open_bench(self, knobs):
        if knobs.chunk_tokens == 64 and self.broken == "bench":
            raise ModelError("no room")
        self.opened.append(knobs.chunk_tokens)
        yield knobs.chunk_tokens or 256

    def measure(self, bench, knobs):
        if knobs == self.dies_at:
            raise Killed
        if knobs.rerank == self.broken:
            raise ModelError("no such model")
        self.measured.append(knobs)
        return {"ndcg@10": knobs.dense_weight, "chunk_tokens": float(bench), "unknown": None, "odd": float("nan")}

    def ask(self, bench, knobs):
        def answer(question):
            if knobs.rerank == self.mute:
                raise ModelError("no answer")
            self.asked.append((bench, knobs, question))

        return answer


def run(lab, grid, path, key=KEY):
    return sweep(grid.configurations(), lab.instruments, state=path, key=key)


GRID = Grid(chunk_tokens=(128, 64), dense_weight=(0.2, 0.8))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "new" / "sweep.jsonl"


def test_a_grid_is_every_combination_and_the_rest_stays():
    base = Knobs(pool=30, history=True, rerank="none")
    made = Grid(chunk_tokens=(None, 64), fusion=("mix", "rrf"), rerank=("none",)).configurations(base)
    expected = [(None, "mix"), (None, "rrf"), (64, "mix"), (64, "rrf")]
    assert made == [replace(base, chunk_tokens=tokens, fusion=fusion) for tokens, fusion in expected]
    assert Grid().configurations() == [Knobs()]


def test_a_value_that_is_given_twice_is_tried_once():
    assert len(Grid(pool=(50, 50, 100)).configurations()) == 2


@pytest.mark.parametrize(
    "grid",
    [
        Grid(pool=(5,)),
        Grid(dense_weight=(1.5,)),
        Grid(chunk_tokens=(0,)),
        Grid(fusion=("max",)),
        Grid(pool=tuple(range(10, 60)), dense_weight=tuple(n / 100 for n in range(50))),
    ],
)
def test_a_value_out_of_range_and_too_many_of_them_are_refused(grid):
    with pytest.raises(InvalidInputError):
        grid.configurations()


def test_configurations_that_share_chunks_share_an_index(path):
    lab = Lab()
    # The axes are turned so that equal chunk sizes are not beside each other.
    grid = sorted(GRID.configurations(), key=lambda knobs: knobs.dense_weight)
    result = sweep(grid, lab.instruments, state=path, key=KEY)
    assert lab.opened == [128, 64]
    assert [row.knobs for row in result.rows] == grid
    assert [row.index_bytes for row in result.rows] == [128_000, 64_000, 128_000, 64_000]
    assert [row.figures["chunk_tokens"] for row in result.rows] == [128, 64, 128, 64]


def test_a_number_that_is_none_is_unknown(path):
    (row,) = run(Lab(), Grid(), path).rows
    assert row.figures == {"ndcg@10": 0.6, "chunk_tokens": 256.0, "unknown": None, "odd": None}


def test_times_are_taken_in_turns_after_a_warm_up(path):
    lab = Lab()
    first, second = Grid(dense_weight=(0.2, 0.8)).configurations()
    result = sweep([first, second], lab.instruments, state=path, key=KEY)
    asked = [(knobs, question) for _, knobs, question in lab.asked]
    warm_up, timed = asked[:2], asked[2:]
    assert warm_up == [(first, "first"), (second, "first")]
    assert len(timed) == 2 * len(QUESTIONS) * ROUNDS
    pairs = [timed[n : n + 2] for n in range(0, len(timed), 2)]
    # Both answer a question before either goes on, and they take turns in being first.
    assert all({knobs for knobs, _ in pair} == {first, second} for pair in pairs)
    assert all(pair[0][1] == pair[1][1] for pair in pairs)
    assert [pair[0][0] for pair in pairs[:3]] == [first, second, second]
    assert all(0 <= row.p50_ms <= row.p95_ms for row in result.rows)


def test_a_finished_sweep_is_read_and_nothing_is_measured(path):
    finished = run(Lab(), GRID, path)
    lab = Lab()
    again = run(lab, GRID, path)
    assert (lab.opened, lab.measured, lab.asked) == ([], [], [])
    assert again == replace(finished, resumed=4)


def test_a_killed_sweep_goes_on_where_it_stopped(path):
    second = GRID.configurations()[1]
    with pytest.raises(Killed):
        run(Lab(dies_at=second), GRID, path)
    lab = Lab()
    result = run(lab, GRID, path)
    assert lab.measured == GRID.configurations()[1:]
    # Times stand only beside each other: the first one's are taken again with those of its neighbour.
    assert {knobs for _, knobs, _ in lab.asked} == set(GRID.configurations())
    assert len(result.rows) == 4


@pytest.mark.parametrize("kept", [1, 30, -2])
def test_a_line_that_was_cut_off_is_measured_again(path, kept):
    whole = run(Lab(), GRID, path)
    lines = path.read_bytes().splitlines(keepends=True)
    # Lines come index by index: two of figures, two of times. The last line but two is a line of figures.
    cut = [*lines[:-3], lines[-3][:kept]]
    path.write_bytes(b"".join(cut))
    lab = Lab()
    result = run(lab, GRID, path)
    assert lab.measured == GRID.configurations()[3:]
    assert [row.figures for row in result.rows] == [row.figures for row in whole.rows]
    assert "1 broken lines" in result.notes[0]
    # What was written behind the stump can be read.
    assert run(Lab(), GRID, path).resumed == 4


@pytest.mark.parametrize("line", ["[]", '{"id": 1}', "\x00", '{"id": "x", "key": "k", "kind": "figures", "values": 3}'])
def test_lines_that_are_no_results_are_passed_over(path, line):
    run(Lab(), GRID, path)
    with path.open("a", encoding="utf-8") as state:
        state.write(line + "\n")
    result = run(Lab(), GRID, path)
    assert (len(result.rows), result.resumed) == (4, 4)
    assert "1 broken lines" in result.notes[0]


def test_a_changed_golden_set_starts_anew_and_says_so(path):
    run(Lab(), GRID, path)
    lab = Lab()
    result = run(lab, GRID, path, key=sweep_key("b" * 64, "chunker1-model", "0.1.0"))
    assert lab.measured == GRID.configurations()
    assert result.resumed == 0
    assert "another golden set" in result.notes[0]
    assert "all is measured anew" in result.notes[0]
    # Nothing was thrown away: who goes back finds the first results.
    assert run(Lab(), GRID, path).resumed == 4


@pytest.mark.parametrize(
    "key",
    [
        sweep_key("a" * 64, "chunker2-model", "0.1.0"),
        sweep_key("a" * 64, "chunker1-model", "0.2.0"),
        sweep_key("c" * 64, "chunker1-model", "0.1.0"),
    ],
)
def test_another_embedder_version_or_set_is_another_key(key):
    assert key != KEY


def test_a_configuration_that_fails_leaves_the_others_and_is_tried_again(path):
    grid = Grid(rerank=("none", "gone", "sentences"))
    result = run(Lab(broken="gone"), grid, path)
    assert [row.knobs.rerank for row in result.rows] == ["none", "sentences"]
    assert [(knobs.rerank, why) for knobs, why in result.failed] == [("gone", "no such model")]
    mended = run(Lab(), grid, path)
    assert (len(mended.rows), mended.failed) == (3, ())


def test_a_configuration_that_cannot_answer_has_no_times(path):
    result = run(Lab(mute="sentences"), Grid(rerank=("sentences", "none")), path)
    assert [row.knobs.rerank for row in result.rows] == ["none"]
    assert [why for _, why in result.failed] == ["no answer"]


def test_an_index_that_cannot_be_made_fails_what_needs_it(path):
    result = run(Lab(broken="bench"), GRID, path)
    assert [row.knobs.chunk_tokens for row in result.rows] == [128, 128]
    assert [knobs.chunk_tokens for knobs, _ in result.failed] == [64, 64]


def test_progress_tells_of_every_configuration(path):
    told = []
    grid = GRID.configurations()
    sweep(grid, Lab().instruments, state=path, key=KEY, progress=lambda *what: told.append(what))
    assert told == [("measuring", n, 4) for n in (1, 2, 3, 4)]


def test_nothing_to_measure_and_nowhere_to_write_are_refused(path, tmp_path):
    with pytest.raises(InvalidInputError):
        sweep([], Lab().instruments, state=path, key=KEY)
    with pytest.raises(InvalidInputError):
        sweep(GRID.configurations(), replace(Lab().instruments, questions=()), state=path, key=KEY)
    with pytest.raises(InvalidInputError, match="cannot be read"):
        run(Lab(), GRID, tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(InvalidInputError, match="cannot be written"):
        run(Lab(), GRID, tmp_path / "file" / "sweep.jsonl")


def test_the_state_is_json_lines_that_name_their_knobs(path):
    state = SweepState(path, KEY)
    state.put(asdict(Knobs(pool=20)), "figures", {"ndcg@10": 0.5})
    (line,) = path.read_text(encoding="utf-8").splitlines()
    entry = json.loads(line)
    assert (entry["key"], entry["kind"], entry["values"]) == (KEY, "figures", {"ndcg@10": 0.5})
    assert entry["knobs"]["pool"] == 20
    assert SweepState(path, KEY).get(asdict(Knobs(pool=20)), "figures") == {"ndcg@10": 0.5}
    assert SweepState(path, KEY).get(asdict(Knobs(pool=21)), "figures") is None


def test_the_front_by_hand():
    points = [(0.5, 10.0), (0.6, 20.0), (0.55, 20.0), (0.6, 30.0), (None, 1.0), (0.4, 5.0), (0.5, 10.0)]
    assert pareto(points) == [True, True, False, False, False, True, True]
    assert pareto([]) == []


@given(st.lists(st.tuples(st.one_of(st.none(), st.integers(0, 5).map(float)), st.integers(1, 5).map(float))))
def test_the_front_is_what_no_other_point_beats(points):
    def beaten(point):
        return any(q is not None and q >= point[0] and t <= point[1] and (q, t) != point for q, t in points)

    assert pareto(points) == [point[0] is not None and not beaten(point) for point in points]


def test_rows_on_the_front_are_marked():
    rows = [Row(Knobs(pool=n), {"hit": quality}, ms, ms, 1) for n, quality, ms in [(10, 0.5, 3.0), (20, 0.4, 4.0)]]
    marked = SweepResult((*rows, Row(Knobs(), {"hit": None}, 1.0, 1.0, 1))).with_front("hit")
    assert [row.on_front for row in marked.rows] == [True, False, False]


def test_a_real_workbench_is_swept_over_chunks_fusion_and_rerank(path, embedder):
    documents = [
        GoldenDocument("leave", "Leave", "Staff get thirty days of leave. " * 30 + "\n\nAsk your supervisor for it."),
        GoldenDocument("travel", "Travel", "Trains come before planes. " * 30 + "\n\nThe travel desk books tickets."),
    ]

    @contextmanager
    def open_bench(knobs):
        with open_workbench(embedder, knobs=knobs) as bench:
            bench.add_texts(documents)
            yield bench

    def search(bench, knobs):
        retriever = replace(bench, knobs=knobs).retriever
        return lambda question: retriever.retrieve(question, principal=ASKER, collection=COLLECTION)

    def measure(bench, knobs):
        (best, *_) = search(bench, knobs)("who books the tickets?")
        return {"right": float(bench.names[best.uri] == "travel"), "chunks": float(bench.catalog.counts()[1])}

    instruments = Instruments(open_bench, measure, search, ("how many days?",), lambda bench: bench.catalog.counts()[1])
    grid = Grid(chunk_tokens=(32, None), rerank=("none", "sentences")).configurations(Knobs(fusion="rrf"))
    result = sweep(grid, instruments, state=path, key=KEY).with_front("right")
    assert len(result.rows) == 4
    assert all(row.figures["right"] == 1 and row.p50_ms > 0 for row in result.rows)
    assert result.rows[0].figures["chunks"] > result.rows[-1].figures["chunks"]
    # All are right, so only the fastest is on the front.
    fastest = min(row.p50_ms for row in result.rows)
    assert [row.p50_ms for row in result.rows if row.on_front] == [fastest]


def test_a_state_file_that_is_something_else_is_left_alone(tmp_path):
    golden = tmp_path / "golden.jsonl"
    golden.write_text('{"_id": "a", "text": "?"}\n{"_id": "b", "text": "?"}\n')
    with pytest.raises(InvalidInputError, match="not the state of a sweep"):
        SweepState(golden, "key")
    assert golden.read_text().count("\n") == 2
