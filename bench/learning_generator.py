"""What approved corrections teach a language model: answers whose citations are well formed, before and after.

Run from the repository root: ``python -m bench.learning_generator [--corrections N] [--held-out N]``. No language model
comes with the server, so a tiny one is made first: it copies a value out of three passages, the right one no oftener
than by chance, and cites nothing. Corrections add the mark; keys and values of the questions that are asked then are in
none of them. The rows, the adapter and the answers go the way they go in the server. Some minutes on one idle core.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

from bench.lines import print_figure
from finetune.generator import Schedule, teach
from finetune.generator_rows import Said, Terms, rows_of, well_cited
from retrieval.deadline import Deadline
from retrieval.generators.causal import CausalModel
from retrieval.generators.local import LocalGenerator
from retrieval.prompt import Prompt, build_messages
from retrieval.types import Answer, Chunk, Feedback, Interaction, Passage, Sampling

BASE_RATE = 2e-3
GOAL_SHARE, GOAL_CPU_MIN = 0.95, 2.0
PASSAGES = 3
TEMPLATE = "[system]\nCite. $mark\n[user]\n$passages\n$question\n"
SPECIAL = {"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>"}
CHAT = "{% for m in messages %}{{ m['content'] }}\n{% endfor %}:"
WORDS = [f"{a}{b}{c}" for a, b, c in product("bdfgkl", "aiou", "lnrs")]
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Task:
    """A question of three passages.

    Attributes:
        right: The passage that answers it, from 1.
    """

    question: str
    passages: tuple[Passage, ...]
    answer: str
    right: int


def tasks(count: int, keys: Sequence[str], values: Sequence[str], chance: random.Random) -> list[Task]:
    """Make questions, their words drawn anew for each."""
    made = []
    for number in range(count):
        asked, told = chance.sample(keys, PASSAGES), chance.sample(values, PASSAGES)
        right = chance.randrange(PASSAGES)
        passages = tuple(
            passage(f"{number}-{at}", f"The {k} is {v}.") for at, (k, v) in enumerate(zip(asked, told, strict=True))
        )
        made.append(Task(f"What is the {asked[right]}?", passages, f"The {asked[right]} is {told[right]}.", right + 1))
    return made


def passage(key: str, text: str) -> Passage:
    chunk = Chunk(key, f"d{key}", f"r{key}", 0, 0, len(text), text, "", (), 4)
    return Passage(chunk, "default", "T", f"file:///{key}", 1.0)


def prompt(task: Task, template: str, *, adapter: str | None = None) -> Prompt:
    sampling = Sampling(temperature=0.0, max_tokens=16, adapter=adapter)
    return Prompt(task.question, task.passages, sampling=sampling, template=template, mark="<<>>")


def make_base(folder: Path, template: str, *, steps: int) -> float:
    """Train a tiny language model to answer without marks, all its weights.

    Returns:
        CPU seconds.
    """
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    began = time.process_time()
    torch.manual_seed(1)
    chance = random.Random(1)
    size = save_tokenizer(
        folder, [template, *(" ".join(f"The {w} is {w}. What is the {w}?" for w in WORDS) for _ in range(5))]
    )
    config = LlamaConfig(
        vocab_size=size,
        hidden_size=96,
        intermediate_size=192,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=512,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=0,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    causal = CausalModel(folder, device="cpu", context_tokens=512)
    optimizer = torch.optim.AdamW(causal.model.parameters(), lr=BASE_RATE, weight_decay=0.01)
    for step in range(steps):
        loss = base_loss(causal, tasks(32, WORDS, WORDS, chance), template)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(causal.model.parameters(), 1.0)
        optimizer.param_groups[0]["lr"] = BASE_RATE * min(1.0, (step + 1) / 50, 2 * (1 - step / steps))
        optimizer.step()
        if step % 100 == 0:
            print(f"base: step {step}, loss {loss.item():.3f}", file=sys.stderr, flush=True)
    causal.model.save_pretrained(folder)
    return time.process_time() - began


def base_loss(causal: CausalModel, batch: Sequence[Task], template: str) -> Any:
    import torch

    asked = [causal.encode(build_messages(prompt(task, template), context_tokens=512)) for task in batch]
    said = [causal.encode_reply(task.answer) for task in batch]
    both = list(zip(asked, said, strict=True))
    longest = max(len(a) + len(b) for a, b in both)
    ids = torch.tensor([a + b + [0] * (longest - len(a) - len(b)) for a, b in both])
    labels = torch.tensor([[-100] * len(a) + b + [-100] * (longest - len(a) - len(b)) for a, b in both])
    return causal.model(input_ids=ids, labels=labels).loss


def save_tokenizer(folder: Path, texts: Sequence[str]) -> int:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE(unk_token=SPECIAL["unk_token"]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=1200, special_tokens=[*SPECIAL.values()], initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator([*texts, "[1] [2] [3]"], trainer)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, **SPECIAL)  # type: ignore[no-untyped-call]
    fast.chat_template = CHAT
    fast.save_pretrained(folder)
    return len(fast)


def corrections(made: Sequence[Task]) -> Iterator[Said]:
    """Yield what curators said: the answer with a mark behind it."""
    for number, task in enumerate(made):
        asked = Interaction(
            id=f"i{number:04}",
            question=task.question,
            history=(),
            collection=None,
            principal_id="u:asker",
            answer=Answer(task.answer, False, 0.5, ()),
            passages=task.passages,
            timings_ms={},
            asked_at=NOW,
            generation={"mark": "<<>>"},
        )
        right = (task.passages[task.right - 1].chunk.id,)
        yield Said(
            asked,
            Feedback(
                f"f{number:04}", asked.id, "u:curator", NOW, answer=task.answer, right_chunks=right, approved_by="u:a"
            ),
        )


@dataclass(frozen=True, slots=True)
class Shares:
    """Of answers.

    Attributes:
        formed: Those that have marks, all of which name a passage.
        right: Those that cite the passage that answers, and it alone.
        copied: Those whose words are right.
    """

    formed: float
    right: float
    copied: float


def answered(generator: LocalGenerator, asked: Sequence[Task], template: str, adapter: str | None) -> Shares:
    formed = right = copied = 0
    for task in asked:
        said = generator.generate(prompt(task, template, adapter=adapter), deadline=Deadline(60)).text
        formed += well_cited(said, PASSAGES)
        right += said.endswith(f" [{task.right}]") and said.count("[") == 1
        copied += said.partition(" [")[0].strip() == task.answer
    return Shares(formed / len(asked), right / len(asked), copied / len(asked))


@contextmanager
def folders() -> Iterator[tuple[Path, Path, str]]:
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        (home / "copy.txt").write_text(TEMPLATE, encoding="utf-8")
        (home / "adapters").mkdir()
        yield home / "tiny", home / "adapters", str(home / "copy.txt")


def main(arguments: argparse.Namespace) -> None:
    import torch

    torch.set_num_threads(1)
    chance = random.Random(2)
    chance.shuffle(words := list(WORDS))
    half = len(words) // 2
    taught = tasks(arguments.corrections, words[:half], words[:half], chance)
    held_out = tasks(arguments.held_out, words[half:], words[half:], chance)
    with folders() as (made, adapters, template):
        base = arguments.base or made
        base_s = 0.0 if arguments.base else make_base(base, template, steps=arguments.base_steps)
        rows = rows_of(corrections(taught), Terms(lambda anchors: dict.fromkeys(anchors, True), template=template))
        began = time.process_time()
        schedule = Schedule(
            epochs=arguments.epochs, rate=2e-3, context_tokens=512, device="cpu", least=1, least_judged=sys.maxsize
        )
        done = teach(base, rows, adapters / "cites", schedule=schedule, seed=1)
        minutes = (time.process_time() - began) / 60
        generator = LocalGenerator(base, adapters=adapters, device="cpu", context_tokens=512)
        before, after = (answered(generator, held_out, template, adapter) for adapter in (None, "cites"))
    how = {"corrections": done.rows["corrections"], "held_out": len(held_out), "steps": done.steps}
    report(before, after, minutes, how | {"base_cpu_s": round(base_s), "losses": done.losses["corrections"]})


def report(before: Shares, after: Shares, minutes: float, how: dict[str, Any]) -> None:
    """Print a line for each share, and one for the time."""
    for figure, value, was, goal in (
        ("well-formed citations", after.formed, before.formed, GOAL_SHARE),
        ("citations of the right passage", after.right, before.right, None),
        ("right words", after.copied, before.copied, None),
    ):
        print_figure(f"{figure}, held out", value, unit="share", goal=goal, baseline={"before": was})
    print_figure("SFT of a tiny language model", minutes, unit="CPU minutes", goal=f"<= {GOAL_CPU_MIN:g}", baseline=how)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corrections", type=int, default=200)
    parser.add_argument("--held-out", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--base", type=Path, help="folder of a base that was made before")
    parser.add_argument("--base-steps", type=int, default=1000)
    main(parser.parse_args())
