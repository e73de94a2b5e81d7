import pytest

from retrieval.bert import fast_pass
from retrieval.embed import bundled_model_path


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
