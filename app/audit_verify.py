"""verify: does the audit log hold what it held? Walks the chain and says where it does not."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from app.audit_log import GENESIS, HEAD_FILE, Head, seal
from retrieval.errors import InvalidInputError

FaultKind = Literal["changed", "missing", "detached", "cut_off", "rewritten"]
MAX_FAULTS = 100

_WORDS: Mapping[FaultKind, str] = {
    "changed": "is not what it was when it was written",
    "missing": "is gone, alone or with those behind it up to the next there is",
    "detached": "does not follow the one before it: one of the two was exchanged, put in or moved",
    "cut_off": "was the last once and is not there: the end of the log was cut off",
    "rewritten": "is another than the one that was noted: the log was written anew up to there at least",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """Where the log is not what it was.

    Attributes:
        seq: Number of the event.
    """

    kind: FaultKind
    seq: int

    @property
    def words(self) -> str:
        """What is wrong, for people."""
        return f"event {self.seq} {_WORDS[self.kind]}"


@dataclass(frozen=True, slots=True)
class Verification:
    """What a walk over the log has shown.

    Attributes:
        events: How many there are.
        head: The last of them; None when there is none.
        compared: The heads, noted before, that the log was held against.
        faults: In the order of the log; the first 100.
        faults_total: How many there are.
    """

    events: int
    head: Head | None
    compared: tuple[Head, ...]
    faults: tuple[Fault, ...]
    faults_total: int

    @property
    def holds(self) -> bool:
        """Nothing was changed, taken out, put in or moved, as far as the compared heads tell."""
        return not self.faults_total


def verify(rows: Iterable[Mapping[str, Any]], *, heads: Sequence[Head] = ()) -> Verification:
    """Walk over the rows of an audit log.

    Args:
        rows: In the order of their numbers, as they are kept; see ``AuditLog.rows``.
        heads: Noted before; without one, an end that was cut off or a log written anew from some point on to its end
            cannot be told from a whole one.

    Returns:
        What is wrong.
    """
    faults: list[Fault] = []
    noted: dict[int, set[str]] = {}
    for head in heads:
        noted.setdefault(head.seq, set()).add(head.sha256)
    total, events, last = 0, 0, Head(0, GENESIS)
    for row in rows:
        found = _faults_of(row, last)
        events, last = events + 1, Head(row["seq"], row["sha256"])
        if noted.pop(last.seq, {last.sha256}) != {last.sha256}:
            found.append(Fault("rewritten", last.seq))
        total += len(found)
        faults += found[: MAX_FAULTS - len(faults)]
    lost = [Fault("cut_off" if seq > last.seq else "missing", seq) for seq in sorted(noted)]
    lost = [fault for fault in lost if fault not in faults]
    end = last if events else None
    return Verification(events, end, tuple(heads), tuple(faults + lost), total + len(lost))


def _faults_of(row: Mapping[str, Any], last: Head) -> list[Fault]:
    seq = row["seq"]
    found = [Fault("missing", last.seq + 1)] if seq > last.seq + 1 else []
    if seal(row) != row["sha256"]:
        found.append(Fault("changed", seq))
    elif not found and (seq != last.seq + 1 or row["previous"] != last.sha256):
        found.append(Fault("detached", seq))
    return found


def noted_heads(data_dir: Path, given: str | None = None) -> list[Head]:
    """Return the heads that a log is to be held against: the one that was given, and the one in the data directory.

    Raises:
        InvalidInputError: The given one is none, or the file does not hold one.
    """
    heads = [] if given is None else [Head.parsed(given)]
    try:
        kept = (data_dir / HEAD_FILE).read_text(encoding="ascii")
    except FileNotFoundError:
        return heads
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"{data_dir / HEAD_FILE} holds no head of the audit log") from error
    return [*heads, Head.parsed(kept)]
