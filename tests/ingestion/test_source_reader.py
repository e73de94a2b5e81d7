"""LlamaHub readers, real ones: of a package of its own and of LlamaIndex itself."""

import json

import pytest

from ingestion.sources.source import SourceLimits, open_source
from retrieval.errors import InvalidInputError, SourceError, UnreadableError

JSON_READER = "llama_index.readers.json.JSONReader"
CORE = "llama_index.core.readers."


def opened(reader, *, secrets=None, prefixes=(CORE,), **arguments):
    limits = SourceLimits(secrets=secrets, reader_prefixes=prefixes)
    return open_source("reader", {"reader": reader, **arguments}, limits=limits)


def contents(source):
    found = {}
    for entry in source.entries():
        with source.fetch(entry) as stream:
            found[entry.uri] = stream.read().decode()
    return found


@pytest.fixture
def tickets(tmp_path):
    path = tmp_path / "tickets.jsonl"
    path.write_text('{"id": 1, "about": "The printer"}\n{"id": 2, "about": "The lift"}\n')
    return path


def test_a_reader_of_a_package_is_run_by_its_name_and_arguments(tickets):
    source = opened(JSON_READER, init={"is_jsonl": True, "levels_back": 0}, load={"input_file": str(tickets)})
    first = contents(source)
    assert len(first) == 2
    assert "The printer" in next(iter(first.values()))
    assert all(uri.startswith("reader:JSONReader-") for uri in first)
    # Its documents have random ids: what they say names them, so that nothing changes while they do not.
    assert first == contents(source)
    listed = list(source.entries())
    assert all(entry.version.startswith("sha256:") and entry.name.endswith(".md") for entry in listed)
    tickets.write_text(tickets.read_text().splitlines()[1])
    assert [entry.uri for entry in source.entries()] == [listed[1].uri]
    with pytest.raises(UnreadableError), source.fetch(listed[0]):
        pass
    source.close()


def test_pages_of_one_file_are_one_document_named_after_it(tmp_path):
    (tmp_path / "plan.txt").write_text("First we plan.")
    source = opened(f"{CORE}SimpleDirectoryReader", init={"input_dir": str(tmp_path)})
    (entry,) = source.entries()
    assert entry.uri.endswith(str(tmp_path / "plan.txt"))
    assert entry.name == "plan.txt.md"
    fresh = opened(f"{CORE}SimpleDirectoryReader", init={"input_dir": str(tmp_path)})
    with fresh.fetch(entry) as stream:  # as another process does
        assert "First we plan." in stream.read().decode()


def test_a_reader_that_fails_says_why_without_the_secrets_it_was_given(tmp_path):
    secrets = tmp_path / "secrets.json"
    secrets.write_text(json.dumps({"wiki": {"token": "sesame-open"}}))
    secrets.chmod(0o600)
    with pytest.raises(SourceError, match="unexpected keyword argument 'token'"):
        list(opened(JSON_READER, secrets=secrets, secret="wiki").entries())
    with pytest.raises(SourceError, match=r"No such file.*\*\*\*"):
        list(opened(JSON_READER, init={"clean_json": "/nowhere/x"}, load={"input_file": "/nowhere/x"}).entries())


def test_a_reader_that_hangs_is_stopped(tmp_path):
    import os

    os.mkfifo(tmp_path / "pipe")
    source = opened(JSON_READER, load={"input_file": str(tmp_path / "pipe")}, max_time_s=1)
    with pytest.raises(SourceError, match="stopped after 1 s"):
        list(source.entries())


@pytest.mark.parametrize(
    ("reader", "said"),
    [
        ("os.system", "begins with none of"),
        ("llama_index.core.llms.MockLLM", "begins with none of"),
        ("llama_index.readersX.json.JSONReader", "begins with none of"),
        ("llama_index.readers.nothing.NothingReader", "No module named"),
        ("llama_index.readers.json.base.Document", "no reader of LlamaIndex"),
        ("llama_index.readers.", "reader"),
        ("; rm -rf", "reader"),
    ],
)
def test_what_is_no_reader_is_refused(reader, said):
    with pytest.raises((InvalidInputError, SourceError), match=said):
        list(opened(reader, prefixes=()).entries())
