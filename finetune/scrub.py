"""Personal data in questions -> stable pseudonyms, so that the same address stays the same word and nobody's."""

import hmac
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ingestion.findings.people import find_people
from ingestion.findings.personal import find_personal
from ingestion.findings.redact import Removal, redact_line
from ingestion.findings.secrets import find_secrets
from retrieval.errors import DataDirectoryError
from retrieval.index_generations import sync_directory

POLICY = "personal data, secrets and names of users: keyed pseudonyms, version 1"
"""What a training set's manifest says of how its questions were scrubbed."""

KEY_FILE = "pseudonyms.key"
_KEY_BYTES = 32
_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Scrubber:
    """Replaces personal data and secrets by pseudonyms that only the key's holder could try to guess back.

    Attributes:
        key: See ``pseudonym_key``.
        names: Of people who use the server: what a directory knows is found as whole words.
    """

    key: bytes
    names: tuple[str, ...] = ()

    def __call__(self, text: str) -> str:
        """Return a text with pseudonyms: ``[email 1f0c7a2b]``, the same for the same address."""
        spots = [*find_personal(text), *find_secrets(text), *find_people(text, self.names)]
        return redact_line(
            text, [Removal(s.start, s.end, f"[{s.rule} {self._name(text[s.start : s.end])}]") for s in spots]
        )

    def _name(self, value: str) -> str:
        plain = " ".join(value.casefold().split()).encode(errors="surrogatepass")
        return hmac.new(self.key, plain, "sha256").hexdigest()[:_DIGITS]


def scrubber(folder: Path, names: Sequence[str] = ()) -> Scrubber:
    """Make the scrubber of a data directory's learning folder.

    Returns:
        One that gives the same pseudonyms every time.
    """
    return Scrubber(pseudonym_key(folder), tuple(sorted({name for name in names if name.strip()})))


def pseudonym_key(folder: Path) -> bytes:
    """Return the key of a data directory's pseudonyms; it is made where there is none, readable by its user alone.

    Returns:
        32 bytes.

    Raises:
        DataDirectoryError: The file is there and is no such key.
    """
    path = folder / KEY_FILE
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        _make(path)
    key = path.read_bytes()
    if len(key) != _KEY_BYTES:
        raise DataDirectoryError(f"{path} holds no key of {_KEY_BYTES} bytes; pseudonyms cannot be made")
    return key


def _make(path: Path) -> None:
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(_KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(fresh, path)  # of two that make it at once the first wins
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    sync_directory(path.parent)
