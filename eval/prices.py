"""Tokens -> money, from a price table that the administrator keeps."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retrieval.errors import InvalidInputError

_PER = 1_000_000
_AMOUNTS = ("input_per_million", "output_per_million")


@dataclass(frozen=True, slots=True)
class Price:
    """What a million tokens cost, >= 0, in ``currency`` (three letters, ISO 4217)."""

    input_per_million: float
    output_per_million: float
    currency: str


@dataclass(frozen=True, slots=True)
class Cost:
    """What one or many answers cost.

    Attributes:
        amount: In ``currency``; None when it cannot be told, which is not the same as free.
        reason: Why there is no amount; None when there is one.
    """

    amount: float | None
    currency: str | None = None
    reason: str | None = None


def read_prices(path: Path) -> dict[str, Price]:
    """Read a price table.

    A JSON object, model name -> price:
    ``{"MODEL": {"input_per_million": 1.2, "output_per_million": 3.4, "currency": "USD"}}``.

    Args:
        path: The file.

    Returns:
        Model name -> price; empty for an empty object.

    Raises:
        InvalidInputError: The file is missing or broken, or a price is incomplete, negative or not a number.
    """
    try:
        table = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_distinct)
    except OSError as error:
        raise InvalidInputError(f"the price table {path} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise InvalidInputError(f"the price table {path} is not valid JSON: {error}") from error
    if not isinstance(table, dict):
        raise InvalidInputError(f"the price table {path} must be a JSON object of model names")
    return {model: _price(entry, f"{path}, model {model!r}") for model, entry in table.items()}


def cost(tokens: Mapping[str, int], price: Price) -> Cost:
    """Price what a language model counted.

    Args:
        tokens: ``prompt`` and ``completion``, as an interaction keeps them.
        price: Of the model that counted them.

    Returns:
        The cost; without an amount when a count is missing.
    """
    missing = [name for name in ("prompt", "completion") if name not in tokens]
    if missing:
        return Cost(None, reason=f"the language model did not count its {' and '.join(missing)} tokens")
    amount = tokens["prompt"] * price.input_per_million + tokens["completion"] * price.output_per_million
    return Cost(amount / _PER, price.currency)


def cost_of(model: str, tokens: Mapping[str, int], prices: Mapping[str, Price]) -> Cost:
    """Price tokens by the name of their model; see ``cost``.

    Args:
        model: Its name, as in the price table.
        tokens: ``prompt`` and ``completion``, as an interaction keeps them.
        prices: Model name -> price.

    Returns:
        The cost; without an amount when the model has no price or a count is missing.
    """
    price = prices.get(model)
    if price is None:
        # 0 would read as free, and a sum over models would hide it.
        return Cost(None, reason=f"the price table has no price for the model {model!r}")
    return cost(tokens, price)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"{twice!r} stands there twice")
    return dict(pairs)


def _price(entry: object, where: str) -> Price:
    if not isinstance(entry, dict):
        raise InvalidInputError(f"{where}: needs an object with {', '.join(_AMOUNTS)} and currency")
    unknown = sorted(entry.keys() - {*_AMOUNTS, "currency"})
    if unknown:
        raise InvalidInputError(f"{where}: {unknown[0]!r} is not known; known are {', '.join(_AMOUNTS)} and currency")
    currency = entry.get("currency")
    if not (isinstance(currency, str) and len(currency) == 3 and currency.isascii() and currency.isupper()):
        raise InvalidInputError(f"{where}: currency must be three capital letters like USD, not {currency!r}")
    taken, given = (_amount(entry.get(name), f"{where}: {name}") for name in _AMOUNTS)
    return Price(taken, given, currency)


def _amount(value: object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise InvalidInputError(f"{where} must be a number of 0 or more, not {value!r}")
    return float(value)
