"""What is learned follows from the lesson and the seed, and not from how long it took."""

from itertools import count

import numpy as np
import pytest

from finetune.contrast import Lesson, Pair, Schedule, Watch, train
from retrieval.embed import bundled_model_path

LESSON = Lesson(
    questions=["What is a gribble for?", "What is a snorf for?", "What is a plinth for?", "What is a quorl for?"],
    passages=[f"It is used for {use}." for use in ("bread", "sails", "keys", "tax")],
    pairs=[Pair(at, at, 1.0) for at in range(4)],
    answers={at: frozenset({at}) for at in range(4)},
    hard={0: (1, 2), 3: (2,)},
)
SHORT = Schedule(epochs=6, batch=2, limit_s=100.0)
STEPS = 12


def ticking(each_s):
    """A clock on which every look at it comes so much later than the last."""
    ticks = count()
    return lambda: next(ticks) * each_s


def weights(**watch):
    lora = train(bundled_model_path(), LESSON, SHORT, seed=1, watch=Watch(**watch))
    return [matrix.detach().numpy().copy() for matrix in lora.parameters]


@pytest.fixture(scope="module")
def quick():
    return weights(clock=ticking(0.0))


def test_the_same_seed_gives_the_same_adapter_however_slow_the_machine_is(quick):
    slow = weights(clock=ticking(89.0 / STEPS))
    assert all(np.allclose(ours, theirs, rtol=0, atol=1e-6) for ours, theirs in zip(quick, slow, strict=True))


def test_what_runs_out_of_time_ends_slowly(quick):
    losses = []
    late = weights(clock=ticking(100.0 / 8), loss=lambda loss, step: losses.append((step, loss)))
    assert [step for step, _ in losses] == list(range(7))  # the clock is looked at once before
    assert not all(np.allclose(ours, theirs, atol=1e-6) for ours, theirs in zip(quick, late, strict=True))


def test_the_loss_of_each_step_is_told():
    losses = []
    weights(loss=lambda loss, step: losses.append((step, loss)))
    assert [step for step, _ in losses] == list(range(STEPS))
    values = [loss for _, loss in losses]
    assert all(np.isfinite(values))
    assert np.mean(values[-4:]) < np.mean(values[:4])
