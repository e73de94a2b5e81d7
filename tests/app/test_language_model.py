"""The answer path with a language model, against a real OpenAI-compatible server over HTTP.

The server is the one in transformers with a tiny model built here; its words mean nothing, so these tests hold the
protocol, the citations and the fallback, not the quality.
"""

import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from retrieval.answer import Answerer
from retrieval.cite import cite
from retrieval.errors import ModelError
from retrieval.generators.openai_compatible import OpenAICompatibleGenerator
from retrieval.prompt import Draft, Prompt
from retrieval.types import Chunk, Passage

TRANSFORMERS = str(Path(sys.executable).parent / "transformers")


def _passage(text, number):
    chunk = Chunk(
        id=f"c{number}",
        document_id=f"d{number}",
        revision_id=f"r{number}",
        ordinal=0,
        start=10,
        end=10 + len(text),
        text=text,
        context="",
        section=(),
        token_count=1,
    )
    return Passage(chunk=chunk, collection="default", title=f"Title {number}", uri=f"upload:{number}", score=1.0)


PROMPT = Prompt(
    question="What is watered?",
    passages=(_passage("Roses are watered daily. Oaks are not.", 1), _passage("Bread is baked.", 2)),
)


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory):
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("tiny")
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    special = ["<unk>", "<s>", "</s>"]
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    tokenizer.train_from_iterator(["Roses are watered daily. Oaks are not. Bread is baked. [1] [2]"] * 10, trainer)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<s>", eos_token="</s>")
    fast.chat_template = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}assistant:"
    fast.save_pretrained(folder)
    config = LlamaConfig(
        vocab_size=len(fast),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=4096,
        bos_token_id=1,
        eos_token_id=2,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def model_server(tiny_model, tmp_path_factory):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = (tmp_path_factory.mktemp("log") / "server.log").open("w+")
    process = subprocess.Popen(
        [TRANSFORMERS, "serve", str(tiny_model), "--host", "127.0.0.1", "--port", str(port)],
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline:
        try:
            httpx.get(f"{url}/v1/models", timeout=1)
            break
        except httpx.HTTPError:
            time.sleep(0.5)
    log.seek(0)
    assert process.poll() is None, log.read()[-2000:]
    yield f"{url}/v1"
    process.kill()
    process.wait()
    log.close()


def test_a_real_server_words_the_draft(model_server, tiny_model):
    generator = OpenAICompatibleGenerator(model_server, str(tiny_model), max_tokens=16, timeout_s=60)
    draft = generator.generate(PROMPT)
    assert draft.text
    assert draft.generator == f"openai_compatible:{tiny_model}"
    _, citations = cite(draft, PROMPT.passages)
    for citation in citations:
        assert citation.quote in PROMPT.passages[int(citation.document_id[1:]) - 1].chunk.text


def test_a_server_that_is_not_there_is_a_model_error():
    generator = OpenAICompatibleGenerator("http://127.0.0.1:9/v1", "none", timeout_s=2)
    with pytest.raises(ModelError):
        generator.generate(PROMPT)


def test_a_model_the_server_does_not_have_is_a_model_error(model_server):
    generator = OpenAICompatibleGenerator(model_server, "no/such-model", timeout_s=20)
    with pytest.raises(ModelError):
        generator.generate(PROMPT)


class _Retriever:
    def retrieve(self, _question, **_):
        return list(PROMPT.passages)


class _Quoting:
    def generate(self, _prompt):
        return Draft("Roses are watered daily. [1]", None, 0.9, "extractive")


def test_when_the_model_fails_the_quotes_take_its_place(principal):
    broken = OpenAICompatibleGenerator("http://127.0.0.1:9/v1", "none", timeout_s=2)
    answer = Answerer(_Retriever(), broken, _Quoting()).answer("What is watered?", principal=principal).answer
    assert answer.degraded
    assert answer.text == "Roses are watered daily. [1]"
    assert answer.citations[0].quote == "Roses are watered daily."
