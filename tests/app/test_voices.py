"""Which adapters of candidates the server's language model can wear."""

import json

import pytest

from app.settings import Settings
from app.voices import Voices, checked_voice, voice_folder, voice_lacks
from finetune.artifact import GENERATOR, Artifacts, Recipe
from finetune.types import Parts
from retrieval.errors import ModelError
from retrieval.generators.adapter_files import CONFIG, base_of
from retrieval.learned import NOTHING, Learned, Serving
from retrieval.types import Principal, Sampling

READER = Principal("u:reader")


@pytest.fixture
def model(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"weights")
    return folder


@pytest.fixture
def settings(model, tmp_path):
    return lambda **more: Settings(**({"data_dir": tmp_path / "data", "local_model": model} | more))


@pytest.fixture
def learned(model, tmp_path):
    """Make what serves by an adapter that was made for a language model."""

    def learned(key, base=None):
        folder = voice_folder(tmp_path / "data", key)
        folder.mkdir(parents=True)
        acting = {"peft_type": "LORA", "base_model_name_or_path": base or base_of(model)}
        (folder / CONFIG).write_text(json.dumps(acting))
        return Learned(key, voice=key)

    return learned


def test_a_voice_of_this_model_is_heard(settings, learned):
    mine = learned("mine")
    voices = Voices(settings())
    voices.check("mine")
    assert voices.heard(lambda _: Serving(mine))(READER).live is mine


def test_a_voice_of_another_model_is_silent_and_what_it_finds_by_serves(settings, learned):
    other = learned("other", "weights-sha256:0")
    voices = Voices(settings())
    heard = voices.heard(lambda _: Serving(other, instead=NOTHING))(READER)
    assert (heard.live.id, heard.live.voice, heard.instead) == ("other", None, NOTHING)
    with pytest.raises(ModelError, match="another language model"):
        voices.check("other")


def test_a_voice_that_was_changed_or_is_gone_is_not_worn(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    (source / CONFIG).write_text("{}")
    recipe = Recipe("generator", ("generator",), "5e7", "toy", 1)
    artifacts = Artifacts(tmp_path / "learning" / "candidates")
    made, _ = artifacts.write(Parts(generator=GENERATOR), recipe, folders={GENERATOR: source})
    folder = voice_folder(tmp_path, made)
    checked_voice(folder)
    (folder / CONFIG).write_text("{ }")
    with pytest.raises(ModelError):
        checked_voice(folder)
    artifacts.remove(made)
    with pytest.raises(ModelError):
        checked_voice(folder)


@pytest.mark.parametrize(
    ("set_to", "words"),
    [
        ({"local_model": None}, "ATTUNE_LOCAL_MODEL"),
        ({"local_model": None, "llm_url": "http://127.0.0.1:1/v1", "llm_model": "m"}, "behind an endpoint"),
    ],
)
def test_a_server_without_a_model_of_its_own_wears_none(settings, learned, set_to, words):
    mine = learned("mine")
    voices = Voices(settings(**set_to))
    assert words in voice_lacks(settings(**set_to))
    assert voices.heard(lambda _: Serving(mine))(READER).live.voice is None
    with pytest.raises(ModelError, match=words):
        voices.check("mine")


def test_an_adapter_that_a_request_names_goes_before_what_was_learned():
    assert Learned("a", voice="a").voiced(Sampling(adapter="own")).adapter == "own"
    assert Learned("a", voice="a").voiced(Sampling()).adapter == "a"
    assert NOTHING.voiced(Sampling()) == Sampling()
