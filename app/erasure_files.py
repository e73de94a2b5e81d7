"""Files -> what of something stands in them; in a process of its own, which imports nothing.

Whoever closes a file of SQLite gives up every lock that its process holds on the database: POSIX locks belong to the
process, not to the open file (https://sqlite.org/howtocorrupt.html, 2.2). Were the server to look through its own
database, the next process that closes it would take the server's write-ahead log away.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

_BLOCK_BYTES = 4 << 20


def left_in_files(folders: Sequence[Path], needles: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Look through every file below some folders.

    Args:
        folders: Links in them are not followed.
        needles: By the beginning of a file's name, what to look for in such files; the first that fits counts, an
            empty one fits all.

    Returns:
        How many of its needles each file holds, by path; those without any are left out.
    """
    asked = json.dumps({"folders": [str(folder) for folder in folders], "needles": needles})
    done = subprocess.run(
        [sys.executable, "-m", "app.erasure_files"], input=asked, capture_output=True, text=True, check=True
    )
    found: dict[str, int] = json.loads(done.stdout)
    return found


def _main() -> None:
    asked = json.load(sys.stdin)
    found: dict[str, int] = {}
    for path in _below(asked["folders"]):
        beginning = next((name for name in asked["needles"] if path.name.startswith(name)), None)
        needles = [] if beginning is None else [needle.encode() for needle in asked["needles"][beginning]]
        if needles and (count := _count(path, needles)):
            found[str(path)] = count
    json.dump(found, sys.stdout)


def _below(folders: Sequence[str]) -> Iterator[Path]:
    for folder in folders:
        for path in Path(folder).rglob("*"):
            if path.is_file() and not path.is_symlink():
                yield path


def _count(path: Path, needles: Sequence[bytes]) -> int:
    overlap = max(map(len, needles)) - 1
    found: set[bytes] = set()
    tail = b""
    try:
        with path.open("rb") as stream:
            while block := stream.read(_BLOCK_BYTES):
                seen = tail + block
                found |= {needle for needle in needles if needle in seen}
                tail = seen[-overlap:] if overlap else b""
    except FileNotFoundError:
        return 0  # removed meanwhile
    return len(found)


if __name__ == "__main__":
    _main()
