"""Failed sign-ins are counted by name and by address."""

import pytest

from app.identity.attempts import BY_ADDRESS, BY_NAME, Attempts
from app.limits import LimitedError


class Clock:
    now = 1_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def attempts(clock):
    return Attempts(clock)


def waits(attempts, name, address=""):
    """How many seconds an attempt is told to wait, 0 when it counts."""
    try:
        attempts.begin(name, address)
    except LimitedError as error:
        return error.retry_after_s
    return 0


def test_so_many_may_fail_at_once_and_then_one_after_each_wait(attempts, clock):
    assert {waits(attempts, "ada", f"192.0.2.{n}") for n in range(BY_NAME)} == {0}
    # Ten in ten minutes: one a minute.
    assert waits(attempts, "ada", "192.0.2.99") == 60
    clock.now += 59
    assert waits(attempts, "ada", "192.0.2.99") == 1
    clock.now += 1
    assert waits(attempts, "ada", "192.0.2.99") == 0
    assert waits(attempts, "ada", "192.0.2.99") == 60


def test_an_address_that_tries_many_names_waits(attempts):
    assert {waits(attempts, f"n{n}", "192.0.2.1") for n in range(BY_ADDRESS)} == {0}
    assert waits(attempts, "ada", "192.0.2.1") == 10
    assert waits(attempts, "ada", "192.0.2.2") == 0


def test_a_network_of_ipv6_is_one_address(attempts):
    assert {waits(attempts, f"n{n}", f"2001:db8::{n:x}") for n in range(BY_ADDRESS)} == {0}
    assert waits(attempts, "ada", "2001:db8::ffff:1") > 0
    assert waits(attempts, "ada", "2001:db8:0:1::1") == 0


def test_a_success_clears_the_name_and_gives_the_attempt_back(attempts):
    for _ in range(BY_NAME - 1):
        attempts.begin("ada", "192.0.2.1")
    for _ in range(BY_ADDRESS * 3):
        attempts.begin("ada", "192.0.2.1")
        attempts.succeeded("ada", "192.0.2.1")
    assert {waits(attempts, "ada", "192.0.2.2") for _ in range(BY_NAME)} == {0}


def test_a_refused_attempt_is_not_counted(attempts, clock):
    assert max(waits(attempts, "ada") for _ in range(BY_NAME + 50)) > 0
    clock.now += 60
    assert waits(attempts, "ada") == 0
