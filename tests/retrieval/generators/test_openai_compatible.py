"""Against a server over real sockets that misbehaves; tests/app/test_language_model.py asks one that behaves."""

import threading
import time
from dataclasses import replace

import pytest

from retrieval.deadline import Deadline
from retrieval.errors import CancelledError, InvalidInputError, ModelError
from retrieval.generators.breaker import Breaker
from retrieval.generators.openai_compatible import OpenAICompatibleGenerator, Timeouts
from retrieval.types import Sampling
from tests.chat_server import ChatServer

ANSWER = "Roses are watered daily. [1]"
QUICK = Timeouts(total_s=2.0, connect_s=1.0, first_token_s=0.6, gap_s=0.4)


@pytest.fixture
def serve():
    """Start a server of scripts; gives it and a generator that asks it."""
    servers = []

    def serve(*scripts, **more):
        servers.append(ChatServer(*scripts))
        return servers[-1], OpenAICompatibleGenerator(servers[-1].url, "m", **({"timeouts": QUICK} | more))

    yield serve
    for server in servers:
        server.close()


def good(peer):
    peer.head()
    peer.say("Roses are", " watered daily.", " [1]", finish="stop", usage={"prompt_tokens": 90, "completion_tokens": 7})


def broken(peer):
    peer.status(500)


def failing(generator, prompt, seconds=2.0, match=None):
    """Ask in vain; gives after how long the error came, which is soon after the deadline at the latest."""
    began = time.monotonic()
    with pytest.raises(ModelError, match=match):
        generator.generate(prompt, deadline=Deadline(seconds))
    took_s = time.monotonic() - began
    assert took_s < seconds + 3
    return took_s


def test_words_are_told_as_they_come_and_kept_with_what_is_known_of_them(serve, prompt):
    _, generator = serve(good)
    told = []
    draft = generator.generate(prompt, deadline=Deadline(5), tell=told.append)
    assert told == ["Roses are", " watered daily.", " [1]"]
    assert draft.text == ANSWER
    assert draft.tokens == {"prompt": 90, "completion": 7}
    assert draft.generation == {"temperature": 0.0, "max_tokens": 512, "model": "m", "finish": "stop", "attempts": 1}


def test_what_a_request_asks_for_goes_before_what_is_set_and_is_recorded(serve, prompt):
    server, generator = serve(good, defaults=Sampling(temperature=0.3, top_p=0.9, max_tokens=100))
    asked = replace(prompt, sampling=Sampling(temperature=0.7, max_tokens=1000, seed=5))
    draft = generator.generate(asked, deadline=Deadline(5))
    drawn = {"temperature": 0.7, "top_p": 0.9, "max_tokens": 100, "seed": 5}
    assert {name: server.bodies[0][name] for name in drawn} == drawn
    assert draft.generation == drawn | {"model": "m", "finish": "stop", "attempts": 1}


def test_an_adapter_cannot_be_chosen(serve, prompt):
    _, generator = serve(good)
    with pytest.raises(InvalidInputError, match="no adapters"):
        generator.generate(replace(prompt, sampling=Sampling(adapter="x")), deadline=Deadline(5))


@pytest.mark.parametrize("reply", ["NOT ANSWERED", "NOT ANSWERED."])
def test_a_model_that_finds_no_answer_gives_an_empty_draft_and_tells_nothing(serve, prompt, reply):
    _, generator = serve(lambda peer: (peer.head(), peer.say(*reply, finish="stop")))
    told = []
    draft = generator.generate(prompt, deadline=Deadline(5), tell=told.append)
    assert (draft.text, draft.confidence, told) == ("", 0.0, [])


@pytest.mark.parametrize(
    "first",
    [
        broken,
        lambda peer: peer.status(503, "Retry-After: 1"),
        lambda peer: peer.status(429, "Retry-After: 0"),
        lambda _peer: None,  # the connection is closed at once
        lambda peer: peer.head(),  # and after the head
    ],
)
def test_a_failure_before_the_first_word_is_tried_once_more(serve, prompt, first):
    server, generator = serve(first, good)
    draft = generator.generate(prompt, deadline=Deadline(5))
    assert (draft.text, draft.generation["attempts"], len(server.bodies)) == (ANSWER, 2, 2)


@pytest.mark.parametrize(
    "status",
    [
        lambda peer: peer.status(429),
        lambda peer: peer.status(429, "Retry-After: 60"),
        lambda peer: peer.status(429, "Retry-After: Wed, 21 Oct 2026 07:28:00 GMT"),
        lambda peer: peer.status(503, "Retry-After: 60"),
        lambda peer: peer.status(401),
        lambda peer: peer.status(404),
    ],
)
def test_what_a_second_try_would_not_mend_fails_at_once(serve, prompt, status):
    server, generator = serve(status, good)
    failing(generator, prompt)
    assert len(server.bodies) == 1


def test_there_is_no_third_try(serve, prompt):
    server, generator = serve(broken, broken, good)
    failing(generator, prompt)
    assert len(server.bodies) == 2


def test_a_failure_after_the_first_word_is_not_tried_again(serve, prompt):
    server, generator = serve(lambda peer: (peer.head(), peer.say("Roses")), good)
    failing(generator, prompt, match="broke off")
    assert len(server.bodies) == 1


def test_a_server_that_does_not_count_tokens_is_asked_without_from_then_on(serve, prompt):
    def picky(peer):
        if "stream_options" in server.bodies[-1]:
            peer.status(400, body=b'{"error": {"message": "unknown field stream_options"}}')
        else:
            peer.head()
            peer.say(ANSWER, finish="stop")

    server, generator = serve(picky)
    assert generator.generate(prompt, deadline=Deadline(5)).tokens == {}
    generator.generate(prompt, deadline=Deadline(5))
    assert ["stream_options" in body for body in server.bodies] == [True, False, False]


def test_a_server_that_does_not_count_tokens_may_fail_once_as_others_may(serve, prompt):
    server, generator = serve(lambda peer: peer.status(400), broken, good)
    assert generator.generate(prompt, deadline=Deadline(5)).generation["attempts"] == 3
    assert ["stream_options" in body for body in server.bodies] == [True, False, False]


def test_a_request_that_is_refused_for_another_reason_does_not_stop_the_counting(serve, prompt):
    def refusing(peer):
        peer.status(400)

    server, generator = serve(refusing, refusing, good)
    failing(generator, prompt)
    assert generator.generate(prompt, deadline=Deadline(5)).tokens
    assert "stream_options" in server.bodies[-1]


SILENCES = {
    "before the first byte": lambda peer: peer.hang(),
    "after the head": lambda peer: (peer.head(), peer.hang()),
    "after the first word": lambda peer: (peer.head(), peer.say("Roses"), peer.hang()),
    "in the middle of a line": lambda peer: (peer.head(), peer.send(b'data: {"choi'), peer.hang()),
}


@pytest.mark.parametrize("silence", SILENCES.values(), ids=SILENCES)
def test_a_server_that_falls_silent_is_given_up_before_the_deadline(serve, prompt, silence):
    server, generator = serve(silence)
    assert failing(generator, prompt) < 1.5
    wait_until(lambda: server.left_at)
    assert len(server.bodies) == 1


@pytest.mark.parametrize("silence", SILENCES.values(), ids=SILENCES)
def test_the_stream_is_closed_soon_after_whoever_asked_has_left(serve, prompt, silence):
    server, generator = serve(silence, timeouts=Timeouts())
    left = threading.Event()
    timer = threading.Timer(0.5, left.set)
    timer.start()
    began = time.monotonic()
    with pytest.raises(CancelledError):
        generator.generate(prompt, deadline=Deadline(60, left.is_set))
    assert time.monotonic() - began < 5
    wait_until(lambda: server.left_at)
    assert server.left_at[0] - began < 5


def test_a_listener_that_fails_ends_the_stream(serve, prompt):
    def tell(_piece):
        raise CancelledError("nobody listens")

    server, generator = serve(lambda peer: (peer.head(), peer.say("Roses"), peer.hang()))
    with pytest.raises(CancelledError):
        generator.generate(prompt, deadline=Deadline(60), tell=tell)
    wait_until(lambda: server.left_at)


def drip(data, pause_s):
    def drip(peer):
        peer.head()
        while True:
            for byte in data:
                peer.send(bytes([byte]))
                time.sleep(pause_s)

    return drip


@pytest.mark.parametrize(
    "script",
    [drip(b": still here\n\n", 0.05), drip(b'data: {"choices": [{"delta": {"content": "a"}}]}\n\n', 0.1)],
    ids=["comments", "bytes"],
)
def test_a_server_that_drips_is_given_up(serve, prompt, script):
    _, generator = serve(script)
    failing(generator, prompt)


def test_a_model_that_thinks_first_is_not_silent(serve, prompt):
    def thinking(peer):
        peer.head()
        for _ in range(16):
            peer.event({
                "choices": [{"index": 0, "delta": {"role": "assistant", "reasoning_content": "roses or oaks? "}}]
            })
            time.sleep(0.05)
        peer.say(ANSWER, finish="stop")

    _, generator = serve(thinking)
    assert generator.generate(prompt, deadline=Deadline(5)).text == ANSWER


def test_a_server_that_says_a_word_now_and_then_is_given_up_at_the_deadline(serve, prompt):
    def slow(peer):
        peer.head()
        while True:
            peer.say(" rose")
            time.sleep(0.2)

    server, generator = serve(slow, timeouts=Timeouts())
    assert failing(generator, prompt, seconds=1.0, match="not done in time") > 0.9
    wait_until(lambda: server.left_at)


GARBAGE = {
    "nothing": b"",
    "only the end": b"data: [DONE]\n\n",
    "no protocol": b"Roses are watered daily.\n\n",
    "no JSON": b"data: {roses\n\n",
    "another JSON": b'data: [1, 2]\n\ndata: "roses"\n\ndata: null\n\n',
    "choices of nothing": b'data: {"choices": [null]}\n\n',
    "words that are numbers": b'data: {"choices": [{"delta": {"content": 5}, "finish_reason": "stop"}]}\n\n',
    "a page": b"<html><body>502</body></html>",
    "bytes": bytes(range(256)) * 40,
    "half a character": b'data: {"choices": [{"delta": {"content": "\xc3"}}]}\n\n',
    "nested JSON": b"data: " + b"[" * 100_000 + b"\n\n",
    "an error": b'data: {"error": {"message": "out of memory"}}\n\n',
    "white space": b'data: {"choices": [{"delta": {"content": " \\n\\t"}, "finish_reason": "stop"}]}\n\n',
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
def test_garbage_is_a_model_error(serve, prompt, garbage):
    _, generator = serve(lambda peer: (peer.head(), peer.send(garbage)))
    failing(generator, prompt)


@pytest.mark.parametrize("counted", [None, 0, -1, "many", 1e300, [1], {"a": 1}])
def test_counts_that_are_none_are_left_out(serve, prompt, counted):
    def counting(peer):
        peer.head()
        peer.say(ANSWER, finish="stop", usage={"prompt_tokens": counted, "completion_tokens": 7})

    _, generator = serve(counting)
    assert generator.generate(prompt, deadline=Deadline(5)).tokens == {}


def test_garbage_without_end_is_a_model_error(serve, prompt):
    def flood(peer):
        peer.head()
        while True:
            peer.send(b"x" * 65536)

    _, generator = serve(flood, timeouts=Timeouts(total_s=30))
    failing(generator, prompt, seconds=30, match="longer than")


def test_a_character_that_comes_in_halves_is_whole(serve, prompt):
    event = 'data: {"choices": [{"delta": {"content": "Größe 😀 [1]"}, "finish_reason": "stop"}]}\n\n'.encode()

    def halves(peer):
        peer.head()
        for at in range(0, len(event), 3):
            peer.send(event[at : at + 3])
            time.sleep(0.005)

    _, generator = serve(halves)
    assert generator.generate(prompt, deadline=Deadline(5)).text == "Größe 😀 [1]"


def test_reading_stops_where_a_model_does_not(serve, prompt):
    def endless(peer):
        peer.head()
        while True:
            peer.say("rose " * 20)

    server, generator = serve(endless, timeouts=Timeouts(total_s=30), defaults=Sampling(max_tokens=50))
    draft = generator.generate(prompt, deadline=Deadline(30))
    assert (len(draft.text), draft.generation["finish"]) == (399, "length")  # 50 tokens of 8 characters, stripped
    wait_until(lambda: server.left_at)


def test_a_server_that_fails_again_and_again_is_left_alone_for_a_while(serve, prompt):
    server, generator = serve(*[broken] * 4, good)
    generator.breaker = Breaker(failures=2, pause_s=0.5)
    for _ in range(2):
        failing(generator, prompt)
    assert failing(generator, prompt, match="2 times in a row") < 1
    assert len(server.bodies) == 4
    time.sleep(0.6)
    assert generator.generate(prompt, deadline=Deadline(5)).text == ANSWER
    assert generator.breaker.state == "closed"


def test_a_server_that_is_not_there_is_a_model_error_for_every_kind_of_request(prompt):
    generator = OpenAICompatibleGenerator("http://127.0.0.1:9/v1", "m", timeouts=QUICK)
    failing(generator, prompt)
    with pytest.raises(ModelError):
        generator.complete("Say roses.")


def test_a_prompt_of_ours_is_replied_to_within_its_deadline(serve):
    _, generator = serve(good, lambda peer: peer.hang())
    assert generator.complete("Say roses.") == ANSWER
    began = time.monotonic()
    with pytest.raises(ModelError):
        generator.complete("Say roses.", deadline=Deadline(0.3))
    assert time.monotonic() - began < 1.8  # requests that say nothing get 2 s


def test_many_are_answered_at_the_same_time(serve, prompt):
    def slow(peer):
        peer.head()
        time.sleep(0.3)
        peer.say(ANSWER, finish="stop")

    _, generator = serve(slow)
    texts = []
    threads = [
        threading.Thread(target=lambda: texts.append(generator.generate(prompt, deadline=Deadline(5)).text))
        for _ in range(8)
    ]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert texts == [ANSWER] * 8
    assert time.monotonic() - began < 2.3  # one after the other: 2.4 s


def test_no_thread_outlives_its_generator(serve, prompt):
    _, generator = serve(good)
    generator.generate(prompt, deadline=Deadline(5))
    running = [thread for thread in threading.enumerate() if thread.name == "language-model"]
    del generator
    wait_until(lambda: sum(thread.is_alive() for thread in running) < len(running))


def wait_until(true, seconds=5.0):
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.01)
