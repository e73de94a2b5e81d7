"""Credentials by name: sources name them, and only the machine's administrator writes them down."""

import json
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from retrieval.errors import InvalidInputError


def named_secret(path: Path | None, name: str) -> dict[str, Any]:
    """Return the options that a name stands for.

    Args:
        path: JSON file, ``{"name": {"option": "value"}}``; readable by its owner only.
        name: One of its names.

    Returns:
        The options.

    Raises:
        InvalidInputError: There is no file, it is open to others or damaged, or it has no such name. No value is shown.
    """
    if path is None:
        raise InvalidInputError("secret: no credentials are set up; name their file in ATTUNE_SOURCE_SECRETS")
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise InvalidInputError(f"others can read the credentials in {path}: chmod 600 it")
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidInputError(f"the credentials in {path} cannot be read as JSON") from error
    options = found.get(name) if isinstance(found, Mapping) else None
    if not isinstance(options, dict):
        raise InvalidInputError(f"secret: ATTUNE_SOURCE_SECRETS holds nothing of the name {name!r}")
    return options


def redacted(text: str, options: Any) -> str:
    """Return a text without the values of options that stand in it."""
    for value in _texts(options):
        if len(value) >= 4:
            text = text.replace(value, "***")
    return text


def _texts(options: Any) -> list[str]:
    if isinstance(options, str):
        return [options]
    if isinstance(options, Mapping):
        return [text for value in options.values() for text in _texts(value)]
    if isinstance(options, list | tuple):
        return [text for value in options for text in _texts(value)]
    return []
