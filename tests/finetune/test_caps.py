"""No single person moves much, and who votes against everybody is seen."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from finetune.caps import CHUNK_WEIGHT, WEEK_WEIGHT, capped, outliers, persons
from finetune.types import Anchor, Label

AT = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)  # a Monday


def label(n=0, *, giver="u:ann", chunk=None, **more):
    anchor = Anchor(f"doc-{n if chunk is None else chunk}", "0" * 64)
    return Label(
        **{
            "source_id": f"f{n}",
            "kind": "feedback",
            "signal": "correction",
            "question": f"Question {n}?",
            "anchor": anchor,
            "label": 1,
            "weight": 1.0,
            "giver": giver,
            "given_at": AT,
        }
        | more
    )


def weight(labels):
    return pytest.approx(sum(one.weight for one in labels))


def test_what_one_person_says_in_a_week_is_bounded():
    kept = capped([label(n) for n in range(40)])
    assert weight(kept) == WEEK_WEIGHT
    assert {round(one.weight, 4) for one in kept} == {0.25}


def test_another_week_and_another_person_count_anew():
    more = [label(n, given_at=AT + timedelta(days=7 * (n % 2))) for n in range(40)]
    assert weight(capped(more)) == 2 * WEEK_WEIGHT
    assert weight(capped([label(n, giver=f"u:{n % 2}") for n in range(40)])) == 2 * WEEK_WEIGHT


def test_one_chunk_is_not_pushed_under_every_question():
    kept = capped([label(n, chunk="planted") for n in range(8)])
    assert weight(kept) == CHUNK_WEIGHT
    assert weight(capped([label(n, chunk="planted", label=-1) for n in range(8)])) == CHUNK_WEIGHT


def test_saying_it_again_does_not_count_again():
    up = label(1, signal="up", weight=0.5)
    again = [up, replace(up, source_id="f2"), label(1, signal="opened", weight=0.3, kind="reading")]
    assert weight(capped(again)) == 0.5


def test_what_was_judged_for_this_is_not_bounded():
    kept = capped([label(n, trusted=True, chunk="a") for n in range(100)])
    assert weight(kept) == 100


def test_the_order_of_labels_does_not_matter():
    labels = [label(n, chunk=n % 3, weight=0.1 + n / 40) for n in range(30)]
    forward = {(one.question, round(one.weight, 12)) for one in capped(labels)}
    assert {(one.question, round(one.weight, 12)) for one in capped(labels[::-1])} == forward


def test_a_poisoner_is_seen():
    honest = [label(n, giver=giver, chunk=n) for n in range(10) for giver in ("u:ann", "u:bob")]
    planted = [label(n, giver="u:eve", chunk="planted") for n in range(10)]
    reports = outliers([*honest, *planted])
    assert [(one.giver, one.outlier) for one in reports] == [("u:eve", True), ("u:ann", False), ("u:bob", False)]
    assert (reports[0].votes, reports[0].alone, reports[0].contradicted) == (10, 1.0, 0.0)
    assert sum(one.share for one in reports) == pytest.approx(1)


def test_who_contradicts_everybody_is_seen():
    honest = [label(n, giver=giver) for n in range(10) for giver in ("u:ann", "u:bob", "u:cleo")]
    against = [label(n, giver="u:eve", label=-1) for n in range(6)]
    first = outliers([*honest, *against])[0]
    assert (first.giver, first.contradicted, first.outlier) == ("u:eve", 1.0, True)


def test_a_few_odd_votes_are_no_outlier_and_no_votes_no_report():
    votes = [label(n, giver="u:ann") for n in range(4)] + [label(n, giver="u:eve", label=-1) for n in range(4)]
    assert not any(one.outlier for one in outliers(votes))
    assert outliers([]) == []


def voting_together(others=10):
    """Five accounts that say the same of each question, for one chunk and against what one honest person found."""
    honest = [label(n, giver=f"u:{n}", chunk=n, signal="up", weight=0.5) for n in range(others)]
    ups = [label(n, giver=f"u:eve{k}", chunk="planted") for n in range(others) for k in range(5)]
    downs = [label(n, giver=f"u:eve{k}", chunk=n, label=-1) for n in range(others) for k in range(5)]
    return honest, [*ups, *downs]


def test_accounts_that_vote_together_are_seen():
    honest, planted = voting_together()
    reports = outliers([*honest, *planted])
    assert [one.giver for one in reports if one.outlier] == [f"u:eve{k}" for k in range(5)]
    assert reports[0].allies == ("u:eve1", "u:eve2", "u:eve3", "u:eve4")
    assert (reports[0].alone, reports[0].contradicted) == (0.0, 0.0)  # each has four beside


def test_accounts_that_vote_together_weigh_what_one_person_does():
    honest, planted = voting_together()
    kept = capped([*honest, *planted], persons([*honest, *planted]))
    assert sum(one.weight for one in kept if one.anchor.document_id == "doc-planted") <= CHUNK_WEIGHT
    assert weight([one for one in kept if "eve" in one.giver]) == WEEK_WEIGHT
    assert len({(one.question, one.anchor) for one in kept if "eve" in one.giver}) == 20
    assert weight([one for one in kept if "eve" not in one.giver]) == 0.5 * len(honest)


def test_who_copies_somebody_takes_nothing_from_their_votes():
    # Two accounts contradict an expert, a third copies the expert and says a thousand other things besides.
    expert = [label(n, giver="u:expert", weight=0.5) for n in range(10)]
    against = [label(n, giver=f"u:against{k}", chunk=f"x{n}", weight=0.5) for n in range(10) for k in range(2)]
    later = AT + timedelta(hours=1)
    copied = [label(n, giver="u:copy", weight=0.5, given_at=later, source_id=f"c{n}") for n in range(10)]
    noise = [label(100 + n, giver="u:copy") for n in range(1_000)]
    said = [*expert, *against, *copied, *noise]
    one_of = persons(said)
    assert one_of["u:expert"] == one_of["u:copy"]
    kept = [one for one in capped(said, one_of) if one.anchor in {vote.anchor for vote in expert}]
    # Of ten for both, what either may say weighs the same: not a hundredth.
    assert sum(one.weight for one in kept) > 3
