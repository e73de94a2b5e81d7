import pytest

from retrieval.errors import CancelledError, ModelError
from retrieval.generators.breaker import Breaker


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def breaker(clock):
    return Breaker(failures=3, pause_s=30, clock=clock)


def fail(breaker, times=1):
    for _ in range(times):
        with pytest.raises(ModelError, match="broken"), breaker.guard():
            raise ModelError("broken")


def test_calls_pass_until_so_many_failed_in_a_row(breaker):
    fail(breaker, 2)
    with breaker.guard():
        pass
    fail(breaker, 2)
    assert breaker.state == "closed"
    fail(breaker)
    assert breaker.state == "open"


def test_no_call_passes_an_open_breaker(breaker, clock):
    fail(breaker, 3)
    clock.now += 29
    with pytest.raises(ModelError, match="failed 3 times in a row and is tried again in 1 s"), breaker.guard():
        pytest.fail("a call passed")


def test_after_the_pause_one_call_tries_while_others_are_refused(breaker, clock):
    fail(breaker, 3)
    clock.now += 31
    assert breaker.state == "half_open"
    with breaker.guard(), pytest.raises(ModelError, match="is being tried"), breaker.guard():
        pytest.fail("a second call passed")
    assert breaker.state == "closed"


def test_a_try_that_fails_opens_it_again_for_the_whole_pause(breaker, clock):
    fail(breaker, 3)
    clock.now += 31
    fail(breaker)
    clock.now += 29
    assert breaker.state == "open"


def test_who_leaves_during_the_try_says_nothing_about_the_server(breaker, clock):
    fail(breaker, 3)
    clock.now += 31
    with pytest.raises(CancelledError), breaker.guard():
        raise CancelledError("left")
    assert breaker.state == "half_open"
    with breaker.guard():
        pass
    assert breaker.state == "closed"


def test_refused_calls_do_not_count_as_failures(breaker, clock):
    fail(breaker, 3)
    for _ in range(10):
        with pytest.raises(ModelError, match="tried again"), breaker.guard():
            pytest.fail("a call passed")
    clock.now += 31
    assert breaker.state == "half_open"
