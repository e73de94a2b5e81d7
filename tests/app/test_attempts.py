"""Failed sign-ins are counted by name and by address."""

import pytest

from app.identity import attempts as module
from app.identity.attempts import BY_ADDRESS, BY_NAME, Attempts


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


def test_so_many_may_fail_at_once_and_then_one_after_each_wait(attempts, clock):
    assert [attempts.begin("ada", f"192.0.2.{n}") for n in range(BY_NAME.at_once)] == [0] * BY_NAME.at_once
    # Eleven are due 60 s each: the first of them is paid off after 60 s.
    assert attempts.begin("ada", "192.0.2.99") == 60
    clock.now += 59
    assert attempts.begin("ada", "192.0.2.99") == 1
    clock.now += 1
    assert attempts.begin("ada", "192.0.2.99") == 0
    assert attempts.begin("ada", "192.0.2.99") > 0


def test_an_address_that_tries_many_names_waits(attempts):
    assert [attempts.begin(f"n{n}", "192.0.2.1") for n in range(BY_ADDRESS.at_once)] == [0] * BY_ADDRESS.at_once
    assert attempts.begin("ada", "192.0.2.1") > 0
    assert attempts.begin("ada", "192.0.2.2") == 0


def test_a_success_clears_the_name_and_gives_the_attempt_back(attempts):
    for _ in range(BY_ADDRESS.at_once * 3):
        assert attempts.begin("ada", "192.0.2.1") == 0
        attempts.succeeded("ada", "192.0.2.1")


def test_a_refused_attempt_is_not_counted(attempts, clock):
    for _ in range(BY_NAME.at_once + 50):
        attempts.begin("ada", "")
    clock.now += BY_NAME.every_s
    assert attempts.begin("ada", "") == 0


def test_a_network_of_ipv6_is_one_address_and_an_embedded_one_is_itself(attempts):
    for n in range(BY_ADDRESS.at_once):
        assert attempts.begin(f"n{n}", f"2001:db8::{n:x}") == 0
    assert attempts.begin("ada", "2001:db8::ffff:1") > 0
    assert attempts.begin("ada", "2001:db8:0:1::1") == 0
    for n in range(BY_ADDRESS.at_once):
        assert attempts.begin(f"m{n}", "::ffff:192.0.2.7") == 0
    assert attempts.begin("bob", "192.0.2.7") > 0


def test_what_is_kept_is_bounded(attempts, monkeypatch):
    monkeypatch.setattr(module, "MOST_KEPT", 50)
    for n in range(500):
        attempts.begin(f"n{n}", f"10.0.{n // 250}.{n % 250}")
    assert attempts.kept <= 50
