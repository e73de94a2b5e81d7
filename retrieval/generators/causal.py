"""A causal language model in this process: messages -> tokens -> words, one by one."""

import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

from retrieval.errors import ModelError
from retrieval.types import Sampling


class StoppedError(Exception):
    """Nobody wants more words."""


class CausalModel:
    """A model and its tokenizer, from a folder of safetensors; code that comes with a model is never run.

    Not to be used by two threads at a time, but for ``encode``.

    Attributes:
        model: Of transformers.
        window: Tokens it reads and writes at most, together.

    Raises:
        ModelError: The folder holds no such model.
    """

    def __init__(self, folder: Path, *, device: str | None, context_tokens: int) -> None:
        import torch
        import transformers
        from jinja2 import TemplateError
        from safetensors import SafetensorError

        if not folder.is_dir():
            raise ModelError(f"there is no language model in {folder}: it is a folder with config.json")
        device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        options: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
        try:
            self._tokenizer: Any = transformers.AutoTokenizer.from_pretrained(folder, **options)
            model: Any = transformers.AutoModelForCausalLM.from_pretrained(
                folder, use_safetensors=True, dtype="auto" if device != "cpu" else torch.float32, **options
            )
            self.model = model.to(device).eval()
        except (OSError, ValueError, LookupError, TypeError, RuntimeError, ImportError, SafetensorError) as error:
            raise ModelError(f"the language model in {folder} cannot be loaded: {error}"[:500]) from error
        self._torch: Any = torch
        self._transformers: Any = transformers
        self._encoding = Lock()  # a tokenizer that is set up for two texts at a time fails: "Already borrowed"
        self._template_failed = TemplateError
        self._special = _special_tokens(self._tokenizer)
        self.ends = _ends(self.model, self._tokenizer)
        # What a model's maker sets for drawing words would act besides what was asked for and recorded.
        self.model.generation_config = self._transformers.GenerationConfig(
            eos_token_id=sorted(self.ends) or None, pad_token_id=min(self.ends, default=0)
        )
        longest = getattr(self.model.config.get_text_config(), "max_position_embeddings", None) or context_tokens
        self.window: int = min(context_tokens, longest)
        self._stopped: Callable[[], bool] = _never
        self._watch()

    def encode(self, messages: Sequence[tuple[str, str]]) -> list[int]:
        """Word messages as the model was taught to read them.

        Args:
            messages: (role, text) pairs; special tokens in a text are only letters.

        Returns:
            Ids of tokens, up to where the model is to speak.
        """
        harmless = [(role, self._special.sub(_broken_up, text)) for role, text in messages]
        with self._encoding:
            ids: list[int] = self._tokenizer(self._prompt(harmless), add_special_tokens=False)["input_ids"]
        return ids

    def encode_reply(self, text: str) -> list[int]:
        """Word a reply as the model would say it after ``encode``: what it is taught to say.

        Returns:
            Ids of tokens, with the end where the model has one.
        """
        # Without a template a role's name and a colon stand before it, and then a space.
        said = self._special.sub(_broken_up, text if self._tokenizer.chat_template else f" {text}")
        with self._encoding:
            ids: list[int] = self._tokenizer(said, add_special_tokens=False)["input_ids"]
        end = self._tokenizer.eos_token_id if self._tokenizer.eos_token_id is not None else min(self.ends, default=None)
        return ids if end is None else [*ids, end]

    def _prompt(self, messages: Sequence[tuple[str, str]]) -> str:
        plain = "\n\n".join(f"{role}: {text}" for role, text in messages)
        if not self._tokenizer.chat_template:
            return f"{plain}\n\nassistant:"
        # Models that think first are asked not to: it takes minutes on a CPU.
        filled = partial(
            self._tokenizer.apply_chat_template, add_generation_prompt=True, tokenize=False, enable_thinking=False
        )
        try:
            return str(filled([{"role": role, "content": text} for role, text in messages]))
        except self._template_failed:  # it knows no system, or wants the roles in turn
            return str(filled([{"role": "user", "content": plain}]))

    def speak(
        self, ids: Sequence[int], sampling: Sampling, *, say: Callable[[str], None], stopped: Callable[[], bool]
    ) -> list[int]:
        """Have the model go on; equal prompts and samplings give equal words.

        Args:
            ids: The prompt.
            sampling: With ``max_tokens``; without a temperature above 0, the likeliest word is taken.
            say: Told the words as they come, in whole characters.
            stopped: Asked before every layer of every word, whether to stop.

        Returns:
            The ids of what was said, with the end where there is one.

        Raises:
            StoppedError: So it was.
            ModelError: The model failed.
        """
        streamer = _Words(self._tokenizer, say)
        prompt = self._torch.tensor([list(ids)], device=self.model.device)
        self._stopped = stopped
        try:
            with self._torch.inference_mode():
                self.model.generate(
                    prompt,
                    attention_mask=self._torch.ones_like(prompt),
                    max_new_tokens=sampling.max_tokens,
                    do_sample=False,
                    logits_processor=self._drawing(sampling),
                    streamer=streamer,
                )
        except (RuntimeError, ValueError, IndexError, TypeError, KeyError) as error:
            raise ModelError(f"the language model failed: {type(error).__name__}: {error}"[:500]) from error
        finally:
            self._stopped = _never
        return streamer.ids

    def _drawing(self, sampling: Sampling) -> Any:
        """Draw as the likeliest of disturbed words (Gumbel-max): the same as sampling, without a shared generator."""
        processors = self._transformers.LogitsProcessorList()
        if not sampling.temperature:
            return processors
        processors.append(self._transformers.TemperatureLogitsWarper(float(sampling.temperature)))
        if sampling.top_p is not None and sampling.top_p < 1:
            processors.append(self._transformers.TopPLogitsWarper(sampling.top_p))
        generator = self._torch.Generator().manual_seed(sampling.seed or 0)

        def disturbed(_ids: Any, scores: Any) -> Any:
            noise = self._torch.empty(scores.shape).exponential_(generator=generator).log()
            return scores - noise.to(scores.device)

        processors.append(disturbed)
        return processors

    def _watch(self) -> None:
        def check(*_: Any) -> None:
            if self._stopped():
                raise StoppedError

        self.model.register_forward_pre_hook(check)
        # A long prompt takes a large model many seconds, but not one layer of it.
        for module in self.model.modules():
            if isinstance(module, self._torch.nn.ModuleList):
                for layer in module:
                    layer.register_forward_pre_hook(check)


class _Words:
    """Takes tokens as ``generate`` puts them, and says them as soon as their characters are whole."""

    def __init__(self, tokenizer: Any, say: Callable[[str], None]) -> None:
        self.ids: list[int] = []
        self._decode = partial(tokenizer.decode, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        self._say = say
        self._prompt_put = False
        self._from = self._said = 0  # a token looks otherwise alone than behind the one before it

    def put(self, ids: Any) -> None:
        if not self._prompt_put:
            self._prompt_put = True
            return
        self.ids += ids.reshape(-1).tolist()
        self._tell(whole=True)

    def end(self) -> None:
        self._tell(whole=False)

    def _tell(self, *, whole: bool) -> None:
        before, text = self._decode(self.ids[self._from : self._said]), self._decode(self.ids[self._from :])
        if len(text) > len(before) and not (whole and text.endswith("�")):
            self._say(text[len(before) :])
            self._from, self._said = self._said, len(self.ids)


def _never() -> bool:
    return False


def _special_tokens(tokenizer: Any) -> re.Pattern[str]:
    added = {token.content for token in tokenizer.added_tokens_decoder.values() if token.special}
    tokens = sorted({*added, *tokenizer.all_special_tokens} - {""}, key=len, reverse=True)
    return re.compile("|".join(re.escape(token) for token in tokens) or r"(?!)")


def _broken_up(token: re.Match[str]) -> str:
    return f"{token[0][0]} {token[0][1:]}"


def _ends(model: Any, tokenizer: Any) -> frozenset[int]:
    ends: set[int] = set()
    for holder in (model.generation_config, model.config, tokenizer):
        found = getattr(holder, "eos_token_id", None)
        ends.update([found] if isinstance(found, int) else found or ())
    return frozenset(ends)
