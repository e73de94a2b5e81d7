"""What a sweep has measured so far: a file of JSON lines that survives being killed."""

import hashlib
import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from retrieval.errors import InvalidInputError

Kind = Literal["figures", "times"]
Values = Mapping[str, float | None]


def sweep_key(golden_sha256: str, fingerprint: str, version: str) -> str:
    """Name what results depend on besides the knobs: the golden set, what finds it, and the code.

    Args:
        golden_sha256: Of the questions with what is known about them, and of the documents.
        fingerprint: Of parser, chunker and embedder.
        version: Of the program.

    Returns:
        A readable line; any change of one of them is another line.
    """
    return f"golden {golden_sha256[:16]}, {fingerprint}, attune {version}"


class SweepState:
    """Results by configuration, the newest of each kind. Lines under another key stay in the file and do not count.

    Args:
        path: Made, with its folder, at the first ``put``.
        key: See ``sweep_key``.

    Attributes:
        notes: What was passed over when the file was read, in words.

    Raises:
        InvalidInputError: The file cannot be read, or is something else.
    """

    def __init__(self, path: Path, key: str) -> None:
        self._path = path
        self._key = key
        self._values: dict[tuple[str, str], Values] = {}
        self.notes: list[str] = []
        try:
            raw = path.read_bytes() if path.exists() else b""
        except OSError as error:
            raise InvalidInputError(f"the state of the sweep cannot be read: {error}") from error
        self._whole = not raw or raw.endswith(b"\n")
        entries = [_entry(line) for line in raw.splitlines() if line.strip()]
        if not any(entries) and (len(entries) > 1 or (entries and self._whole)):
            raise InvalidInputError(f"{path} is not the state of a sweep; give --state a file of its own")
        ours = [entry for entry in entries if entry is not None and entry["key"] == key]
        self._values = {(entry["id"], entry["kind"]): entry["values"] for entry in ours}
        if broken := entries.count(None):
            self.notes.append(f"{path.name}: {broken} broken lines were passed over; what they held is measured again")
        if others := {entry["key"] for entry in entries if entry is not None} - {key}:
            known = "" if ours else "; all is measured anew"
            self.notes.append(
                f"{path.name} holds results of another golden set, embedder or version ({'; '.join(sorted(others))})"
                f"{known}"
            )

    def get(self, knobs: Mapping[str, Any], kind: Kind) -> Values | None:
        """Return what was measured of a configuration, or None."""
        return self._values.get((self._id(knobs), kind))

    def put(self, knobs: Mapping[str, Any], kind: Kind, values: Values) -> None:
        """Keep what was measured of a configuration; it is on disk when this returns.

        Raises:
            InvalidInputError: The file cannot be written.
        """
        # A number that is none would come back as one.
        finite = {k: v if v is not None and math.isfinite(v) else None for k, v in values.items()}
        name = self._id(knobs)
        entry = {"id": name, "key": self._key, "kind": kind, "knobs": dict(knobs), "values": finite}
        line = json.dumps(entry, ensure_ascii=False).encode() + b"\n"
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("ab") as file:
                # What a killed process left half written must not swallow this line too.
                file.write(line if self._whole else b"\n" + line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise InvalidInputError(f"the state of the sweep cannot be written: {error}") from error
        self._whole = True
        self._values[name, kind] = finite

    def _id(self, knobs: Mapping[str, Any]) -> str:
        return hashlib.sha256(json.dumps([self._key, dict(knobs)], sort_keys=True).encode()).hexdigest()


def _entry(line: bytes) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    whole = (
        isinstance(entry, dict)
        and all(isinstance(entry.get(name), str) for name in ("id", "key", "kind"))
        and isinstance(entry.get("values"), dict)
        and all(v is None or isinstance(v, int | float) for v in entry["values"].values())
    )
    return entry if whole else None
