"""A policy says what is possible, or is refused in plain words."""

import pytest

from ingestion.findings.policy import KINDS, Policy, names_in, policy_of
from retrieval.errors import InvalidInputError


def test_by_default_everything_is_reported_and_nothing_changed():
    policy = policy_of({})
    assert {policy.action(kind) for kind in KINDS} == {"report"}
    assert policy.edition == ""


def test_a_rule_goes_before_its_kind_unless_the_kind_is_off():
    policy = policy_of({"actions": {"personal": "redact"}, "rules": {"ip_address": "report"}})
    assert (policy.action("personal", "email"), policy.action("personal", "ip_address")) == ("redact", "report")
    off = policy_of({"actions": {"personal": "off"}, "rules": {"email": "redact"}})
    assert off.action("personal", "email") == "off"


def test_a_policy_survives_json():
    body = {
        "actions": dict.fromkeys(KINDS, "report") | {"secret": "quarantine"},
        "rules": {"email": "redact"},
        "similarity": 0.9,
        "stale_after_days": 30,
        "languages": ["en", "de"],
    }
    assert policy_of(body).as_json() == body


def test_only_what_changes_the_text_makes_another_edition():
    redacting = policy_of({"actions": {"personal": "redact"}})
    assert redacting.edition
    assert policy_of({"actions": {"personal": "redact"}, "stale_after_days": 9}).edition == redacting.edition
    assert policy_of({"actions": {"personal": "redact"}}, names=("Ann",)).edition != redacting.edition
    assert policy_of({"actions": {"secret": "quarantine"}}).edition == ""


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"actions": {"persona": "report"}}, "'persona' is no kind"),
        ({"actions": {"personal": "delete"}}, "'delete' is no action"),
        ({"actions": {"stale": "redact"}}, "cannot be redacted"),
        ({"actions": {"duplicate": "quarantine"}}, "reported only"),
        ({"actions": ["personal"]}, "actions is a mapping"),
        ({"rules": {"e-mail": "report"}}, "'e-mail' is no rule"),
        ({"rules": {"email": None}}, "None is no action"),
        ({"similarity": 0.2}, "similarity is a number from 0.7 to 1"),
        ({"similarity": True}, "similarity is a number"),
        ({"stale_after_days": 0}, "stale_after_days is a number from 1"),
        ({"stale_after_days": 1.5}, "whole number"),
        ({"languages": ["english"]}, "ISO 639"),
        ({"languages": "en"}, "ISO 639"),
        ({"colour": "red"}, "no 'colour'"),
    ],
)
def test_what_is_not_possible_is_refused(body, words):
    with pytest.raises(InvalidInputError, match=words):
        policy_of(body)


def test_a_directory_is_read_line_by_line_with_aliases():
    text = '\ufeff# staff\nAnna Berg; A. Berg\n\n"O\'Brien, Jim"\tJimmy  # left\nAnna Berg\n'
    assert names_in(text) == ("Anna Berg", "A. Berg", "O'Brien", "Jim", "Jimmy")


@pytest.mark.parametrize("text", ["123", "x" * 101, "Ann, 42"])
def test_what_cannot_be_a_name_is_refused_with_its_line(text):
    with pytest.raises(InvalidInputError, match="line 2"):
        names_in(f"Ann\n{text}")


def test_a_policy_is_frozen():
    with pytest.raises(AttributeError):
        Policy().similarity = 0.5
