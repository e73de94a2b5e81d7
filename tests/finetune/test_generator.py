"""A language model that is taught by rows, and the adapter that it leaves."""

import json
from dataclasses import replace

import pytest

from finetune.generator import Schedule, Watch, teach
from finetune.generator_rows import Row, Rows
from retrieval.deadline import Deadline
from retrieval.errors import CancelledError, InvalidInputError, ModelError
from retrieval.generators.local import LocalGenerator
from retrieval.prompt import Prompt, build_messages
from retrieval.types import Chunk, Passage, Sampling

# peft 0.21 reads it from transformers 5.23.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")

REPLY, WORSE = "Roses are watered daily. [1]", "Oaks are not."
TEXT = "Roses are watered daily."
PASSAGE = Passage(Chunk("a", "doc-a", "rev-a", 0, 0, len(TEXT), TEXT, "", (), 3), "default", "T", "u", 1.0)
QUICK = Schedule(least=1, least_judged=1, batch=2, rate=1e-2, context_tokens=1024, device="cpu")
LONG = replace(QUICK, epochs=40)


def prompt(number, adapter=None):
    sampling = Sampling(temperature=0.0, max_tokens=24, adapter=adapter)
    return Prompt(f"Are roses watered {number}?", (PASSAGE,), sampling=sampling, mark="<<0>>")


def rows(count, **more):
    return tuple(
        Row(tuple(build_messages(prompt(number), context_tokens=1024)), REPLY, **more) for number in range(count)
    )


CORRECTED = Rows(corrected=rows(2))


@pytest.fixture(scope="module")
def model(parrot):
    """A language model of random weights, which says nothing that makes sense."""
    return scrambled(parrot("Roses are", " watered daily.", " [1]"), seed=1)


def scrambled(folder, *, seed):
    import torch
    from transformers import AutoModelForCausalLM

    torch.manual_seed(seed)
    network = AutoModelForCausalLM.from_pretrained(folder)
    for name, weights in network.named_parameters():
        torch.nn.init.ones_(weights) if "norm" in name else torch.nn.init.normal_(weights, std=0.2)
    network.save_pretrained(folder)
    return folder


def said(model, folder, *, adapter="cites", number=7):
    generator = LocalGenerator(model, adapters=folder, device="cpu", context_tokens=1024)
    return generator.generate(prompt(number, adapter), deadline=Deadline(60)).text


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def taught(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("adapters")
    return folder, teach(model, CORRECTED, folder / "cites", schedule=LONG, seed=1)


def test_it_says_what_corrections_taught_it_to_a_question_like_theirs(model, taught):
    folder, _ = taught
    assert said(model, folder) == REPLY
    assert said(model, folder, adapter=None) != REPLY


def test_without_a_chat_template_it_learns_too(model, tmp_path):
    import shutil

    plain = tmp_path / "plain"
    shutil.copytree(model, plain)
    (plain / "chat_template.jinja").unlink()
    teach(plain, CORRECTED, tmp_path / "adapters" / "cites", schedule=LONG, seed=1)
    assert said(plain, tmp_path / "adapters") == REPLY


def test_the_adapter_is_two_files_that_tell_nothing_of_what_was_learned(taught):
    folder, _ = taught
    left = files(folder / "cites")
    assert set(left) == {"adapter_config.json", "adapter_model.safetensors"}
    assert not any(b"oses" in content for content in left.values())
    assert [path.name for path in folder.iterdir()] == ["cites"]


def test_it_is_told_what_was_learned_from_how_much(taught):
    folder, done = taught
    config = json.loads((folder / "cites" / "adapter_config.json").read_bytes())
    assert config["base_model_name_or_path"] == done.base
    # Two rows are one batch, and forty epochs.
    assert (done.rows, done.steps, done.ended, done.too_long) == ({"corrections": 2}, 40, "done", 0)
    first, last = done.losses["corrections"]
    assert last < first / 5


def test_an_adapter_of_other_weights_is_refused_though_its_shapes_fit(taught, parrot):
    folder, _ = taught
    other = scrambled(parrot("Roses are", " watered daily.", " [1]"), seed=2)
    with pytest.raises(ModelError, match="trained on another language model"):
        said(other, folder)


def test_the_same_rows_and_seed_give_the_same_bytes_and_another_seed_others(model, tmp_path):
    made = [
        teach(model, CORRECTED, tmp_path / name, schedule=QUICK, seed=seed) and files(tmp_path / name)
        for name, seed in (("one", 1), ("again", 1), ("other", 2))
    ]
    assert made[0] == made[1] != made[2]


def test_a_comparison_makes_the_better_reply_likelier_than_the_worse(model, tmp_path):
    done = teach(model, Rows(preferred=rows(2, worse=WORSE)), tmp_path / "one", schedule=LONG, seed=1)
    first, last = done.losses["comparisons"]
    # Before anything is learned no reply has gained on the other: -log sigmoid(0) = log 2.
    assert first > last
    assert done.rows == {"comparisons": 2}
    once = replace(QUICK, epochs=1)
    at_once = teach(model, Rows(preferred=rows(2, worse=WORSE)), tmp_path / "two", schedule=once, seed=1)
    assert at_once.losses["comparisons"][0] == pytest.approx(0.6931, abs=1e-4)


def test_thumbs_make_what_was_liked_likelier(model, tmp_path):
    disliked = tuple(replace(row, reply=WORSE, liked=False) for row in rows(2))
    judged = Rows(thumbs=(*rows(2, liked=True), *disliked))
    done = teach(model, judged, tmp_path / "one", schedule=LONG, seed=1)
    first, last = done.losses["thumbs"]
    # Before anything is learned each loss is 1 - sigmoid(0).
    assert first > last
    once = replace(QUICK, epochs=1, batch=4)
    at_once = teach(model, judged, tmp_path / "two", schedule=once, seed=1)
    assert at_once.losses["thumbs"][0] == pytest.approx(0.5, abs=1e-4)


def test_it_stops_when_it_is_told_to_and_leaves_nothing(model, tmp_path):
    asked = iter([False, False, False, True])
    with pytest.raises(CancelledError):
        teach(
            model, CORRECTED, tmp_path / "a" / "one", schedule=LONG, seed=1, watch=Watch(cancelled=lambda: next(asked))
        )
    assert not (tmp_path / "a").exists()


def test_it_ends_when_time_is_up_with_what_it_learned_by_then(model, tmp_path):
    clock = iter(range(1000))
    shares, losses = [], []
    watch = Watch(clock=lambda: float(next(clock)), progress=shares.append, loss=lambda *told: losses.append(told))
    done = teach(model, CORRECTED, tmp_path / "one", schedule=replace(LONG, limit_s=4.0), seed=1, watch=watch)
    # It began at 0; steps begin at 1, 2 and 3, and 4 is too late.
    assert (done.ended, done.steps) == ("time", 3)
    assert shares == [0.25, 0.5, 0.75]
    assert [(stage, step) for stage, _, step in losses] == [("corrections", step) for step in range(3)]
    assert done.losses["corrections"] == (losses[0][1], losses[-1][1])
    assert files(tmp_path / "one")


def test_rows_that_are_too_long_are_left_out(model, tmp_path):
    endless = replace(CORRECTED.corrected[0], reply="Roses are watered daily. " * 400)
    done = teach(model, Rows(corrected=(*CORRECTED.corrected, endless)), tmp_path / "one", schedule=QUICK, seed=1)
    assert (done.rows, done.too_long) == ({"corrections": 2}, 1)


def test_too_little_is_not_learned_from(model, tmp_path):
    with pytest.raises(InvalidInputError, match="more to learn from than 2 corrections, 0 comparisons, 0 thumbs"):
        teach(model, CORRECTED, tmp_path / "one", seed=1)


def test_an_adapter_is_never_written_over(taught, model):
    folder, _ = taught
    with pytest.raises(InvalidInputError, match="an adapter cites already"):
        teach(model, CORRECTED, folder / "cites", schedule=QUICK, seed=1)


def test_what_is_no_model_is_named(tmp_path):
    with pytest.raises(ModelError, match="no language model"):
        teach(tmp_path / "none", CORRECTED, tmp_path / "one", schedule=QUICK, seed=1)
