import json
import shutil
import subprocess
import sys

import pytest

from retrieval.bert import fast_pass, read_bert
from retrieval.embed import bundled_model_path
from retrieval.embedding_model import LoadedModel, load_model

TEXTS = ["Roses want water.", "short", "A longer text about oaks. " * 40, "不 日本語", "", "Ünïcödé ß\u200b\x00 👍🏽"]


@pytest.fixture(scope="module")
def bundled():
    import torch
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(bundled_model_path()), device="cpu", model_kwargs={"dtype": torch.float32})


def test_the_pass_gives_the_library_s_embeddings_of_every_token(bundled):
    import torch

    texts = ["Roses want water.", "short", "A longer text about oaks. " * 40, "不", ""]
    features = bundled.tokenizer(texts, padding=True, truncation=True, max_length=256, return_tensors="pt")
    with torch.inference_mode():
        own = bundled(dict(features))
        tokens, vectors = fast_pass(bundled)(features["input_ids"], features["attention_mask"])
    real = features["attention_mask"].bool()
    # fp32 sums in another order; padding is nobody's embedding
    assert float((tokens - own["token_embeddings"])[real].abs().max()) < 1e-4
    assert float((vectors - own["sentence_embedding"]).abs().max()) < 1e-5


def test_a_model_of_another_form_keeps_the_library_s_pass(bundled, monkeypatch):
    monkeypatch.setattr(bundled[0].auto_model.config, "hidden_act", "relu")
    assert fast_pass(bundled) is None


def test_a_pass_whose_vectors_differ_is_not_taken(bundled, monkeypatch):
    monkeypatch.setattr(bundled[0].auto_model.config, "num_attention_heads", 6)
    assert fast_pass(bundled) is None


def test_numbers_of_sixteen_bits_pass_too():
    import torch

    # The library's own vectors have another length than 1 then, which once had the pass refused.
    assert fast_pass(load_model(bundled_model_path(), device="cpu", dtype=torch.bfloat16)) is not None


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_bundled_model_read_from_its_folder_is_the_one_that_the_library_loads(dtype):
    import torch

    folder, kind = bundled_model_path(), getattr(torch, dtype)
    loaded = LoadedModel(load_model(folder, device="cpu", dtype=kind))
    read = read_bert(folder, device="cpu", dtype=kind)
    assert (read.max_tokens, read.dim) == (loaded.max_tokens, loaded.dim) == (256, 384)
    with torch.inference_mode():
        ours, theirs = read(TEXTS), loaded(TEXTS)
    assert torch.equal(ours[0], theirs[0])
    assert (ours[1] == theirs[1]).all()
    assert torch.equal(ours[2], theirs[2])


@pytest.mark.parametrize(
    ("file", "name", "value"),
    [
        ("config.json", "hidden_act", "relu"),
        ("config.json", "model_type", "roberta"),
        ("1_Pooling/config.json", "pooling_mode_cls_token", True),
    ],
)
def test_a_folder_of_another_form_is_not_read(tmp_path, file, name, value):
    import torch

    folder = shutil.copytree(bundled_model_path(), tmp_path / "model")
    assert read_bert(folder, device="cpu", dtype=torch.float32) is not None
    read_bert.cache_clear()
    (folder / file).write_text(json.dumps(json.loads((folder / file).read_text()) | {name: value}))
    assert read_bert(folder, device="cpu", dtype=torch.float32) is None


@pytest.mark.parametrize("file", ["1_Pooling/config.json", "tokenizer.json", "modules.json"])
def test_a_folder_that_lacks_something_is_left_to_the_library(tmp_path, file):
    import torch

    folder = shutil.copytree(bundled_model_path(), tmp_path / "model")
    (folder / file).unlink()
    assert read_bert(folder, device="cpu", dtype=torch.float32) is None


def test_the_bundled_model_needs_no_library_that_loads_others():
    said = (
        "import sys; from retrieval.embed import SentenceTransformerEmbedder, bundled_model_path\n"
        "print(SentenceTransformerEmbedder(bundled_model_path(), device='cpu').embed_query('x').shape,"
        " {'transformers', 'sentence_transformers', 'scipy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    assert done.stdout == "(384,) set()\n"
