"""Passwords are kept as argon2id, and nobody's takes as long to refuse as anybody's."""

import time

import pytest
from argon2 import PasswordHasher

from app.identity.passwords import hashed, matches, outdated
from retrieval.errors import InvalidInputError

PASSWORD = "correct horse battery"


def test_a_password_matches_itself_alone():
    kept = hashed(PASSWORD)
    assert kept.startswith("$argon2id$")
    assert matches(PASSWORD, kept)
    for wrong in ("", PASSWORD + " ", PASSWORD.upper(), "x" * 257, "\ud800" * 12):
        assert not matches(wrong, kept)
    assert not matches(PASSWORD, None)
    assert not matches(PASSWORD, "not a hash")


@pytest.mark.parametrize("password", ["", "eleven char", "x" * 257, "\ud800" * 12])
def test_a_password_that_cannot_be_one_is_refused(password):
    with pytest.raises(InvalidInputError):
        hashed(password)


def test_one_kept_with_older_parameters_is_told_from_one_of_today():
    assert outdated(PasswordHasher(time_cost=1, memory_cost=8_192).hash(PASSWORD))
    assert not outdated(hashed(PASSWORD))


def test_refusing_nobody_costs_as_much_as_refusing_somebody():
    kept = hashed(PASSWORD)

    def cpu_s(of):
        began = time.process_time()
        matches("wrong", of)
        return time.process_time() - began

    # Without the hash of nobody's password it would cost a thousandth.
    assert min(cpu_s(None) for _ in range(3)) > 0.3 * min(cpu_s(kept) for _ in range(3))
