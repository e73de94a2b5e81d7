from dataclasses import replace

import pytest

from retrieval.abstain import Signs, confidence

TYPICAL = Signs(sentence=0.6, passage=0.5, coverage=0.5)


def test_a_typical_answerable_question_is_answered_and_one_about_something_else_is_not():
    # z = -6.2 + 5 * .6 + 4 * .5 + 3 * .5 = .3; without a shared word and half as similar it is -3.7.
    assert confidence(TYPICAL) == pytest.approx(0.574, abs=1e-3)
    assert confidence(Signs(sentence=0.3, passage=0.25, coverage=0.0)) == pytest.approx(0.024, abs=1e-3)


@pytest.mark.parametrize("sign", ["sentence", "passage", "coverage"])
def test_each_sign_speaks_for_an_answer(sign):
    assert confidence(replace(TYPICAL, **{sign: getattr(TYPICAL, sign) + 0.1})) > confidence(TYPICAL)
