"""The judge against a real OpenAI-compatible server, with models that always give one reply."""

import http.server
import socket
import threading

import pytest

from eval.judge import Agreement, Judge, Judgement, agreement
from retrieval.errors import ModelError

QUESTION, ANSWER, CONTEXTS = "What is watered?", "Roses are watered daily. [1]", ["Roses are watered daily."]


@pytest.fixture
def judged(model_server, parrot):
    """Have one answer judged by a model that says the same to everything."""

    def judged(reply, **changes):
        judge = Judge(model_server, str(parrot(reply)), timeout_s=120)
        return judge.judge(QUESTION, ANSWER, **{"contexts": CONTEXTS, "reference": "Roses."} | changes)

    return judged


def test_a_yes_is_a_verdict_and_no_grade(judged):
    judgement = judged("YES")
    assert (judgement.faithful, judgement.relevant, judgement.correctness) == (True, True, None)
    assert judgement.reasons["faithful"] == "YES"
    assert "cannot be read: 'YES'" in judgement.reasons["correctness"]


def test_a_no_is_a_verdict(judged):
    judgement = judged("No, it is not.")
    assert (judgement.faithful, judgement.relevant) == (False, False)


def test_a_grade_is_no_verdict_and_becomes_a_share(judged):
    judgement = judged("4.0\nNearly all of it.")
    # 4 of 1 to 5: (4 - 1) / 4
    assert (judgement.faithful, judgement.relevant, judgement.correctness) == (None, None, 0.75)
    assert judgement.reasons["correctness"] == "4.0 Nearly all of it."
    assert "cannot be read" in judgement.reasons["faithful"]


@pytest.mark.parametrize("reply", ["7", "0.5", "3 mistakes are in it", "yesterday", "It cannot be said"])
def test_what_cannot_be_read_is_neither_yes_nor_no_nor_a_grade(judged, reply):
    judgement = judged(reply)
    assert (judgement.faithful, judgement.relevant, judgement.correctness) == (None, None, None)


def test_without_passages_or_reference_nothing_is_asked(judged):
    judgement = judged("YES", contexts=[], reference=None)
    assert judgement == Judgement(
        None,
        None,
        None,
        {
            "faithful": "there are no passages to judge by",
            "relevant": "there are no passages to judge by",
            "correctness": "there is no reference answer",
        },
    )


def test_passages_that_do_not_fit_are_not_cut_but_left_unjudged(judged):
    judgement = judged("YES", contexts=["Roses are watered daily. " * 2000])
    assert judgement.faithful is None
    assert "too long" in judgement.reasons["faithful"]


def test_judging_leaves_llamaindex_as_it_was(judged):
    import llama_index.core
    from llama_index.core import Settings

    before = (vars(Settings).copy(), llama_index.core.global_tokenizer)
    judged("YES")
    assert (vars(Settings), llama_index.core.global_tokenizer) == before


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/v1", "nowhere"])
def test_a_server_that_is_not_there_is_an_error(url):
    with pytest.raises(ModelError, match="cannot be asked"):
        Judge(url, "none", timeout_s=2).judge(QUESTION, ANSWER, contexts=CONTEXTS)


def test_a_server_that_never_replies_leaves_one_answer_unjudged():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        judgement = Judge(url, "none", timeout_s=0.2).judge(QUESTION, ANSWER, contexts=CONTEXTS)
    assert judgement.faithful is None
    assert "Timeout" in judgement.reasons["faithful"]


@pytest.fixture
def answering():
    """A server that says one thing to every request, to stand for what is not a chat model."""
    servers = []

    def answering(status, body):
        class Page(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        servers.append(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page))
        threading.Thread(target=servers[-1].serve_forever).start()
        return f"http://127.0.0.1:{servers[-1].server_port}/v1"

    yield answering
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "body"), [(200, b"{}"), (200, b"<html>"), (200, b'{"choices": []}'), (500, b"{}"), (400, b"{}")]
)
def test_a_reply_that_is_none_leaves_one_answer_unjudged(answering, status, body):
    judgement = Judge(answering(status, body), "m").judge(QUESTION, ANSWER, contexts=CONTEXTS, reference="Roses.")
    assert (judgement.faithful, judgement.relevant, judgement.correctness) == (None, None, None)
    assert all(reason.startswith("the judge model failed") for reason in judgement.reasons.values())


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_server_that_will_never_judge_is_an_error(answering, status):
    with pytest.raises(ModelError, match="cannot be asked"):
        Judge(answering(status, b"{}"), "m").judge(QUESTION, ANSWER, contexts=CONTEXTS)


def test_kappa_by_hand():
    # Both yes 20, both no 15, model yes only 5, person yes only 10: they agree on 35 of 50.
    # By chance: yes 25/50 * 30/50 + no 25/50 * 20/50 = .5; kappa = (.7 - .5) / (1 - .5) = .4
    pairs = [(True, True)] * 20 + [(False, False)] * 15 + [(True, False)] * 5 + [(False, True)] * 10
    judged = {f"q{i}": verdict for i, (verdict, _) in enumerate(pairs)}
    labels = {f"q{i}": label for i, (_, label) in enumerate(pairs)}
    found = agreement(judged, labels)
    assert (found.kappa, found.share, found.n) == (pytest.approx(0.4), pytest.approx(0.7), 50)
    assert found.note is None


def test_what_only_one_of_them_judged_does_not_count():
    found = agreement({"a": True, "b": None, "c": False}, {"a": True, "b": True, "c": True, "d": False})
    # a and c are left: one agreement. The person says yes to both, so chance is .5 * 1 = .5, kappa 0.
    assert (found.kappa, found.share, found.n) == (pytest.approx(0.0), 0.5, 2)
    assert found.note is not None
    assert "only 2 questions" in found.note


def test_kappa_is_not_defined_where_both_always_say_the_same():
    found = agreement({f"q{i}": True for i in range(40)}, {f"q{i}": True for i in range(40)})
    assert (found.kappa, found.share, found.n) == (None, 1.0, 40)
    assert found.note == "kappa is not defined: both gave the same verdict to every question"


def test_without_labels_there_is_no_agreement():
    found = agreement({"a": True}, {})
    assert found == Agreement(None, None, 0, "no question was judged by both the model and a person")
