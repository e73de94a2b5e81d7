from collections import Counter

from retrieval.interleave import team_draft


def draft(ours, theirs, seed=0, limit=10):
    return team_draft(ours, theirs, key=lambda one: one, seed=seed, limit=limit)


def test_everything_comes_once_and_each_team_places_its_best_that_is_left():
    placed = draft(list("abcd"), list("dcba"))
    assert Counter(one for one, _ in placed) == Counter("abcd")
    ours = [one for one, theirs in placed if not theirs]
    assert ours == sorted(ours)
    assert len(ours) == 2


def test_a_coin_says_who_begins_and_the_seed_says_how_it_falls():
    first = Counter(draft(list("ab"), list("ba"), seed=seed)[0][0] for seed in range(400))
    assert 150 < first["a"] < 250
    assert draft(list("ab"), list("ba"), seed=7) == draft(list("ab"), list("ba"), seed=7)


def test_rankings_that_agree_credit_nobody():
    assert draft(list("abc"), list("abc"), limit=2) == [("a", False), ("b", False)]
    assert draft(list("abx"), list("aby"), limit=2) == [("a", False), ("b", False)]


def test_a_short_or_empty_ranking_leaves_the_places_to_the_other():
    assert [one for one, _ in draft([], list("abc"))] == ["a", "b", "c"]
    assert [one for one, _ in draft(list("abc"), list("b"))][-1] == "c"
    assert draft([], []) == []


def test_no_team_has_more_than_one_place_more_than_the_other():
    for seed in range(50):
        teams = Counter(theirs for _, theirs in draft(list("abcdefgh"), list("hgfedcba"), seed=seed, limit=7))
        assert abs(teams[True] - teams[False]) <= 1
