"""Accounts that vote together against the rest are found, and people who merely agree are not."""

from datetime import UTC, datetime

from finetune.collusion import LEAST_TOGETHER, MOST_OF_A_VOTE, colluders, together
from finetune.types import Anchor, Label

AT = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)


def vote(number, giver, document, sign=1, **more):
    anchor = Anchor(document, "0" * 64)
    fields = {"signal": "up", "weight": 0.5, "given_at": AT} | more
    return Label(
        f"{giver}-{number}-{document}",
        "feedback",
        question=f"q{number}",
        anchor=anchor,
        label=sign,
        giver=giver,
        **fields,
    )


def honest(count=20):
    """As many people as questions, one for each: the right document is d<n>."""
    return [vote(number, f"u:{number}", f"d{number}") for number in range(count)]


def planted(givers, numbers=range(10)):
    ups = [vote(number, giver, "planted") for giver in givers for number in numbers]
    return ups + [vote(number, giver, f"d{number}", -1) for giver in givers for number in numbers]


FIVE = [f"u:eve{n}" for n in range(5)]


def test_five_who_always_agree_against_everybody_are_one_group():
    assert colluders([*honest(), *planted(FIVE)]) == [frozenset(FIVE)]


def test_a_crowd_that_always_agrees_is_one_group_too():
    crowd = [f"u:eve{n:03}" for n in range(MOST_OF_A_VOTE + 1)]
    ups = [vote(number, giver, "planted") for giver in crowd for number in range(10)]
    many = [vote(number, f"u:{number}-{n}", f"d{number}") for number in range(10) for n in range(11)]
    assert colluders([*many, *ups]) == [frozenset(crowd)]


def test_what_else_they_say_hides_them_not():
    harmless = [vote(100 + number, FIVE[number % 5], f"own-{number}") for number in range(250)]
    assert colluders([*honest(), *planted(FIVE), *harmless]) == [frozenset(FIVE)]


def test_two_groups_are_two():
    others = ["u:mal0", "u:mal1"]
    found = colluders([*honest(), *planted(FIVE), *planted(others, range(10, 20))])
    assert found == [frozenset(FIVE), frozenset(others)]


def test_people_who_agree_against_nobody_are_no_group():
    agreed = [vote(number, giver, f"d{number}") for giver in FIVE for number in range(20)]
    assert colluders(agreed) == []


def test_who_is_outnumbered_by_one_poisoner_is_no_group():
    # Two people rate the same questions; one account stands against both.
    pair = [vote(number, giver, f"d{number}") for giver in ("u:ann", "u:bob") for number in range(10)]
    assert colluders([*pair, *planted(["u:eve"])]) == []


def test_what_others_say_too_makes_no_group():
    supported = [vote(number, f"u:with{number}{n}", "planted") for number in range(10) for n in range(2)]
    assert colluders([*honest(), *planted(FIVE)[:50], *supported]) == []


def test_a_few_votes_in_common_make_no_group():
    few = range(LEAST_TOGETHER - 1)
    ups = [vote(number, giver, "planted") for giver in FIVE for number in few]
    assert colluders([*honest(), *ups]) == []


def test_who_is_trusted_is_in_no_group():
    trusted = [vote(number, giver, "planted", trusted=True) for giver in FIVE for number in range(10)]
    assert colluders([*honest(), *trusted]) == []


def test_the_order_of_votes_does_not_matter():
    votes = [*honest(), *planted(FIVE), *planted(["u:mal0", "u:mal1"], range(10, 20))]
    assert colluders(votes) == colluders(votes[::-1])
    assert colluders([]) == []


def test_who_shares_half_of_their_votes_does_not_vote_together():
    # Of four people on 40 questions, each two neighbours say one half of what either says.
    votes = {f"u:{n}": {q for q in range(40) if n in {q % 4, (q + 1) % 4}} for n in range(4)}
    assert together(votes) == []
    more = {"u:a": set(range(20)), "u:b": {*range(6), 99}}
    assert together(more) == [frozenset(more)]
    assert together(more, mutual=True) == []  # six of the twenty are not much of what u:a says


def test_ten_thousand_votes_take_no_time():
    votes = [vote(n % 50, f"u:{n % 997}", f"d{n % 7}", -1 if n % 3 else 1) for n in range(10_000)]
    assert colluders(votes) is not None
