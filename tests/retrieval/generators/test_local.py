"""A model of a few thousand parameters that is made here: what is held is the path, not the quality of the words."""

import json
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import torch
from peft import LoraConfig, get_peft_model

from retrieval.deadline import Deadline
from retrieval.errors import AdapterError, CancelledError, InvalidInputError, ModelError
from retrieval.generators.adapters import MOST_LOADED, Home
from retrieval.generators.causal import CausalModel
from retrieval.generators.local import LocalGenerator
from retrieval.generators.voiced import Voiced
from retrieval.learned import Learned, Serving
from retrieval.types import Sampling

# peft 0.21 reads it from transformers 5.23.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")

ANSWER = "Roses are watered daily. [1]"


@pytest.fixture(scope="module")
def model(parrot):
    """The folder of a model that always answers the same."""
    return parrot("Roses are", " watered daily.", " [1]")


@pytest.fixture(scope="module")
def babbler(tmp_path_factory, model):
    """The folder of a model that says anything, and never ends by itself."""
    from transformers import LlamaConfig, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("babbler")
    shutil.copytree(model, folder, dirs_exist_ok=True)
    torch.manual_seed(1)
    config = LlamaConfig.from_pretrained(model, num_hidden_layers=2)
    network = LlamaForCausalLM(config)
    with torch.no_grad():
        network.lm_head.weight[:3] = 0.0  # <unk>, <s>, </s>
        network.lm_head.weight *= 20  # likeliest words stand out
    network.save_pretrained(folder)
    return folder


@pytest.fixture
def adapters(tmp_path):
    folder = tmp_path / "adapters"
    folder.mkdir()
    return folder


def make_adapter(model, folder, seed=1, **options):
    """Write an adapter whose weights are drawn at random, large enough to be heard."""
    from transformers import AutoModelForCausalLM

    torch.manual_seed(seed)
    config = LoraConfig(**({"r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "v_proj", "up_proj"]} | options))
    network = get_peft_model(AutoModelForCausalLM.from_pretrained(model), config)
    for name, weights in network.named_parameters():
        if "lora_" in name:
            torch.nn.init.normal_(weights)
    network.save_pretrained(folder)
    return folder


def ask(generator, prompt, seconds=30, **sampling):
    return generator.generate(replace(prompt, sampling=Sampling(**sampling)), deadline=Deadline(seconds))


def test_words_are_told_as_they_come_and_kept_with_what_is_known_of_them(model, prompt):
    told = []
    draft = LocalGenerator(model).generate(prompt, deadline=Deadline(30), tell=told.append)
    assert told == ["Roses are", " watered daily.", " [1]"]
    assert (draft.text, draft.confidence, draft.generator) == (ANSWER, None, f"local:{model.name}")
    assert draft.generation == {"temperature": 0.0, "max_tokens": 512, "model": model.name, "finish": "stop"}
    assert draft.tokens["completion"] == 4
    assert 100 < draft.tokens["prompt"] < 4096


def test_a_model_that_finds_no_answer_gives_an_empty_draft(parrot, prompt):
    draft = ask(LocalGenerator(parrot("NOT", " ANSWERED")), prompt)
    assert (draft.text, draft.confidence) == ("", 0.0)


def test_a_model_that_answers_nothing_is_a_model_error(parrot, prompt):
    with pytest.raises(ModelError, match="nothing"):
        ask(LocalGenerator(parrot(" ", "\n")), prompt)


def test_a_prompt_of_ours_is_replied_to(model):
    assert LocalGenerator(model).complete("Say roses.") == ANSWER


def test_the_same_seed_draws_the_same_words_whatever_else_is_drawn(babbler, prompt):
    generator = LocalGenerator(babbler)
    drawn = {"temperature": 1.5, "top_p": 0.95, "max_tokens": 24}
    first = ask(generator, prompt, seed=7, **drawn)
    state = torch.get_rng_state()
    assert ask(generator, prompt, seed=8, **drawn).text != first.text
    assert ask(generator, prompt, seed=7, **drawn).text == first.text
    assert torch.equal(torch.get_rng_state(), state)


def test_a_seed_that_was_not_asked_for_is_recorded_so_that_the_answer_can_be_drawn_again(babbler, prompt):
    generator = LocalGenerator(babbler)
    drawn = ask(generator, prompt, temperature=1.5, max_tokens=24)
    again = ask(generator, prompt, temperature=1.5, max_tokens=24, seed=drawn.generation["seed"])
    assert again.text == drawn.text
    assert ask(generator, prompt, max_tokens=4).generation.keys().isdisjoint({"seed"})


def test_words_are_drawn_as_often_as_they_are_likely(babbler):
    model = CausalModel(babbler, device="cpu", context_tokens=512)
    draw = model._drawing(Sampling(temperature=2.0, seed=1))
    scores = torch.log(torch.tensor([[0.64, 0.32, 0.04]])).repeat(20_000, 1)
    shares = torch.bincount(draw(None, scores).argmax(-1), minlength=3) / 20_000
    # At temperature 2 likelihoods count by their roots: 0.8, 0.5657 and 0.2, of 1.5657 together.
    assert shares.tolist() == pytest.approx([0.511, 0.361, 0.128], abs=0.015)


def test_a_reply_is_as_long_as_it_may_be(babbler, prompt):
    draft = ask(LocalGenerator(babbler), prompt, max_tokens=9)
    assert (draft.tokens["completion"], draft.generation["finish"]) == (9, "length")
    assert ask(LocalGenerator(babbler, defaults=Sampling(max_tokens=5)), prompt, max_tokens=9).tokens["completion"] == 5


def test_at_the_deadline_the_model_stops(babbler, prompt):
    generator = LocalGenerator(babbler, context_tokens=4096, defaults=Sampling(max_tokens=2000))
    began = time.monotonic()
    with pytest.raises(ModelError, match="not done in time"):
        ask(generator, prompt, seconds=0.3)
    assert time.monotonic() - began < 3
    # It is free at once for the next.
    assert ask(generator, prompt, seconds=5, max_tokens=1).tokens["completion"] == 1


def test_a_model_stops_when_whoever_asked_has_left(babbler, prompt):
    generator = LocalGenerator(babbler, context_tokens=4096, defaults=Sampling(max_tokens=2000))
    left = threading.Event()
    threading.Timer(0.3, left.set).start()
    began = time.monotonic()
    with pytest.raises(CancelledError):
        generator.generate(prompt, deadline=Deadline(60, left.is_set))
    assert time.monotonic() - began < 3
    assert ask(generator, prompt, seconds=5, max_tokens=1).tokens["completion"] == 1


def test_who_waits_for_another_waits_no_longer_than_the_deadline(babbler, prompt):
    generator = LocalGenerator(babbler, context_tokens=4096, defaults=Sampling(max_tokens=2000))
    begun, left = threading.Event(), threading.Event()

    def talk():
        with pytest.raises(CancelledError):
            generator.generate(prompt, deadline=Deadline(60, left.is_set), tell=lambda _: begun.set())

    talking = threading.Thread(target=talk)
    talking.start()
    assert begun.wait(10)
    began = time.monotonic()
    with pytest.raises(ModelError, match="not done in time"):
        ask(generator, prompt, seconds=0.3, max_tokens=1)
    assert time.monotonic() - began < 3
    left.set()
    talking.join()


def test_many_ask_at_the_same_time(model, prompt):
    generator = LocalGenerator(model)
    with ThreadPoolExecutor(8) as people:
        drafts = list(people.map(lambda _: ask(generator, prompt), range(32)))
    assert {draft.text for draft in drafts} == {ANSWER}


def test_a_prompt_that_is_too_long_loses_its_last_passages(babbler, prompt):
    passage = prompt.passages[0]
    many = replace(prompt, passages=tuple(replace(passage, chunk=replace(passage.chunk, text="Ö" * 900)) for _ in "ab"))
    generator = LocalGenerator(babbler, context_tokens=4096, defaults=Sampling(max_tokens=4))
    assert ask(generator, many).tokens["prompt"] > 3600  # two bytes a letter, a token each
    few = ask(LocalGenerator(babbler, context_tokens=3000, defaults=Sampling(max_tokens=4)), many)
    assert 1800 < few.tokens["prompt"] <= 2996
    cut = ask(LocalGenerator(babbler, context_tokens=200, defaults=Sampling(max_tokens=4)), many)
    assert cut.tokens["prompt"] == 196


def test_special_tokens_in_a_text_are_only_letters(model):
    causal = CausalModel(model, device="cpu", context_tokens=512)
    ids = causal.encode([("user", "a</s>b <s> <unk>")])
    assert not {0, 1, 2} & set(ids)


def test_a_template_without_a_system_is_given_one_message(tmp_path, model):
    strict = shutil.copytree(model, tmp_path / "strict")
    (strict / "chat_template.jinja").write_text(
        "{% for m in messages %}{% if m['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}"
        "<{{ m['role'] }}>{{ m['content'] }}{% endfor %}"
    )
    causal = CausalModel(strict, device="cpu", context_tokens=512)
    text = causal._tokenizer.decode(causal.encode([("system", "Be brief."), ("user", "Why?")]))
    assert text == "<user>system: Be brief.\n\nuser: Why?"


def test_a_model_without_a_template_is_asked_plainly(tmp_path, model, prompt):
    plain = shutil.copytree(model, tmp_path / "plain")
    (plain / "chat_template.jinja").unlink()
    causal = CausalModel(plain, device="cpu", context_tokens=512)
    text = causal._tokenizer.decode(causal.encode([("user", "Why?")]))
    assert text == "user: Why?\n\nassistant:"
    assert ask(LocalGenerator(plain), prompt).text == ANSWER


def test_characters_of_several_tokens_are_told_whole(parrot, prompt):
    told = []
    generator = LocalGenerator(
        parrot("caf", "Ã", "©", "!", "Â")
    )  # bytes as the tokenizer writes them; the last is half of one
    generator.generate(prompt, deadline=Deadline(30), tell=told.append)
    assert told == ["caf", "é", "!", "�"]


def test_an_adapter_changes_the_words_and_none_changes_nothing(babbler, prompt, adapters):
    make_adapter(babbler, adapters / "one")
    make_adapter(babbler, adapters / "two", seed=2, r=8, use_rslora=True, rank_pattern={"q_proj": 2})
    base = ask(LocalGenerator(babbler), prompt, max_tokens=16)
    generator = LocalGenerator(babbler, adapters=adapters)
    one = ask(generator, prompt, max_tokens=16, adapter="one")
    two = ask(generator, prompt, max_tokens=16, adapter="two")
    assert len({base.text, one.text, two.text}) == 3
    assert ask(generator, prompt, max_tokens=16).text == base.text
    assert ask(generator, prompt, max_tokens=16, adapter="one").text == one.text
    assert (one.generation["adapter"], "adapter" in base.generation) == ("one", False)


def test_without_an_adapter_the_model_computes_the_same_bit_for_bit(babbler, prompt, adapters):
    make_adapter(babbler, adapters / "one")
    generator = LocalGenerator(babbler, adapters=adapters)
    ids = torch.tensor([[5, 6, 7]])
    before = generator._model.model(ids).logits
    ask(generator, prompt, max_tokens=1, adapter="one")
    with generator._adapters.worn(None):
        assert torch.equal(generator._model.model(ids).logits, before)
    with generator._adapters.worn(adapters / "one"):
        assert not torch.allclose(generator._model.model(ids).logits, before)


def test_an_adapter_acts_as_peft_lets_it_act(babbler, adapters):
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    make_adapter(babbler, adapters / "one", r=8, rank_pattern={"q_proj": 2}, alpha_pattern={"v_proj": 32})
    ids = torch.tensor([[5, 6, 7]])
    expected = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(babbler), adapters / "one")(ids).logits
    generator = LocalGenerator(babbler, adapters=adapters)
    with generator._adapters.worn(adapters / "one"):
        assert torch.equal(generator._model.model(ids).logits, expected)


def test_an_adapter_that_was_learned_is_checked_whenever_it_is_loaded(babbler, prompt, tmp_path):
    looked = []

    def check(folder):
        looked.append(folder)
        if len(looked) > 1:
            raise ModelError("changed since")

    place = tmp_path / "c1" / "generator"
    make_adapter(babbler, place)
    generator = LocalGenerator(babbler, learned=Home(lambda name: tmp_path / name / "generator", check))
    said = [ask(generator, prompt, max_tokens=8, adapter="c1").text for _ in range(2)]
    assert (len(set(said)), looked) == (1, [place])
    make_adapter(babbler, place, seed=9)
    with pytest.raises(AdapterError, match="changed since"):
        ask(generator, prompt, max_tokens=8, adapter="c1")


def test_a_model_speaks_on_where_the_files_of_what_it_learned_went_or_changed(babbler, prompt, tmp_path):
    place = make_adapter(babbler, tmp_path / "c1" / "generator")
    generator = LocalGenerator(babbler, learned=Home(lambda name: tmp_path / name / "generator", str))
    voiced = Voiced(generator, Serving(Learned("c1", voice="c1")), Learned("c1", voice="c1"))
    base, learned = ask(generator, prompt, max_tokens=8).text, ask(voiced, prompt, max_tokens=8)
    assert (learned.text == base, learned.generation["adapter"]) == (False, "c1")
    (place / "adapter_config.json").write_text("{")
    assert ask(voiced, prompt, max_tokens=8).text == base
    place.rename(tmp_path / "aside")
    said = ask(voiced, prompt, max_tokens=8)
    assert (said.text, "adapter" in said.generation) == (base, False)


def test_a_few_adapters_stay_loaded(babbler, prompt, adapters):
    names = [f"a{n}" for n in range(MOST_LOADED + 2)]
    for seed, name in enumerate(names):
        make_adapter(babbler, adapters / name, seed=seed)
    generator = LocalGenerator(babbler, adapters=adapters)
    first = [ask(generator, prompt, max_tokens=8, adapter=name).text for name in names]
    assert len(generator._adapters._peft.peft_config) == MOST_LOADED
    assert [ask(generator, prompt, max_tokens=8, adapter=name).text for name in names] == first


def test_an_adapter_that_is_trained_anew_is_loaded_anew(babbler, prompt, adapters):
    make_adapter(babbler, adapters / "one")
    generator = LocalGenerator(babbler, adapters=adapters)
    before = ask(generator, prompt, max_tokens=16, adapter="one").text
    make_adapter(babbler, adapters / "one", seed=9)
    assert ask(generator, prompt, max_tokens=16, adapter="one").text != before


@pytest.mark.parametrize("name", ["none", "", "..", "../one", "one/..", "/etc", "one\0", ".hidden", "a" * 300])
def test_an_adapter_that_is_not_there_is_for_the_caller_to_mend(babbler, prompt, adapters, name):
    make_adapter(babbler, adapters.parent / "one")
    with pytest.raises(InvalidInputError, match="no adapter"):
        ask(LocalGenerator(babbler, adapters=adapters), prompt, adapter=name)
    with pytest.raises(InvalidInputError, match="no adapter"):
        ask(LocalGenerator(babbler), prompt, adapter=name)


def truncate(folder):
    weights = folder / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])


def pickled(folder):
    (folder / "adapter_model.safetensors").unlink()
    torch.save({}, folder / "adapter_model.bin")


def configured(**changes):
    def change(folder):
        path = folder / "adapter_config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return change


def weighted(change):
    def rewrite(folder):
        from safetensors.torch import load_file, save_file

        path = folder / "adapter_model.safetensors"
        save_file(change(load_file(path)), path)

    return rewrite


@pytest.mark.parametrize(
    "spoil",
    [
        truncate,
        pickled,
        lambda folder: (folder / "adapter_config.json").write_text("{"),
        lambda folder: (folder / "adapter_config.json").write_text("[" * 100_000),
        lambda folder: (folder / "adapter_model.safetensors").write_bytes(b""),
        configured(peft_type="IA3"),
        configured(use_dora=True),
        configured(lora_alpha="much"),
        configured(init_lora_weights="pissa"),
        configured(bias="all"),
        weighted(lambda _tensors: {}),
        weighted(lambda tensors: {name: tensor * float("nan") for name, tensor in tensors.items()}),
        weighted(lambda tensors: {name.replace("layers.0", "layers.9"): t for name, t in tensors.items()}),
        weighted(lambda tensors: {name: tensor for name, tensor in tensors.items() if "lora_A" in name}),
        weighted(lambda tensors: {name: tensor[:3].contiguous() for name, tensor in tensors.items()}),
    ],
)
def test_an_adapter_that_is_not_whole_is_a_model_error_and_leaves_the_model_as_it_was(babbler, prompt, adapters, spoil):
    make_adapter(babbler, adapters / "good", seed=2)
    spoil(make_adapter(babbler, adapters / "bad"))
    generator = LocalGenerator(babbler, adapters=adapters)
    base = ask(generator, prompt, max_tokens=8)
    with pytest.raises(ModelError, match="adapter bad"):
        ask(generator, prompt, max_tokens=8, adapter="bad")
    assert ask(generator, prompt, max_tokens=8).text == base.text
    good = ask(generator, prompt, max_tokens=8, adapter="good")
    with pytest.raises(ModelError, match="adapter bad"):
        ask(generator, prompt, max_tokens=8, adapter="bad")
    assert ask(generator, prompt, max_tokens=8, adapter="good").text == good.text
    assert ask(generator, prompt, max_tokens=8).text == base.text


def test_an_adapter_of_another_model_is_a_model_error(tmp_path, babbler, prompt, adapters):
    from transformers import LlamaConfig, LlamaForCausalLM

    LlamaForCausalLM(LlamaConfig.from_pretrained(babbler, hidden_size=48)).save_pretrained(tmp_path / "other")
    make_adapter(tmp_path / "other", adapters / "foreign")
    with pytest.raises(ModelError, match="adapter foreign does not fit"):
        ask(LocalGenerator(babbler, adapters=adapters), prompt, adapter="foreign")


def unsafe(folder):
    (folder / "model.safetensors").unlink()
    torch.save({}, folder / "pytorch_model.bin")


def with_code(folder):
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "ours", "auto_map": {"AutoConfig": "evil.Config", "AutoModelForCausalLM": "evil.Model"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "evil.py").write_text(f"open({str(folder / 'ran')!r}, 'w')")


@pytest.mark.parametrize(
    "spoil",
    [
        shutil.rmtree,
        unsafe,
        with_code,
        lambda folder: (folder / "config.json").write_text("{"),
        lambda folder: (folder / "model.safetensors").write_bytes(b"no weights"),
        lambda folder: (folder / "tokenizer.json").unlink(),
    ],
)
def test_a_folder_that_holds_no_model_is_a_model_error(tmp_path, model, spoil):
    folder = shutil.copytree(model, tmp_path / "model")
    spoil(folder)
    with pytest.raises(ModelError):
        LocalGenerator(folder)
    assert not (folder / "ran").exists()
