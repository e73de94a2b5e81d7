"""A run is held against floors and against the last accepted run."""

import random
from dataclasses import replace

import pytest

from eval.regression import Gate, read_gate, rule
from eval.report import measured
from retrieval.errors import InvalidInputError

RETRIEVAL = 'kind = "retrieval"\nbeir = "golden"\nsplit = "dev"\n'


def write(tmp_path, text):
    path = tmp_path / "gate.toml"
    path.write_text(text, encoding="utf-8")
    return path


def gate(**changes):
    return Gate(**({"kind": "retrieval", "run": {}} | changes))


def spread(n, by=0.0, seed=0):
    """Question -> nDCG that differs from question to question; ``by`` is taken off each, not below 0."""
    draw = random.Random(seed)
    return {f"q{i}": max(0.0, round(draw.uniform(0.3, 1.0), 3) - by) for i in range(n)}


def test_a_gate_file_names_what_is_measured_and_what_must_hold(tmp_path):
    path = write(
        tmp_path,
        f'[run]\n{RETRIEVAL}[floors]\n"ndcg@10" = 0.7\n[ceilings]\np95_ms = 200\n'
        '[accepted]\nreport = "accepted.json"\nfigures = ["ndcg@10"]\n',
    )
    found = read_gate(path)
    assert (found.kind, found.run) == ("retrieval", {"beir": tmp_path / "golden", "split": "dev"})
    assert (found.floors, found.ceilings) == ({"ndcg@10": 0.7}, {"p95_ms": 200.0})
    assert (found.accepted, found.watched) == (tmp_path / "accepted.json", ("ndcg@10",))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[run", "is not TOML"),
        ("", 'needs kind = "retrieval", "answers" or "live"'),
        ('[run]\nkind = "retrieval"\n', "needs beir"),
        (f"[run]\n{RETRIEVAL}colour = 3\n", "takes no colour"),
        (f"[run]\n{RETRIEVAL}[floor]\n", r"no table \[floor\]"),
        (f'[run]\n{RETRIEVAL}[floors]\n"ndcg@11" = 0.5\n', "no figure 'ndcg@11'; there are: ndcg@10"),
        (f'[run]\n{RETRIEVAL}[floors]\n"ndcg@10" = "high"\n', "ndcg@10 is not a finite number"),
        (f'[run]\n{RETRIEVAL}[floors]\n"ndcg@10" = true\n', "ndcg@10 is not a finite number"),
        (f'[run]\n{RETRIEVAL}[accepted]\nfile = "a"\n', "[accepted] holds"),
        ('run = "retrieval"\n', "run is not a table"),
    ],
)
def test_a_broken_gate_file_is_refused_with_the_reason(tmp_path, text, said):
    with pytest.raises(InvalidInputError, match=said if "\\" in said else None) as caught:
        read_gate(write(tmp_path, text))
    assert said.replace("\\", "") in str(caught.value)


def test_a_missing_gate_file_is_refused(tmp_path):
    with pytest.raises(InvalidInputError, match="cannot be read"):
        read_gate(tmp_path / "none.toml")


def test_a_figure_below_its_floor_or_above_its_ceiling_fails(report):
    run = report({"a": 1.0, "b": 0.5})
    assert rule(gate(floors={"ndcg@10": 0.75}), run, None).passed
    below = rule(gate(floors={"ndcg@10": 0.8}), run, None)
    assert below.reasons == ("ndcg@10 is 0.7500, below its floor of 0.8",)
    above = rule(gate(ceilings={"p95_ms": 5.0}), run, None)
    assert above.reasons == ("p95_ms is 10.0000, above its ceiling of 5",)


def test_a_figure_with_a_floor_that_could_not_be_measured_fails(report):
    run = report({"a": 1.0, "b": 0.5})
    assert rule(gate(floors={"map@100": 0.1}), run, None).reasons == (
        "map@100 has a floor of 0.1 and could not be measured",
    )


def test_a_fall_by_more_than_noise_fails(report):
    # Every question falls by .2: no swap of the two runs makes as large a difference.
    ruling = rule(gate(), report(spread(40, by=0.2)), report(spread(40)))
    assert not ruling.passed
    assert any(reason.startswith("ndcg@10 went from") for reason in ruling.reasons)


def test_a_fall_within_noise_passes(report):
    before, after = spread(40), spread(40)
    after["q1"], after["q2"], after["q3"] = before["q1"] - 0.3, before["q2"] + 0.2, before["q3"] + 0.05
    ruling = rule(gate(), report(after), report(before))
    assert ruling.passed
    assert ruling.differences["ndcg@10"].value == pytest.approx(-0.05 / 40)


def test_a_rise_passes(report):
    assert rule(gate(), report(spread(40)), report(spread(40, by=0.2))).passed


def test_only_the_figures_that_a_gate_names_are_watched(report):
    ruling = rule(gate(watched=("mrr@10",)), report(spread(40, by=0.2)), report(spread(40)))
    assert (ruling.passed, dict(ruling.differences)) == (True, {})


def test_an_accepted_run_of_other_questions_says_nothing(report):
    with pytest.raises(InvalidInputError, match="share no question"):
        rule(gate(), report({"a": 1.0, "b": 1.0}), report({"c": 1.0, "d": 1.0}))


def test_without_an_accepted_run_the_ruling_says_so(report):
    ruling = rule(gate(), report({"a": 1.0, "b": 1.0}), None)
    assert ruling.passed
    assert "no accepted run" in ruling.notes[0]


def answers_of(report, *, answered):
    """An answers report of forty answerable questions, each with one citation when answered."""
    base = report({f"q{i}": 1.0 for i in range(40)})
    row = {"answerable": 1.0, "confidence": 0.9, "abstention_right": answered, "evidence_hit@3": 1.0}
    row |= {"answered_rate": answered, "citations_relevant": answered, "citations_shown": answered}
    return measured(replace(base, kind="answers", scores=dict.fromkeys(base.scores, row), notes=()))


def test_a_system_that_refuses_everything_does_not_pass(report):
    reasons = rule(gate(kind="answers"), answers_of(report, answered=0.0), answers_of(report, answered=1.0)).reasons
    assert any(reason.startswith("answered_rate went from 1.0000 to 0.0000") for reason in reasons)
    assert "citation_precision was 1.0000 in the accepted run and could not be measured now" in reasons


def test_judgements_that_vanish_do_not_pass(report):
    before = report({f"q{i}": 0.5 for i in range(40)})
    after = report({f"q{i}": 0.5 if i % 2 else None for i in range(40)})
    assert "ndcg@10 was measured of 40 questions and now of only 20" in rule(gate(), after, before).reasons


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('mode = "foo"', "mode is 'foo'; it is one of dense, sparse, hybrid, full"),
        ('history = "false"', "history must be true or false"),
        ("split = 3", "split must be a text"),
    ],
)
def test_an_option_of_the_wrong_kind_is_refused(tmp_path, line, said):
    text = RETRIEVAL if "split" not in line else 'kind = "retrieval"\nbeir = "golden"\n'
    with pytest.raises(InvalidInputError) as caught:
        read_gate(write(tmp_path, f"[run]\n{text}{line}\n"))
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[run]\nkind = ["retrieval"]\n', "needs kind ="),
        (f'[run]\n{RETRIEVAL}[floors]\n"ndcg@10" = nan\n', "not a finite number"),
        (f'[run]\n{RETRIEVAL}[accepted]\nfigures = ["p95_ms"]\n', "give it a ceiling"),
    ],
)
def test_what_would_switch_a_gate_off_is_refused(tmp_path, text, said):
    with pytest.raises(InvalidInputError) as caught:
        read_gate(write(tmp_path, text))
    assert said in str(caught.value)
