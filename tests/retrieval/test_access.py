import pytest

from retrieval.access import checked_acl, may_read, readable_keys
from retrieval.errors import InvalidInputError
from retrieval.types import Principal


def test_a_principal_reads_by_its_id_and_its_groups():
    assert readable_keys(Principal("u:ann", frozenset({"g:b", "g:a"}))) == ("u:ann", "g:a", "g:b")


def test_an_empty_principal_has_no_key():
    assert readable_keys(Principal("", frozenset())) == ()


@pytest.mark.parametrize(
    "key", ["", "ann", "u:", "U:ann", "g:staff", "u:a b", "u:a\n", "u:\x00", "u:\ud800", "u:" + "a" * 254]
)
def test_an_id_that_is_malformed_or_a_group_key_opens_nothing(key):
    assert readable_keys(Principal(key, frozenset())) == ()


@pytest.mark.parametrize("key", ["", "staff", "g:", "u:ann", "g:a b"])
def test_a_group_that_is_malformed_or_an_id_opens_nothing(key):
    assert readable_keys(Principal("", frozenset({key}))) == ()


def test_an_access_list_lets_in_who_holds_one_of_its_keys():
    ann = Principal("u:ann", frozenset({"g:staff"}))
    assert may_read({"g:staff", "u:bob"}, ann)
    assert not may_read({"u:bob"}, ann)
    assert not may_read((), ann)


def test_an_access_list_of_well_formed_keys_is_taken():
    assert checked_acl(["u:ann", "g:x", "u:ann"]) == {"u:ann", "g:x"}
    assert checked_acl([]) == frozenset()


def test_a_malformed_key_is_named():
    with pytest.raises(InvalidInputError, match="'staff'"):
        checked_acl(["u:ann", "staff"])
