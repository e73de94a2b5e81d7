"""A language model that learns through a LoRA adapter, by peft."""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from retrieval.errors import CancelledError, ModelError
from retrieval.generators.adapter_files import CONFIG, WEIGHTS
from retrieval.generators.causal import CausalModel


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Let PyTorch draw from a seed, and as before afterwards."""
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


class Pupil:
    """Scores replies and learns from losses; the model's own weights stay as they are.

    Args:
        causal: The model; from here on it is wrapped.
        rank: Of the adapter.
        alpha: What it brings counts ``alpha / rank`` times.
        cancelled: Asked before every reply that is scored.

    Raises:
        ModelError: peft is not installed, or finds nothing to adapt.
    """

    def __init__(self, causal: CausalModel, *, rank: int, alpha: int, cancelled: Callable[[], bool]) -> None:
        import torch

        try:
            import peft
        except ImportError as error:
            raise ModelError('adapters need peft: pip install "attune[local]"') from error
        self._torch: Any = torch
        self._cancelled = cancelled
        config = peft.LoraConfig(r=rank, lora_alpha=alpha, target_modules="all-linear", task_type="CAUSAL_LM")
        try:
            self._model: Any = peft.get_peft_model(causal.model, config)
        except ValueError as error:
            raise ModelError(f"the language model cannot be adapted: {error}"[:500]) from error
        self._state = peft.get_peft_model_state_dict
        self._parameters = [one for one in self._model.parameters() if one.requires_grad]
        self.begin()

    def begin(self) -> None:
        """Forget where earlier steps were going: another goal begins."""
        self._optimizer = self._torch.optim.AdamW(self._parameters, lr=0.0, weight_decay=0.0)

    def score(self, prompt: Sequence[int], reply: Sequence[int]) -> Any:
        """Return the log-likelihood of a reply, a tensor of one number; see ``Score``.

        Raises:
            CancelledError: It was asked to stop.
            ModelError: The model failed.
        """
        if self._cancelled():
            raise CancelledError("the training of a language model was cancelled")
        ids = self._torch.tensor([[*prompt, *reply]], device=self._model.device)
        try:
            # Over a large vocabulary the logits of a prompt would take more memory than the model.
            logits = self._model(input_ids=ids, use_cache=False, logits_to_keep=len(reply) + 1).logits[0, :-1]
        except (RuntimeError, ValueError, IndexError, TypeError, KeyError) as error:
            raise ModelError(f"the language model failed: {type(error).__name__}: {error}"[:500]) from error
        said = ids[0, len(prompt) :, None]
        return logits.float().log_softmax(-1).gather(1, said).sum()

    def learn(self, losses: Iterable[Any], count: int, *, rate: float) -> float:
        """Take a step down the mean of losses, made one after the other.

        Returns:
            The mean.

        Raises:
            ModelError: It is no number.
        """
        self._optimizer.zero_grad()
        mean = 0.0
        for loss in losses:
            (loss / count).backward()
            mean += loss.item() / count
        norm = self._torch.nn.utils.clip_grad_norm_(self._parameters, 1.0)
        if not math.isfinite(mean) or not math.isfinite(float(norm)):
            raise ModelError("the training of a language model went astray: its loss is no number")
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._optimizer.step()
        return mean

    def files(self, base: str) -> dict[str, bytes]:
        """Return the files of the adapter by name: matrices, and how they act; nothing that was learned from.

        Args:
            base: Fingerprint of the model.
        """
        from safetensors.torch import save

        config = self._model.peft_config["default"]
        tensors = {name: one.detach().cpu().contiguous() for name, one in self._state(self._model).items()}
        acting = {
            "peft_type": "LORA",
            "task_type": "CAUSAL_LM",
            "base_model_name_or_path": base,
            "bias": "none",
            "fan_in_fan_out": config.fan_in_fan_out,
            "inference_mode": True,
            "lora_alpha": config.lora_alpha,
            "r": config.r,
            "target_modules": sorted({
                name.removeprefix("base_model.model.").rpartition(".lora_")[0] for name in tensors
            }),
        }
        return {CONFIG: json.dumps(acting, sort_keys=True, indent=1).encode(), WEIGHTS: save(tensors)}
