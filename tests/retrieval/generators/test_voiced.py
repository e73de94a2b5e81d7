"""No request fails because an adapter that was learned cannot be worn."""

import pytest

from retrieval.deadline import Deadline
from retrieval.errors import AdapterError, InvalidInputError, ModelError
from retrieval.generators.voiced import Voiced
from retrieval.learned import NOTHING, Learned, Serving
from retrieval.prompt import Draft, Prompt
from retrieval.types import Sampling

LIVE, NEW = Learned("live", voice="live"), Learned("new", voice="new")


class Model:
    """A language model that can wear some adapters, and says which it wore."""

    name = "model"

    def __init__(self, errors):
        self.errors = errors

    def generate(self, prompt, **_):
        adapter = prompt.sampling.adapter
        if error := self.errors.get(adapter):
            raise error
        return Draft(adapter or "as it is", None, None, self.name)


def said(serving, errors, *, placed=None, adapter=None):
    """Return what the model says, and what was told of failures."""
    told = []
    serving = Serving(serving.live, instead=serving.instead, failed=lambda who, error: told.append((who, str(error))))
    voiced = Voiced(Model(errors), serving, placed or serving.live)
    prompt = Prompt("q", (), sampling=Sampling(adapter=adapter))
    return voiced.generate(prompt, deadline=Deadline(1)).text, told


GONE = InvalidInputError("there is no adapter")
BROKEN = AdapterError("cut short")


def test_what_is_live_words_the_answer():
    assert said(Serving(LIVE), {}) == ("live", [])
    assert said(Serving(NOTHING), {}) == ("as it is", [])


@pytest.mark.parametrize("error", [GONE, BROKEN])
def test_the_model_answers_as_it_is_where_what_is_live_cannot_be_worn(error):
    assert said(Serving(LIVE), {"live": error}) == ("as it is", [])


@pytest.mark.parametrize("error", [GONE, BROKEN])
def test_what_is_live_answers_where_what_is_on_trial_cannot_be_worn_which_is_told(error):
    assert said(Serving(NEW, instead=LIVE), {"new": error}) == ("live", [("new", str(error))])
    assert said(Serving(NEW, instead=NOTHING), {"new": error}) == ("as it is", [("new", str(error))])


def test_the_fault_of_what_is_live_is_not_that_of_what_is_on_trial():
    assert said(Serving(NEW, instead=LIVE), {"live": BROKEN}, placed=LIVE) == ("as it is", [])
    assert said(Serving(Learned("new"), instead=LIVE), {"live": BROKEN}) == ("as it is", [])


def test_an_adapter_that_a_request_names_is_worn_or_refused():
    assert said(Serving(LIVE), {}, adapter="own") == ("own", [])
    with pytest.raises(InvalidInputError):
        said(Serving(LIVE), {"own": GONE}, adapter="own")


def test_a_model_that_fails_fails_as_ever_and_nobody_is_blamed():
    with pytest.raises(ModelError):
        said(Serving(NEW, instead=LIVE), {"new": BROKEN, "live": BROKEN, None: ModelError("down")})
