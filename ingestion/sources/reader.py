"""Any LlamaHub reader, by its name and arguments."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from pydantic import Field, field_validator

from ingestion.blobs import storage
from ingestion.parsers.clean import clean, fold
from ingestion.sources.secrets import named_secret, redacted
from ingestion.sources.source import Arguments, Entry, Kind, SourceLimits
from retrieval.errors import InvalidInputError, ResourceLimitError, SourceError, UnreadableError

_ROOT = Path(__file__).resolve().parents[2]
_PACKAGES = "llama_index.readers."
_WHERE = ("url", "source_url", "link", "source", "file_path", "path", "id", "doc_id", "document_id")
_CALLED = ("title", "name", "file_name", "subject")
"""Under which keys readers put where a document is from, and what it is called; the first that is there counts."""
_SECRET = re.compile(r"token|password|passwd|secret|api_?key|credential|private_?key", re.IGNORECASE)
_OUTPUT_MAX_BYTES = 4 * 2**30


class ReaderArguments(Arguments):
    """Which reader, and what it is told."""

    reader: str = Field(
        pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$",
        max_length=300,
        description="Its class by dotted name, as llama_index.readers.json.JSONReader; its package is to be installed.",
    )
    init: dict[str, Any] = Field(default_factory=dict, description="Arguments of its constructor.")
    load: dict[str, Any] = Field(default_factory=dict, description="Arguments of its load_data.")
    secret: str | None = Field(
        default=None,
        max_length=100,
        description="Name in the file of ATTUNE_SOURCE_SECRETS; it holds further arguments of the constructor.",
    )
    max_time_s: float = Field(default=3_600.0, ge=1, le=86_400, description="How long it may take.")

    @field_validator("init", "load")
    @classmethod
    def _holds_no_secret(cls, arguments: dict[str, Any]) -> dict[str, Any]:
        # These are kept in the catalog and shown to every administrator.
        for name, value in arguments.items():
            if _SECRET.search(name) and isinstance(value, str):
                raise ValueError(f"{name} looks like a secret: put it into the file of ATTUNE_SOURCE_SECRETS")
        return arguments


@dataclass(frozen=True, slots=True)
class _Loaded:
    name: str
    path: Path


class ReaderSource:
    """What a reader loads; documents that name the same place are one, in the order they came.

    Args:
        arguments: Which reader.
        secret: Further arguments of its constructor.
        max_bytes: Largest document.
    """

    kind = "reader"

    def __init__(self, arguments: ReaderArguments, secret: Mapping[str, Any], *, max_bytes: int) -> None:
        self.unreadable: list[str] = []
        self._arguments = arguments
        self._secret = secret
        self._max_bytes = max_bytes
        self._folder = Path(tempfile.mkdtemp(prefix="attune-reader-"))
        self._loaded: dict[str, _Loaded] | None = None
        told = json.dumps([arguments.reader, arguments.init, arguments.load], sort_keys=True)
        # Two readers of one class number their documents alike.
        self._prefix = f"reader:{arguments.reader.rpartition('.')[2]}-{hashlib.sha256(told.encode()).hexdigest()[:8]}"

    def entries(self) -> Iterator[Entry]:
        """Run the reader and list what it loaded, in its order.

        Raises:
            SourceError: The reader failed or took too long; the message is the last line it wrote.
        """
        self.unreadable = []
        self._loaded = self._load()
        for uri, loaded in self._loaded.items():
            with loaded.path.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            yield Entry(uri, loaded.name, f"sha256:{digest}", loaded.path.stat().st_size)

    @contextmanager
    def fetch(self, entry: Entry) -> Iterator[BinaryIO]:
        """Open a document; the reader runs once more where it has not run yet.

        Raises:
            UnreadableError: The reader does not load it any more.
            ResourceLimitError: It is too large.
            SourceError: The reader failed.
        """
        if self._loaded is None:
            self._loaded = self._load()
        loaded = self._loaded.get(entry.uri)
        if loaded is None:
            raise UnreadableError(f"the reader does not load {entry.uri} any more")
        if loaded.path.stat().st_size > self._max_bytes:
            raise ResourceLimitError(f"{entry.uri} is larger than {self._max_bytes / 2**20:,.0f} MB")
        with loaded.path.open("rb") as stream:
            yield stream

    def close(self) -> None:
        """Forget what was loaded."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _load(self) -> dict[str, _Loaded]:
        loaded: dict[str, _Loaded] = {}
        with tempfile.TemporaryDirectory(dir=self._folder) as scratch:
            out = Path(scratch) / "documents.jsonl"
            self._run(out, home=scratch)
            with out.open(encoding="utf-8") as lines, storage():
                for line in lines:
                    self._add(json.loads(line), loaded)
        return loaded

    def _add(self, document: Mapping[str, Any], loaded: dict[str, _Loaded]) -> None:
        text, metadata = str(document["text"] or ""), document["metadata"] or {}
        place = next((str(metadata[key]) for key in _WHERE if metadata.get(key)), "") or _lasting(document, text)
        uri = place if place.startswith(("https://", "http://")) else f"{self._prefix}/{place}"
        title = next((str(metadata[key]) for key in _CALLED if metadata.get(key)), "")
        begun = loaded.get(uri)
        if begun is None:
            heading = f"# {fold(clean(title))}\n\n" if title and not text.lstrip().startswith("#") else ""
            path = self._folder / hashlib.sha256(uri.encode()).hexdigest()
            path.write_bytes((heading + text).encode())
            loaded[uri] = _Loaded(_name(title or place), path)
        else:
            with begun.path.open("ab") as out:
                out.write(b"\n\n" + text.encode())

    def _run(self, out: Path, *, home: str) -> None:
        job = {
            "reader": self._arguments.reader,
            "init": {**self._arguments.init, **self._secret},
            "load": self._arguments.load,
            "out": str(out),
            "max_bytes": _OUTPUT_MAX_BYTES,
        }
        try:
            ended = subprocess.run(
                [sys.executable, "-m", "ingestion.sources.reader_child"],
                input=json.dumps(job).encode(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                cwd=_ROOT,
                env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": home, "TMPDIR": home, "LANG": "C.UTF-8"},
                timeout=self._arguments.max_time_s,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise SourceError(f"the reader was stopped after {self._arguments.max_time_s:,.0f} s") from error
        if ended.returncode:
            lines = [line.strip() for line in ended.stderr.decode("utf-8", "replace").splitlines() if line.strip()]
            reason = lines[-1][:500] if lines else f"exit status {ended.returncode}"
            raise SourceError(f"the reader failed: {redacted(reason, [self._secret, self._arguments.init])}")


def _lasting(document: Mapping[str, Any], text: str) -> str:
    """Name a document that says nothing of its place: by its id, or by its words where that is a random one.

    Returns:
        A name that is the same the next time, unless the words have changed.
    """
    key = str(document["id"])
    try:
        is_random = UUID(key).version == 4
    except ValueError:
        is_random = False
    return f"sha256-{hashlib.sha256(text.encode()).hexdigest()[:32]}" if is_random or not key else key


def _name(title: str) -> str:
    last = fold(clean(title)).rstrip("/").rpartition("/")[2][-150:] or "document"
    return last if last.endswith(".md") else f"{last}.md"


def open_reader(arguments: ReaderArguments, limits: SourceLimits) -> ReaderSource:
    """Make a source of a reader.

    Returns:
        The source; its class is not imported yet.

    Raises:
        InvalidInputError: The reader is none of those that are allowed, or there are no credentials of that name.
    """
    allowed = (_PACKAGES, *limits.reader_prefixes)
    if not arguments.reader.startswith(allowed):
        raise InvalidInputError(
            f"reader: {arguments.reader} begins with none of {', '.join(allowed)}; ATTUNE_SOURCE_READERS allows more"
        )
    secret = named_secret(limits.secrets, arguments.secret) if arguments.secret else {}
    return ReaderSource(arguments, secret, max_bytes=limits.document_max_bytes)


KIND = Kind("reader", "Any LlamaHub reader, by its name and arguments.", ReaderArguments, open_reader)
