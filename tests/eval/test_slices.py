import numpy as np
import pytest

from eval.figures import MEASURES
from eval.questions import Question
from eval.slices import Slices, slices, slices_in
from eval.tags import language_of, length_of, tags_of

RETRIEVAL = {name: MEASURES["retrieval"][name] for name in ("ndcg@10", "recall@10", "p95_ms")}


def sliced(groups, *, tag="team", primary="ndcg@10", column="ndcg@10", seed=1):
    """Slices of questions in groups: value of the tag -> scores."""
    scores, tags = {}, {}
    for value, members in groups.items():
        for member in members:
            key = f"q{len(scores)}"
            scores[key], tags[key] = {column: member}, ({tag: value} if value else {})
    return slices(scores, tags, {primary: RETRIEVAL[primary]}, primary=primary, seed=seed)


def test_the_worst_slice_comes_first_with_its_interval():
    found = sliced({"hr": [1.0] * 10, "it": [0.0, 0.4] * 5, "law": [0.5, 0.7] * 5})
    assert [entry.value for entry in found.ranked] == ["it", "law", "hr"]
    worst = found.ranked[0]
    figure = worst.figures["ndcg@10"]
    assert (figure.value, figure.questions, worst.questions) == (pytest.approx(0.2), 10, 10)
    assert figure.low < 0.2 < figure.high


def test_where_lower_is_better_the_slowest_slice_comes_first():
    found = sliced({"fast": [10.0] * 8, "slow": [90.0] * 8}, primary="p95_ms", column="ms")
    assert [entry.value for entry in found.ranked] == ["slow", "fast"]
    assert (found.gaps[0].best, found.gaps[0].worst, found.gaps[0].gap) == ("fast", "slow", pytest.approx(80))


def test_a_slice_of_four_questions_is_never_the_worst():
    found = sliced({"hr": [0.0] * 4, "it": [0.5] * 5})
    assert [entry.value for entry in found.ranked] == ["it"]
    assert [(entry.value, entry.small) for entry in found.small] == [("hr", True)]
    assert found.gaps == ()


def test_questions_that_say_nothing_do_not_make_a_slice_large():
    found = sliced({"hr": [0.0, 0.1] + [None] * 8, "it": [0.5] * 5})
    assert [(entry.value, entry.questions) for entry in found.small] == [("hr", 10)]


def test_questions_without_the_tag_are_counted_and_in_no_slice():
    found = sliced({"hr": [0.5] * 6, "": [0.1] * 3})
    assert found.untagged == {"team": 3}
    assert sum(entry.questions for entry in found.ranked) == 6


def test_without_tags_or_questions_there_are_no_slices():
    assert sliced({"": [0.5] * 6}).ranked == ()
    assert sliced({}) == sliced({"": [0.5]})


def test_every_figure_is_measured_in_every_slice_the_primary_first():
    scores = {f"q{i}": {"ndcg@10": 0.5, "recall@10": 1.0 if i else None, "ms": 5.0} for i in range(6)}
    tags = {key: {"team": "hr"} for key in scores}
    (entry,) = slices(scores, tags, RETRIEVAL, primary="recall@10", seed=1).ranked
    assert list(entry.figures) == ["recall@10", "ndcg@10", "p95_ms"]
    assert entry.figures["recall@10"].questions == 5
    assert entry.figures["p95_ms"].value == 5


# gaps


def test_a_large_gap_is_more_than_chance_and_has_the_interval_of_two_groups():
    rng = np.random.default_rng(0)
    found = sliced({"hr": 0.8 + rng.normal(0, 0.1, 40), "it": 0.5 + rng.normal(0, 0.1, 40)})
    (gap,) = found.gaps
    assert (gap.best, gap.worst, gap.chance) == ("hr", "it", False)
    # .1 * sqrt(1/40 + 1/40) = .0224; 1.96 of it on either side
    assert gap.high - gap.low == pytest.approx(4 * 0.0224, rel=0.25)
    assert gap.low < 0.3 < gap.high


def test_the_best_and_worst_of_many_equal_groups_may_be_chance():
    rng = np.random.default_rng(1)
    (gap,) = sliced({f"g{i}": rng.random(10) for i in range(12)}).gaps
    # Picked because they lie far apart, so their interval excludes 0: it is the test that knows better.
    assert gap.low > 0
    assert gap.chance


def test_equal_groups_seldom_have_a_gap():
    rng = np.random.default_rng(2)
    raised = sum(
        not sliced({f"g{i}": rng.random(8) for i in range(5)}, seed=seed).gaps[0].chance for seed in range(100)
    )
    # 5 of 100, with a standard deviation of 2.2
    assert raised <= 12


def test_gaps_of_several_tags_share_the_chance_of_a_false_alarm():
    rng = np.random.default_rng(3)
    keys = [f"q{i}" for i in range(60)]
    scores = {key: {"ndcg@10": float(rng.random())} for key in keys}
    tags = {key: {f"tag{t}": str(rng.integers(2)) for t in range(4)} for key in keys}
    gaps = slices(scores, tags, {"ndcg@10": RETRIEVAL["ndcg@10"]}, primary="ndcg@10", seed=1).gaps
    assert [gap.p_value for gap in gaps] == sorted(gap.p_value for gap in gaps)
    assert gaps[0].p_adjusted == pytest.approx(min(1, 4 * gaps[0].p_value))


def test_groups_of_one_value_have_no_gap():
    (gap,) = sliced({"hr": [0.5] * 6, "it": [0.5] * 6}).gaps
    assert (gap.gap, gap.p_value, gap.chance) == (0, 1, True)


def test_a_slice_and_a_gap_say_themselves_in_words_and_json():
    found = sliced({"hr": [1.0] * 6, "it": [0.0] * 6})
    assert found.ranked[0].summary == "team = it: ndcg@10 0.0000 (0.0000 to 0.3903), 6 questions"
    # Dealt out at random, all six of a kind come together in 2 of 924 deals.
    assert found.gaps[0].summary.startswith("team: ndcg@10 of it is 1.0000 (1.0000 to 1.0000) behind hr, p 0.00")
    assert found.gaps[0].summary.endswith("more than chance")
    assert found.ranked[0].as_json()["figures"]["ndcg@10"] == {"value": 0.0, "low": 0.0, "high": 0.3903, "n": 6}
    assert found.gaps[0].as_json()["worst"] == "it"


def test_the_slices_of_a_report_put_small_ones_last(report):
    tags = {f"q{i}": {"team": "tiny" if i < 2 else "hr"} for i in range(10)}
    run = report({f"q{i}": 0.0 if i < 2 else 0.1 * i for i in range(10)}, tags=tags)
    told = slices_in(run).as_json()
    assert [entry["value"] for entry in told["slices"]] == ["hr", "tiny"]
    assert told["gaps"] == []


def test_a_report_without_a_primary_figure_has_no_slices(report):
    assert slices_in(report({"q1": None})) == Slices()


# what questions are sliced by


@pytest.mark.parametrize(
    ("words", "bucket"),
    [
        (0, "1-5 words"),
        (5, "1-5 words"),
        (6, "6-10 words"),
        (10, "6-10 words"),
        (20, "11-20 words"),
        (21, "over 20 words"),
    ],
)
def test_questions_are_bucketed_by_their_words(words, bucket):
    assert length_of("word " * words) == bucket


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("How many vacation days do I have?", "en"),
        ("Wie viele Urlaubstage habe ich?", "de"),
        ("Combien de jours de congé ai-je par an ?", "fr"),
        ("¿Cuántos días de vacaciones tengo?", "es"),
        ("VPN", "unknown"),
        ("12345", "unknown"),
        ("", "unknown"),
    ],
)
def test_the_language_of_a_question_is_guessed_where_it_can_be(text, language):
    assert language_of(text) == language


def test_a_question_is_tagged_with_what_the_set_says_before_what_is_guessed():
    question = Question("q", "Wie viele Urlaubstage habe ich?", relevant={"hr/a.PDF": 1.0, "b.pdf": 1.0})
    assert tags_of(question) == {"length": "1-5 words", "language": "de", "document_type": "pdf"}
    said = Question("q", question.text, tags={"language": "nl", "team": "hr"})
    assert tags_of(said) == {"length": "1-5 words", "language": "nl", "team": "hr"}


@pytest.mark.parametrize("documents", [["a.pdf", "b.docx"], ["Australia-0"], ["10.1101/2020.05"], []])
def test_documents_of_several_types_or_of_none_make_no_tag(documents):
    assert "document_type" not in tags_of(Question("q", "text", relevant=dict.fromkeys(documents, 1.0)))
