"""An adapter acts as it was trained, on what it was trained for, and without it nothing is changed."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from finetune.adapted import adapted
from finetune.contrast import Lesson, Pair, Schedule, Watch, batches, train
from finetune.lora import Lora
from retrieval.embed import SentenceTransformerEmbedder, bundled_model_path
from retrieval.embedding_model import load_model
from retrieval.errors import CancelledError, ModelError
from retrieval.generators.adapter_files import CONFIG, WEIGHTS

TEXTS = ["Who pays for the train?", "Flights need a reason.", "Leave is 25 days. " * 30]
ODD = ["gribble", "snorf", "plinth", "quorl", "vexil", "mundle", "tarn", "woad"]
LESSON = Lesson(
    questions=[f"What is a {word} for?" for word in ODD],
    passages=[f"It is used for {use}." for use in ("bread", "sails", "keys", "tax", "milk", "music", "roads", "ink")],
    pairs=[Pair(at, at, 1.0) for at in range(8)],
    answers={at: frozenset({at}) for at in range(8)},
    hard={0: (1, 2), 3: (4,)},
)
SHORT = Schedule(epochs=8, batch=4, rate=2e-3)


@pytest.fixture(scope="module")
def base():
    return SentenceTransformerEmbedder(bundled_model_path(), device="cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory, base):
    folder = tmp_path_factory.mktemp("adapter")
    train(bundled_model_path(), LESSON, SHORT, seed=1).save(folder, base=base.fingerprint)
    return folder


@pytest.fixture(scope="module")
def learned(folder):
    return adapted(bundled_model_path(), folder, device="cpu")


def margin(embedder):
    """How much nearer questions are to what answers them than to the rest, on the average."""
    asked = embedder.embed_documents(LESSON.questions).vectors
    cosines = asked @ embedder.embed_documents(LESSON.passages).vectors.T
    right = np.eye(len(cosines), dtype=bool)
    return cosines[right].mean() - cosines[~right].mean()


def test_an_embedder_is_trained_on_the_device_that_is_set():
    with pytest.raises(RuntimeError, match="mars"):
        train(bundled_model_path(), LESSON, replace(SHORT, device="mars"), seed=1)


def test_what_is_trained_lies_where_the_model_does():
    model = torch.nn.Sequential(torch.nn.Linear(4, 3, device="meta"))
    assert {matrix.device.type for matrix in Lora(model).parameters} == {"meta"}


def test_an_adapter_that_learned_nothing_changes_no_bit(base, tmp_path):
    Lora(load_model(bundled_model_path(), device="cpu")[0].auto_model).save(tmp_path, base=base.fingerprint)
    same = adapted(bundled_model_path(), tmp_path, device="cpu")
    assert np.array_equal(same.embed_documents(TEXTS).vectors, base.embed_documents(TEXTS).vectors)
    assert same.fingerprint != base.fingerprint  # its vectors are kept apart all the same


def test_what_was_taught_is_nearer_than_before(base, learned):
    assert margin(learned) > margin(base) + 0.2


def test_an_adapter_leaves_its_base_as_it_was(base, learned):
    again = SentenceTransformerEmbedder(bundled_model_path(), device="cpu")
    assert again.fingerprint == base.fingerprint
    assert np.array_equal(again.embed_query(TEXTS[0]), base.embed_query(TEXTS[0]))
    assert not np.array_equal(learned.embed_query(TEXTS[0]), base.embed_query(TEXTS[0]))


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")  # of peft itself
def test_other_tools_read_the_adapter_as_we_do(learned, folder):
    import torch
    from peft import PeftModel

    model = load_model(bundled_model_path(), device="cpu", dtype=torch.float32)
    model[0].auto_model = PeftModel.from_pretrained(model[0].auto_model, folder)
    theirs = model.encode(TEXTS, normalize_embeddings=True, show_progress_bar=False)
    assert (theirs * learned.embed_documents(TEXTS).vectors).sum(axis=1).min() > 0.997


def test_half_an_adapter_acts_half_as_much(base, learned, folder, tmp_path):
    config = json.loads((folder / CONFIG).read_bytes())
    (tmp_path / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes())
    (tmp_path / CONFIG).write_text(json.dumps(config | {"lora_alpha": config["lora_alpha"] / 2}))
    half = adapted(bundled_model_path(), tmp_path, device="cpu")
    assert half.fingerprint != learned.fingerprint
    assert margin(base) < margin(half) < margin(learned)


def test_an_adapter_of_another_embedder_is_refused(folder, tmp_path):
    config = json.loads((folder / CONFIG).read_bytes())
    (tmp_path / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes())
    (tmp_path / CONFIG).write_text(json.dumps(config | {"base_model_name_or_path": "other-bfloat16"}))
    with pytest.raises(ModelError, match="made for the model other-bfloat16"):
        adapted(bundled_model_path(), tmp_path, device="cpu")


def test_an_adapter_that_is_cut_short_is_refused(folder, tmp_path):
    (tmp_path / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:-100])
    (tmp_path / CONFIG).write_bytes((folder / CONFIG).read_bytes())
    with pytest.raises(ModelError):
        adapted(bundled_model_path(), tmp_path, device="cpu")


def test_nothing_that_was_learned_from_stands_in_the_files(folder):
    written = b"".join(path.read_bytes() for path in folder.rglob("*"))
    assert sorted(path.name for path in folder.iterdir()) == [CONFIG, WEIGHTS]
    for word in (*ODD, "bread", "sails", "music"):
        assert word.encode() not in written


def test_the_same_seed_gives_the_same_adapter(base, folder, tmp_path):
    train(bundled_model_path(), LESSON, SHORT, seed=1).save(tmp_path, base=base.fingerprint)
    again = adapted(bundled_model_path(), tmp_path, device="cpu")
    first = adapted(bundled_model_path(), folder, device="cpu")
    cosines = (again.embed_documents(LESSON.questions).vectors * first.embed_documents(LESSON.questions).vectors).sum(1)
    assert cosines.min() > 0.999


def test_training_stops_when_it_is_asked_to():
    told = []
    watch = Watch(progress=told.append, cancelled=lambda: len(told) == 3)
    with pytest.raises(CancelledError):
        train(bundled_model_path(), LESSON, SHORT, seed=1, watch=watch)
    assert told == [1 / 16, 2 / 16, 3 / 16]  # of 8 epochs of 2 batches


def test_training_ends_in_its_time_with_what_was_learned_by_then():
    told, kept = [], []
    watch = Watch(progress=told.append, checkpoint=kept.append)
    train(bundled_model_path(), LESSON, replace(SHORT, limit_s=1e-9), seed=1, watch=watch)
    assert len(told) == 1  # one step is always taken
    assert not kept


def test_after_each_epoch_there_is_something_to_keep():
    kept = []
    train(bundled_model_path(), LESSON, replace(SHORT, epochs=2), seed=1, watch=Watch(checkpoint=kept.append))
    assert len(kept) == 2


def test_a_batch_holds_no_passage_twice_and_no_pair_is_lost():
    pairs = [Pair(question, question % 3, 1.0) for question in range(10)]
    made = list(batches(pairs, 4, np.random.default_rng(0)))
    assert all(len({pair.passage for pair in batch}) == len(batch) for batch in made)
    assert sorted(pair.question for batch in made for pair in batch) == list(range(10))
