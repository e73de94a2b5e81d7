"""What one request asks for, over what is set: how a language model is to draw its words."""

from dataclasses import asdict, replace
from typing import Any

from retrieval.types import Sampling

DEFAULTS = Sampling(temperature=0.0, max_tokens=512)


def settle(asked: Sampling, defaults: Sampling) -> Sampling:
    """Fill in what was not asked for; nobody gets a longer answer than is set.

    Returns:
        The sampling that holds for this request.
    """
    chosen = {name: value for name, value in asdict(asked).items() if value is not None}
    settled = replace(defaults, **chosen)
    longest = [tokens for tokens in (asked.max_tokens, defaults.max_tokens) if tokens is not None]
    return replace(settled, max_tokens=min(longest, default=None))


def record(sampling: Sampling, **more: Any) -> dict[str, Any]:
    """Write down with what words were drawn, for ``Draft.generation``; what is unknown is left out.

    Returns:
        Names and values, ready to be kept.
    """
    return {name: value for name, value in (asdict(sampling) | more).items() if value is not None}
