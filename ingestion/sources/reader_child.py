"""The process that a LlamaHub reader runs in: ``python -m ingestion.sources.reader_child``, started by ``reader``.

A reader is somebody else's code: it may hang, leak, print, or raise anything at all. Here all that costs is this
process. The only module of this package that speaks LlamaIndex.
"""

import json
import resource
import sys
from importlib import import_module
from typing import Any

from llama_index.core.readers.base import BaseReader


def main() -> None:
    """Read a job from standard input and write the documents, one JSON object a line, into its file."""
    job = json.load(sys.stdin)
    resource.setrlimit(resource.RLIMIT_FSIZE, (job["max_bytes"], job["max_bytes"]))
    documents = _reader(job["reader"], job["init"]).load_data(**job["load"])
    with open(job["out"], "x", encoding="utf-8", errors="replace") as out:
        for document in documents:
            found = {"id": document.id_, "text": document.text, "metadata": document.metadata}
            out.write(json.dumps(found, default=str) + "\n")


def _reader(name: str, arguments: dict[str, Any]) -> BaseReader:
    module, _, attribute = name.rpartition(".")
    kind = getattr(import_module(module), attribute, None)
    if not isinstance(kind, type) or not issubclass(kind, BaseReader):
        sys.exit(f"{name} is no reader of LlamaIndex")
    return kind(**arguments)


if __name__ == "__main__":
    main()
