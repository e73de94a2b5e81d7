import pytest

from retrieval.cite import cite
from retrieval.errors import ModelError
from retrieval.judged_support import JudgedSupport
from retrieval.prompt import Draft


class Judge:
    def __init__(self, *replies):
        self.replies = list(replies)
        self.prompts = []

    def complete(self, prompt, *, deadline=None):
        assert deadline is not None
        self.prompts.append(prompt)
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply


@pytest.fixture
def said(passage):
    """Make text and citations of what a model said about one passage."""
    found = passage("Staff are entitled to twenty-seven days of paid holiday. Pets stay at home.")

    def make(words):
        return cite(Draft(words, None, None, "model"), [found])

    return make


def verdicts(judge, text, citations):
    return [verdict.verdict for verdict in JudgedSupport(judge)(text, citations)]


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [("YES", "supported"), (" partly.", "partly"), ("No, it does not.", "unsupported"), ("I think so", "unsupported")],
)
def test_a_sentence_in_other_words_is_what_the_judge_says(said, reply, verdict):
    judge = Judge(reply)
    assert verdicts(judge, *said("Animals must remain outside [1].")) == [verdict]
    assert "Quote: Pets stay at home." in judge.prompts[0] or "Quote: Staff" in judge.prompts[0]


def test_what_stands_in_its_quote_needs_no_judge(said):
    assert verdicts(Judge(), *said("Pets stay at home [1].")) == ["supported"]


def test_a_changed_number_and_a_denial_are_not_left_to_a_judge(said):
    text, citations = said("Staff are entitled to 30 days of paid holiday [1]. Pets do not stay at home [1].")
    assert verdicts(Judge(), text, citations) == ["unsupported", "unsupported"]


def test_a_judge_that_fails_changes_nothing(said):
    assert verdicts(Judge(ModelError("gone")), *said("Animals must remain outside [1].")) == ["unsupported"]


def test_a_sentence_is_asked_about_once(said):
    judge = Judge("YES")
    check = JudgedSupport(judge)
    text, citations = said("Animals must remain outside [1].")
    assert check(text, citations) == check(text, citations)
    assert len(judge.prompts) == 1


def test_what_a_quote_says_to_the_judge_stands_between_marks_nobody_can_guess(said):
    first, second = Judge("NO"), Judge("NO")
    for judge in (first, second):
        verdicts(judge, *said("Animals must remain outside [1]."))
    assert first.prompts != second.prompts
