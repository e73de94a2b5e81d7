"""What a language model is taught by: losses of corrections, comparisons and thumbs."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

Score = Callable[[Sequence[int], Sequence[int]], Any]
"""Ids of a prompt and of a reply -> log-likelihood of the reply, a tensor of one number."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A row in tokens.

    Attributes:
        worse: Empty where there is no worse reply.
    """

    prompt: Sequence[int]
    reply: Sequence[int]
    worse: Sequence[int]
    liked: bool


class Goal(Protocol):
    """One kind of loss."""

    def begin(self, score: Score, samples: Sequence[Sample]) -> None:
        """Look at all samples, before anything is learned of them."""
        ...

    def losses(self, score: Score, batch: Sequence[int]) -> Iterator[Any]:
        """Yield a loss for each of some samples, by their places; each can be let go before the next is made."""
        ...


class Corrections:
    """Say what is right: negative log-likelihood of a token of the reply; the prompt's own words are not learned."""

    def begin(self, score: Score, samples: Sequence[Sample]) -> None:
        """Take the samples; see ``Goal``."""
        del score
        self._samples = samples

    def losses(self, score: Score, batch: Sequence[int]) -> Iterator[Any]:
        """Yield a loss a sample; see ``Goal``."""
        for at in batch:
            one = self._samples[at]
            yield -score(one.prompt, one.reply) / len(one.reply)


class Comparisons:
    """Say rather the better of two replies, not far from before: DPO (Rafailov et al. 2023, equation 7).

    Args:
        beta: The larger, the nearer to before.
    """

    def __init__(self, beta: float) -> None:
        self._beta = beta

    def begin(self, score: Score, samples: Sequence[Sample]) -> None:
        """Remember how much likelier the better reply was; see ``Goal``."""
        self._samples = samples
        self._before = [_margin(score, one).item() for one in _unlearned(samples)]

    def losses(self, score: Score, batch: Sequence[int]) -> Iterator[Any]:
        """Yield a loss a pair; see ``Goal``."""
        from torch.nn.functional import logsigmoid

        for at in batch:
            yield -logsigmoid(self._beta * (_margin(score, self._samples[at]) - self._before[at]))


class Thumbs:
    """Say more of what was liked and less of what was not, without pairs: KTO (Ethayarajh et al. 2024, equation 8).

    Likes and dislikes weigh the same together, however many there are of each, as its section 4.2 advises.

    Args:
        beta: The larger, the nearer to before.
    """

    def __init__(self, beta: float) -> None:
        self._beta = beta

    def begin(self, score: Score, samples: Sequence[Sample]) -> None:
        """Remember how likely each reply was, and the next one's in its place; see ``Goal``."""
        self._samples = samples
        self._strangers = [samples[(at + 1) % len(samples)].reply for at in range(len(samples))]
        self._before = [score(one.prompt, one.reply).item() for one in _unlearned(samples)]
        self._strange_before = [
            score(one.prompt, reply).item() for one, reply in zip(_unlearned(samples), self._strangers, strict=True)
        ]
        likes = sum(one.liked for one in samples)
        self._weights = {
            True: len(samples) / (2 * max(1, likes)),
            False: len(samples) / (2 * max(1, len(samples) - likes)),
        }

    def losses(self, score: Score, batch: Sequence[int]) -> Iterator[Any]:
        """Yield a loss a sample; see ``Goal``."""
        from torch import no_grad, sigmoid

        with no_grad():
            # How far it is from before: replies to other prompts stand for all it could say (ibid., section 4.1).
            moved = [
                (score(self._samples[at].prompt, self._strangers[at]).item() - self._strange_before[at]) for at in batch
            ]
        drift = max(0.0, sum(moved) / len(moved))
        for at in batch:
            one = self._samples[at]
            gain = score(one.prompt, one.reply) - self._before[at] - drift
            yield self._weights[one.liked] * (1 - sigmoid(self._beta * (gain if one.liked else -gain)))


def _unlearned(samples: Sequence[Sample]) -> Iterator[Sample]:
    from torch import no_grad

    for one in samples:
        with no_grad():
            yield one


def _margin(score: Score, one: Sample) -> Any:
    return score(one.prompt, one.reply) - score(one.prompt, one.worse)
