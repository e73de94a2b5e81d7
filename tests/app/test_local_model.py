"""A language model in the server's own process, asked over HTTP."""

import pytest

from app.answering import Asked, answer
from app.auth import Caller
from app.owner import checked, serving
from app.settings import Settings
from retrieval.errors import InvalidInputError
from retrieval.events import unheard
from retrieval.types import Principal, Query, Sampling

# peft 0.21 reads it from transformers 5.23.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")

ANSWER = "Roses are watered daily. [1]"
QUESTION = {"question": "When are roses watered?"}
ADAPTED = QUESTION | {"sampling": {"adapter": "loud", "max_tokens": 8}}


def adapt(model, folder):
    """Write an adapter that has the model say something else; the model is made open to it."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(1)
    network = AutoModelForCausalLM.from_pretrained(model)
    for layer in network.model.layers:
        torch.nn.init.ones_(layer.input_layernorm.weight)  # attention itself adds nothing, still
    network.save_pretrained(model)
    adapted = get_peft_model(network, LoraConfig(target_modules=["v_proj", "o_proj"]))
    for name, weights in adapted.named_parameters():
        if "lora_" in name:
            torch.nn.init.normal_(weights)
    adapted.save_pretrained(folder)


@pytest.fixture(scope="module")
def client(tmp_path_factory, parrot, ingest):
    """An administrator's client of a server whose model says what the document says."""
    home = tmp_path_factory.mktemp("home")
    (home / "garden.md").write_text("# Garden\n\nRoses are watered daily.\n")
    model = parrot("Roses are", " watered daily.", " [1]")
    adapt(model, home / "adapters" / "loud")
    settings = Settings(data_dir=home / "data", local_model=model, local_adapters=home / "adapters")
    with serving(settings) as client:
        ingest(client, home / "garden.md")
        yield client


def test_an_answer_is_in_the_models_words_and_cites(client):
    given = checked(client.post("/v1/answers", json=QUESTION))
    assert (given["answer"], given["degraded"]) == (ANSWER, False)
    assert given["generator"].startswith("local:")
    assert given["citations"][0]["quote"] == "Roses are watered daily."


def test_an_adapter_is_worn_for_one_request_and_recorded_with_it(client):
    adapted = checked(client.post("/v1/answers", json=ADAPTED))
    assert not adapted["degraded"]
    assert adapted["answer"] != ANSWER
    assert checked(client.post("/v1/answers", json=QUESTION))["answer"] == ANSWER
    replayed = client.post(f"/v1/answers/{adapted['interaction_id']}/replay").json()
    assert (replayed["same"], replayed["differences"]) == (True, [])
    assert replayed["generation"]["adapter"] == "loud"


def test_an_adapter_that_is_not_there_is_named(client):
    refused = client.post("/v1/answers", json=QUESTION | {"sampling": {"adapter": "../loud"}})
    assert refused.status_code == 422
    assert "no adapter '../loud'" in refused.json()["detail"]


def test_only_administrators_choose_an_adapter():
    reader = Caller(Principal("u:reader"), "key:1")
    asked = Asked(Query("When are roses watered?", sampling=Sampling(adapter="loud")), reader)
    with pytest.raises(InvalidInputError, match="only administrators"):
        answer(None, asked, listen=unheard, left=lambda: False)
