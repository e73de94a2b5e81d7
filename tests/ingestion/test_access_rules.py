"""Who may read which documents of a source, by patterns."""

import pytest

from ingestion.access_rules import AccessRule, AccessRules, acl_of, checked_rules, narrowed, root_of
from retrieval.errors import InvalidInputError

HR, ALL = frozenset({"g:hr"}), frozenset({"g:everyone"})


@pytest.mark.parametrize(
    ("pattern", "path", "meant"),
    [
        ("*.key", "a/b/server.key", True),
        ("*.key", "server.key.md", False),
        ("hr/*", "hr/pay.md", True),
        ("hr/*", "hr/2026/pay.md", True),  # slashes too, as in include and exclude
        ("hr/*", "other/hr/pay.md", False),
        ("hr/*", "HR/pay.md", False),
        ("hr/", "hr/2026/pay.md", True),
        ("/hr/*", "hr/pay.md", True),
        ("/pay.md", "pay.md", True),
        ("/pay.md", "hr/pay.md", False),
        ("**/secret/*", "secret/a.md", True),
        ("**/secret/*", "x/y/secret/a.md", True),
        ("**/secret/*", "x/nosecret/a.md", False),
        ("hr/**/pay.md", "hr/pay.md", True),
        ("hr/**/pay.md", "hr/2026/05/pay.md", True),
        ("hr/202?/[ab].md", "hr/2026/b.md", True),
        ("caf\u00e9/*", "cafe\u0301/menu.md", True),  # one letter, written as two characters
        ("*", "any/thing", True),
    ],
)
def test_a_pattern_means_names_or_paths(pattern, path, meant):
    assert AccessRule(pattern, HR).matches(path) is meant


def test_the_first_rule_that_means_a_document_counts():
    rules = AccessRules((AccessRule("hr/public/*", ALL), AccessRule("hr/*", HR), AccessRule("*", frozenset())))
    assert [rules.acl_of(path) for path in ("hr/public/a", "hr/a", "b")] == [ALL, HR, frozenset()]


def test_what_no_rule_means_is_for_whom_the_run_says():
    spec = {"access": [{"pattern": "hr/*", "access": ["g:hr"]}], "root": "file:///srv/"}
    assert acl_of(spec | {"acl": []}, "file:///srv/hr/a.md") == HR
    assert acl_of(spec | {"acl": []}, "file:///srv/a.md") == frozenset()
    assert acl_of(spec, "file:///srv/a.md") is None
    assert acl_of({"acl": None}, "upload:a.md") is None


def test_paths_are_compared_as_people_write_them():
    root = root_of("folder", {"path": "/srv/our files"})
    rules = AccessRules((AccessRule("für alle/*", ALL),), root)
    assert rules.acl_of("file:///srv/our%20files/f%C3%BCr%20alle/a.md") == ALL
    assert rules.acl_of("file:///srv/our%20files/b.md") is None


@pytest.mark.parametrize(
    ("kind", "arguments", "uri", "pattern"),
    [
        ("object_store", {"url": "s3://bucket/2026/"}, "s3://bucket/2026/hr/100%25.md", "hr/100%25.md"),
        ("web", {"urls": ["https://a.example/"]}, "https://a.example/hr/pay", "https://a.example/hr/*"),
        ("reader", {"reader": "x"}, "reader:x/tickets/1", "reader:x/tickets/*"),
    ],
)
def test_other_sources_name_keys_or_addresses(kind, arguments, uri, pattern):
    assert AccessRules((AccessRule(pattern, HR),), root_of(kind, arguments)).acl_of(uri) == HR


@pytest.mark.parametrize(
    "rule",
    [
        AccessRule("", HR),
        AccessRule("/", HR),
        AccessRule("x" * 501, HR),
        AccessRule("**/" * 5 + "x", HR),
        AccessRule("x", frozenset({"hr"})),
        AccessRule("x", frozenset(f"g:{number}" for number in range(1_001))),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(rule):
    with pytest.raises(InvalidInputError):
        checked_rules([rule])


def test_a_hundred_rules_are_enough():
    rule = AccessRule("x", HR)
    assert checked_rules([rule] * 100) == (rule,) * 100
    with pytest.raises(InvalidInputError, match="101 rules"):
        checked_rules([rule] * 101)


@pytest.mark.parametrize(
    ("had", "wanted", "meanwhile"),
    [
        (ALL, HR, HR),
        (HR, ALL, HR),
        (HR, HR | {"u:ann"}, HR),
        (HR | {"u:ann"}, HR, HR),
        (HR, frozenset({"g:eng"}), frozenset()),
        (ALL, frozenset(), frozenset()),
        (frozenset(), ALL, frozenset()),
    ],
)
def test_until_a_new_state_is_published_a_list_is_only_narrowed(had, wanted, meanwhile):
    assert narrowed(had, wanted) == meanwhile
