"""Policies of guards are kept, and the strictest of those that the reader stands under holds, on every database."""

import pytest

from app.guard_policy import PERSONAL, GuardPolicy, Topic, policy_of, strictest
from app.guarding import GuardPolicies
from retrieval.bm25 import Bm25Encoder, Bm25Settings
from retrieval.errors import InvalidInputError, NotFoundError
from retrieval.types import Principal, Query

READER = Principal("u:reader")
NOBODY = Principal("", frozenset())
ADMIN = Principal("u:admin", frozenset({"g:admins"}), administrator=True)


@pytest.fixture
def guards(engine, catalog):
    del catalog  # its collections are there
    return GuardPolicies(engine, Bm25Encoder(Bm25Settings()).terms)


def test_a_policy_that_was_set_comes_back_and_one_that_was_not_is_the_default(guards):
    assert guards.policy("default") == GuardPolicy()
    body = {
        "personal_in_answers": "mask",
        "personal": ["iban", "email"],
        "topics": [{"name": "pay", "phrases": ["salary"], "message": "Ask HR."}],
    }
    made = guards.set_policy("default", body, by=ADMIN)
    assert guards.policy("default") == made
    assert made.personal == ("email", "iban")
    assert made.topics == (Topic("pay", ("salary",), "Ask HR."),)
    assert guards.set_policy("default", {}, by=ADMIN) == guards.policy("default") == GuardPolicy()


@pytest.mark.parametrize("name", ["none", "a\x00b", "\ud800"])
def test_a_collection_that_is_not_there_has_no_policy(guards, name):
    with pytest.raises(NotFoundError):
        guards.policy(name)
    with pytest.raises(NotFoundError):
        guards.set_policy(name, {}, by=ADMIN)
    assert guards.guard(name, READER).policy == GuardPolicy()


def test_only_what_the_reader_may_read_says_what_is_refused(guards, catalog):
    catalog.create_collection("board", readers={"g:board"})
    guards.set_policy("board", {"topics": [{"name": "merger", "phrases": ["merger"]}], "attacks": "allow"}, by=ADMIN)
    question = Query("When is the merger?")
    member = Principal("u:chair", frozenset({"g:everyone", "g:board"}))
    assert guards.guard("board", member).check(question).refusal.rule == "topic:merger"
    assert guards.guard(None, member).check(question).refusal.rule == "topic:merger"
    for somebody in (READER, ADMIN, NOBODY):
        for collection in ("board", None):
            assert guards.guard(collection, somebody).policy == GuardPolicy()


def test_the_strictest_of_each_rule_holds_for_all_collections():
    lax = GuardPolicy(attacks="allow")
    masks = policy_of({"personal_in_questions": "mask", "personal": ["email"]})
    refuses = policy_of({"personal_in_answers": "refuse", "personal": ["iban"], "attacks": "allow"})
    together = strictest([lax, masks, refuses])
    assert (together.personal_in_questions, together.personal_in_answers) == ("mask", "refuse")
    assert (together.personal, together.attacks) == (("email", "iban"), "refuse")
    assert strictest([]) == GuardPolicy()
    assert strictest([lax, lax]).attacks == "allow"
    assert strictest([lax, GuardPolicy()]).personal == PERSONAL


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"personal_in_questions": 1}, "personal_in_questions"),
        ({"personal": "email"}, "personal"),
        ({"personal": [["email"]]}, "personal"),
        ({"topics": {}}, "topics"),
        ({"topics": ["salary"]}, "topics.0"),
        ({"topics": [{"name": "a", "phrases": ["x" * 201]}]}, "topics.0.phrases"),
        ({"topics": [{"name": "a", "phrases": ["x"], "message": "m" * 1001}]}, "topics.0.message"),
        ({"topics": [{"name": f"t{n}", "phrases": ["x"]} for n in range(101)]}, "topics"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_policy_that_is_not_possible_is_refused_by_name(guards, body, named):
    with pytest.raises(InvalidInputError, match=named):
        guards.set_policy("default", body, by=ADMIN)
    assert guards.policy("default") == GuardPolicy()
