"""A cross-encoder learns what answers, its adapter acts on it alone, and the base is what it was."""

import gc
import shutil
import weakref
from dataclasses import replace

import numpy as np
import pytest
import torch

from finetune.contrast import Lesson, Pair, Watch
from finetune.cross import SCHEDULE, adapted_reranker, train_cross_encoder
from finetune.lora import Lora
from finetune.rerankers import Rerankers
from retrieval.errors import CancelledError, ModelError
from retrieval.generators.adapter_files import CONFIG, WEIGHTS
from retrieval.rerank import CrossEncoderReranker, load_cross_encoder
from retrieval.types import Chunk, Passage
from tests import cross_encoder

# Of two passages about a thing the signed one answers; four things are not taught.
THINGS, TAUGHT = [f"w{n}" for n in range(16)], 12
PASSAGES = [*(f"{thing} signed" for thing in THINGS), *(f"{thing} draft" for thing in THINGS)]
LESSON = Lesson(
    questions=THINGS,
    passages=PASSAGES,
    pairs=[Pair(n, n, 1.0) for n in range(TAUGHT)],
    answers={n: frozenset({n}) for n in range(TAUGHT)},
    hard={n: [len(THINGS) + n] for n in range(TAUGHT)},
)
QUICK = replace(SCHEDULE, epochs=30, rate=1e-2, hard=1)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return cross_encoder.save(tmp_path_factory.mktemp("model"), [*THINGS, "signed", "draft"], spread=0.3)


@pytest.fixture(scope="module")
def base(model):
    return CrossEncoderReranker(model, device="cpu")


@pytest.fixture(scope="module")
def adapter(model, base, tmp_path_factory):
    folder = tmp_path_factory.mktemp("adapter")
    train_cross_encoder(model, LESSON, QUICK, seed=1).save(folder, base=base.fingerprint)
    return folder


def passage(number):
    text = PASSAGES[number]
    chunk = Chunk(f"c{number}", f"d{number}", "r", 0, 0, len(text), text, "", (), 2)
    return Passage(chunk, "default", "T", "upload:t", score=1.0)


def ranked(reranker):
    """What it puts first of both passages about each thing, and with which scores."""
    return [
        reranker.rerank(thing, [passage(n), passage(len(THINGS) + n)], vector=None) for n, thing in enumerate(THINGS)
    ]


def right(found):
    return np.mean([first.chunk.text.endswith("signed") for first, _ in found])


def test_what_was_taught_comes_first_and_what_is_like_it(model, base, adapter):
    assert right(ranked(base)[:TAUGHT]) < 0.5
    assert right(ranked(adapted_reranker(model, adapter, device="cpu"))) == 1.0


def test_the_same_seed_gives_the_same_adapter(model, base, adapter, tmp_path):
    train_cross_encoder(model, LESSON, QUICK, seed=1).save(tmp_path, base=base.fingerprint)
    assert (tmp_path / WEIGHTS).read_bytes() == (adapter / WEIGHTS).read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == [CONFIG, WEIGHTS]


def test_without_the_adapter_the_base_ranks_bit_for_bit_as_it_did(model, base, adapter):
    before = ranked(base)
    adapted = adapted_reranker(model, adapter, device="cpu")
    assert ranked(adapted) != before
    assert adapted.fingerprint.startswith(f"{base.fingerprint}+lora-")
    assert ranked(base) == before
    assert ranked(CrossEncoderReranker(model, device="cpu")) == before


def test_an_adapter_that_learned_nothing_changes_no_bit(model, base, tmp_path):
    Lora(load_cross_encoder(model, device="cpu")[0].auto_model).save(tmp_path, base=base.fingerprint)
    assert ranked(adapted_reranker(model, tmp_path, device="cpu")) == ranked(base)


def test_an_adapter_of_another_cross_encoder_is_refused(adapter, tmp_path):
    other = cross_encoder.save(tmp_path / "other", [*THINGS, "signed", "draft"], spread=0.4)
    with pytest.raises(ModelError, match="was made for the model"):
        adapted_reranker(other, adapter, device="cpu")


def test_an_adapter_that_was_cut_short_is_refused(model, adapter, tmp_path):
    cut = shutil.copytree(adapter, tmp_path / "cut")
    written = (cut / WEIGHTS).read_bytes()
    (cut / WEIGHTS).write_bytes(written[: len(written) // 2])
    with pytest.raises(ModelError, match="does not fit"):
        adapted_reranker(model, cut, device="cpu")


def test_it_is_trained_on_the_device_that_is_set(model):
    with pytest.raises(RuntimeError, match="mars"):
        train_cross_encoder(model, LESSON, replace(QUICK, device="mars"), seed=1)


def test_training_stops_when_it_is_asked_to(model):
    with pytest.raises(CancelledError):
        train_cross_encoder(model, LESSON, QUICK, seed=1, watch=Watch(cancelled=lambda: True))


def test_where_little_seems_to_answer_a_question_it_is_told_from_any_other(model):
    # Nothing is hard, and there is one other passage: a list of two.
    two = Lesson(THINGS[:1], PASSAGES[:2], [Pair(0, 0, 1.0)], {0: frozenset({0})}, {})
    assert train_cross_encoder(model, two, replace(QUICK, epochs=1), seed=1).parameters


def test_a_reranker_is_loaded_once_and_let_go_with_what_it_serves_in(model, base, adapter):
    loaded = []

    def load(folder):
        loaded.append(folder)
        return adapted_reranker(model, folder, device="cpu")

    rerankers = Rerankers(base.fingerprint, load)
    rerankers.check(adapter)
    assert rerankers.reranker(adapter) is rerankers.reranker(adapter)
    assert loaded == [adapter]


def test_files_are_checked_before_they_are_loaded_and_never_again(model, base, adapter):
    def changed():
        raise ModelError("it is not what was written")

    rerankers = Rerankers(base.fingerprint, lambda folder: adapted_reranker(model, folder, device="cpu"))
    for ask in (rerankers.check, rerankers.reranker):
        with pytest.raises(ModelError, match="not what was written"):
            ask(adapter, changed)
    worn = rerankers.reranker(adapter)
    rerankers.check(adapter, changed)
    assert rerankers.reranker(adapter, changed) is worn


def test_what_was_loaded_to_be_looked_at_is_let_go_when_candidates_are_forgotten(model, base, adapter):
    rerankers = Rerankers(base.fingerprint, lambda folder: adapted_reranker(model, folder, device="cpu"))
    loaded = weakref.ref(rerankers.reranker(adapter))
    assert loaded() is not None
    rerankers.forget()
    gc.collect()
    assert loaded() is None


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("CUDA out of memory"), MemoryError()])
def test_one_that_finds_no_memory_is_refused_as_any_other_that_cannot_be_loaded(base, adapter, error):
    def load(_):
        raise error

    # Anything else would end the thread that follows what is live, and keep a server from starting.
    with pytest.raises(ModelError, match="cannot be loaded"):
        Rerankers(base.fingerprint, load).reranker(adapter)


def test_a_server_without_a_cross_encoder_says_that_it_has_none(adapter):
    with pytest.raises(ModelError, match="ATTUNE_RERANK"):
        Rerankers(None, lambda _: pytest.fail("nothing is loaded")).reranker(adapter)
