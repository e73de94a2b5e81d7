"""Long work is followed, stopped, and ends whatever happens."""

import asyncio
import threading
import time

import pytest
import structlog

from app.streaming import Ended, Works
from retrieval.errors import AttuneError, CancelledError, InvalidInputError


@pytest.fixture
def works():
    works = Works()
    yield works
    works.close()


def test_news_come_as_they_are_told_and_the_result_last(works):
    def work(tell):
        tell("one")
        tell("two")
        return 3

    assert list(works.streamed(work, name="count")) == ["one", "two", Ended(3)]


def test_an_error_of_ours_ends_the_work_as_it_is(works):
    def work(_tell):
        raise InvalidInputError("no questions")

    (last,) = works.streamed(work, name="fail")
    assert str(last) == "no questions"


def test_a_fault_ends_the_work_too_and_says_nothing_of_our_insides(works):
    def work(_tell):
        raise ValueError("secret")

    with structlog.testing.capture_logs() as logged:
        (last,) = works.streamed(work, name="fault")
    assert type(last) is AttuneError
    assert "secret" not in str(last)
    assert [(entry["work"], str(entry["exc_info"])) for entry in logged] == [("fault", "secret")]


def test_closing_stops_the_work_at_its_next_report_and_does_not_wait_for_it(works):
    go_on, ended = threading.Event(), threading.Event()

    def work(tell):
        tell("begun")
        go_on.wait(10)
        try:
            tell("more")
        finally:
            ended.set()

    news = works.streamed(work, name="long")
    assert next(news) == "begun"
    started = time.monotonic()
    news.close()
    assert time.monotonic() - started < 1
    go_on.set()
    assert ended.wait(5)


def test_a_server_that_stops_ends_all_streams_even_of_work_that_hangs(works):
    hung = threading.Event()
    news = works.streamed(lambda _tell: hung.wait(30), name="hung")
    threading.Timer(0.2, works.stop).start()
    started = time.monotonic()
    (last,) = news
    assert isinstance(last, CancelledError)
    assert time.monotonic() - started < 5
    hung.set()


def test_whoever_leaves_ends_the_work_however_fast_it_tells(works):
    ended = threading.Semaphore(0)

    def flood(tell, _gone):
        try:
            while True:
                tell("news")
                time.sleep(0.0002)
        finally:
            ended.release()

    async def leave(after_s):
        async def follow():
            async for _ in works.followed(flood, name="flood"):
                pass

        following = asyncio.ensure_future(follow())
        await asyncio.sleep(after_s)
        following.cancel()
        await asyncio.wait({following}, timeout=20)
        return following.cancelled()

    for number in range(100):
        assert asyncio.run(leave(0.001 + number % 7 / 3000))
        assert ended.acquire(timeout=20)
