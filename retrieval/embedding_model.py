"""The files of an embedding model -> the model."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from retrieval.bert import fast_pass
from retrieval.errors import ModelError

_PIECE_BYTES = 2**20


def load_model(model: str | Path, *, device: str | None = None, dtype: Any = None, attention: str | None = None) -> Any:
    """Load a sentence-transformers model.

    Args:
        model: A folder or a hub id.
        device: cuda where there is one when None.
        dtype: Of its weights; what is fastest here when None.
        attention: How transformers computes it; None leaves it the choice.

    Returns:
        The model.

    Raises:
        ModelError: It cannot be loaded.
    """
    import torch
    from sentence_transformers import SentenceTransformer

    silence_progress_bars()
    dtype = dtype or (torch.bfloat16 if fast_bfloat16(torch, device) else torch.float32)
    options = {"dtype": dtype, "use_safetensors": True} | ({"attn_implementation": attention} if attention else {})
    try:
        return SentenceTransformer(str(model), device=device, model_kwargs=options)
    except (OSError, ValueError) as error:
        raise ModelError(f"cannot load the embedding model {model}: {error}") from error


class LoadedModel:
    """A loaded model as what encodes texts; see ``retrieval.bert.Bert``, which gives the same.

    Args:
        model: Of ``load_model``; it is not changed afterwards.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._fast = fast_pass(model)
        self.tokenizer = model.tokenizer.backend_tokenizer
        self.max_tokens = int(model.max_seq_length or 512)
        self.dim = int(model.get_embedding_dimension() or 0)

    def __call__(self, texts: list[str]) -> tuple[Any, Any, Any]:
        """Encode texts; gives embeddings of tokens, their offsets and unit vectors."""
        import torch

        features = self._model.tokenizer(
            texts,
            padding=True,
            truncation=True,
            max_length=self.max_tokens,
            return_offsets_mapping=True,
            return_tensors="pt",
        )
        offsets = features.pop("offset_mapping").numpy()
        inputs = {name: value.to(self._model.device) for name, value in features.items()}
        if self._fast is not None:
            tokens, vectors = self._fast(inputs["input_ids"], inputs["attention_mask"])
        else:
            output = self._model(inputs)
            tokens = output["token_embeddings"]
            vectors = torch.nn.functional.normalize(output["sentence_embedding"].float(), dim=-1)
        return tokens, offsets, vectors


def silence_progress_bars() -> None:
    """Keep transformers from drawing its own: they are for notebooks, and ours show documents."""
    from transformers.utils import logging

    silence: Callable[[], None] = logging.disable_progress_bar
    silence()


def fast_bfloat16(torch: Any, device: str | None) -> bool:
    """Say whether the device computes faster in bfloat16."""
    # bf16 is 3-5 times faster than fp32 on CPUs with AMX and 7 times slower on those without any bf16 unit.
    if device and device != "cpu":
        return True
    if device is None and torch.cuda.is_available():
        return True
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("amx_bf16") or capabilities.get("avx512_bf16"))


def weights_digest(model: str | Path) -> str:
    """Return what tells the weights of a model from others: 12 characters."""
    folder = Path(model)
    digest = hashlib.sha256()
    if folder.is_dir():
        for file in sorted(folder.rglob("*.safetensors")):
            with file.open("rb") as stream:  # piece by piece: a model may be as large as memory
                while piece := stream.read(_PIECE_BYTES):
                    digest.update(piece)
    else:
        digest.update(str(model).encode())
    return digest.hexdigest()[:12]
