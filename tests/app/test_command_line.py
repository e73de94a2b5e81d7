"""The command line as a person and as a script use it: real processes, a real data directory."""

import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

ATTUNE = str(Path(sys.executable).parent / "attune")
PAGES = {
    "garden/roses.md": """# Roses

Roses are watered every second morning.

## Pruning

Prune roses in late February.""",
    "garden/oaks.txt": "Oaks grow forty centimetres a year.\n\nAcorns are gathered in October.",
    "kitchen/bread.html": "<title>Bread</title><body><h1>Bread</h1><p>Bread is baked at 230 degrees.</p></body>",
}


@pytest.fixture
def folder(tmp_path):
    for name, text in PAGES.items():
        path = tmp_path / "pages" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "pages"


class Attune:
    """Runs the command on a data directory; what it reads and writes stays in one collection."""

    def __init__(self, data_dir, collection="default"):
        inherited = os.environ  # noqa: TID251 - a process needs its PATH
        self.environment = {**inherited, "ATTUNE_DATA_DIR": str(data_dir), "NO_COLOR": "1", "COLUMNS": "200"}
        self.collection = collection

    def __call__(self, *arguments, **more):
        arguments = [str(argument) for argument in arguments]
        if arguments[0] in {"ingest", "ask", "search", "documents"} and "--collection" not in arguments:
            arguments += ["--collection", self.collection]
        return subprocess.run(
            [ATTUNE, *arguments],
            env=self.environment | more,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@pytest.fixture(scope="module")
def server_data(tmp_path_factory):
    """A data directory with a server on it, so that a command starts in under a second."""
    data_dir = tmp_path_factory.mktemp("commands") / "data"
    with Serving(Attune(data_dir)):
        yield data_dir


@pytest.fixture
def attune(server_data, request):
    return Attune(server_data, collection=f"c{abs(hash(request.node.name))}")


@pytest.fixture
def alone(tmp_path):
    """A data directory that no server runs on."""
    return Attune(tmp_path / "data")


def parsed(done):
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.strip().splitlines()[-1])


class Serving:
    def __init__(self, attune):
        environment = attune.environment | {"ATTUNE_PORT": "0"}
        self.process = subprocess.Popen(
            [ATTUNE, "serve"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def __enter__(self):
        self.lines = []
        for line in self.process.stdout:
            self.lines.append(line)
            if "stop with Ctrl+C" in line:
                break
        found = [word for line in self.lines for word in line.split() if word.startswith("http://")]
        assert found, self.lines
        return found[0]

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.lines.append(self.process.stdout.read())
        self.process.stdout.close()
        assert self.process.wait(timeout=30) == 0


def test_documents_go_in_come_back_and_change_alone(attune, folder):
    report = parsed(attune("ingest", folder, "--json"))
    assert {"id", "state", "progress", "failures", "seconds"} <= set(report)
    assert (report["state"], report["failures"]) == ("done", [])
    assert (report["progress"]["total"], report["progress"]["added"]) == (3, 3)
    assert report["progress"]["chunks"] >= 3

    again = parsed(attune("ingest", folder, "--json"))["progress"]
    assert (again["unchanged"], again["added"], again["updated"], again["chunks"]) == (3, 0, 0, 0)

    body = parsed(attune("ask", "When are roses pruned?", "--json"))
    assert "late February" in body["answer"]
    required = {"number", "document_id", "title", "uri", "section", "page", "start", "end", "quote"}
    assert required <= set(body["citations"][0])
    assert {"answer", "abstained", "citations", "interaction_id", "timings_ms"} <= set(body)
    text = parsed(attune("document", body["citations"][0]["document_id"], "--json"))["text"]
    for citation in body["citations"]:
        assert text[citation["start"] : citation["end"]] == citation["quote"]

    (folder / "garden" / "roses.md").write_text("# Roses\n\n## Pruning\n\nPrune roses in early March.")
    (folder / "garden" / "oaks.txt").unlink()
    changed = parsed(attune("ingest", folder, "--json"))["progress"]
    assert (changed["updated"], changed["deleted"], changed["unchanged"]) == (1, 1, 1)
    found = parsed(attune("search", "roses acorns", "--limit", 5, "--json"))["results"]
    assert "early March" in json.dumps(found)
    assert "February" not in json.dumps(found)
    assert "Acorns" not in json.dumps(found)


def test_what_is_gone_can_be_kept_and_an_empty_folder_deletes_nothing(attune, folder):
    parsed(attune("ingest", folder, "--json"))
    (folder / "garden" / "oaks.txt").unlink()
    assert parsed(attune("ingest", folder, "--keep-missing", "--json"))["progress"]["deleted"] == 0
    for path in list(folder.rglob("*.*")):
        path.unlink()
    done = attune("ingest", folder)
    assert done.returncode == 2
    assert "--keep-missing" in done.stderr
    assert len(parsed(attune("documents", "--json"))["documents"]) == 3


def test_bad_files_fail_with_their_reason_and_the_others_go_on(attune, folder):
    (folder / "empty.md").write_text("")
    (folder / "noise.pdf").write_bytes(os.urandom(500))
    (folder / "broken.docx").write_bytes(b"PK\x03\x04 cut off")
    report = parsed(attune("ingest", folder, "--json"))
    assert report["progress"]["added"] == 3
    assert sorted(f["name"] for f in report["failures"]) == ["broken.docx", "empty.md", "noise.pdf"]
    assert all(len(f["reason"]) > 5 and "Error" not in f["reason"] for f in report["failures"])


def test_people_get_words_and_not_json(attune, folder):
    done = attune("ingest", folder)
    assert "3 documents: 3 added" in done.stdout
    done = attune("ask", "When are roses pruned?")
    assert "late February" in done.stdout
    assert "[1] Roses" in done.stdout
    assert "{" not in done.stdout
    assert "1. Roses" in attune("search", "roses").stdout
    assert "Bread" in attune("documents").stdout


def test_parse_shows_elements_with_their_places(attune, folder):
    body = parsed(attune("parse", folder / "garden" / "roses.md", "--json"))
    assert [e["kind"] for e in body["elements"]] == ["heading", "paragraph", "heading", "paragraph"]
    assert body["elements"][3]["section"] == ["Roses", "Pruning"]
    assert {"kind", "text", "page", "box", "section"} <= set(body["elements"][0])
    assert "Pruning" in attune("parse", folder / "garden" / "roses.md").stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("ask", ""),
        ("ask", "x" * 10_000),
        ("ask", "roses", "--collection", "missing"),
        ("search", "roses", "--limit", "0"),
        ("search", "roses", "--mode", "psychic"),
        ("ingest", "no-such-file"),
        ("parse", "no-such-file"),
        ("document", "missing"),
        ("delete", "missing"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(attune, arguments):
    done = attune(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert "Traceback" not in done.stderr


def test_a_bad_setting_is_named(attune):
    done = attune("documents", ATTUNE_PORT="eighty")
    assert done.returncode == 2
    assert "ATTUNE_PORT" in done.stderr


def test_a_foreign_data_directory_is_refused(alone, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "thesis.doc").write_text("x")
    done = alone("documents")
    assert done.returncode == 2
    assert "ATTUNE_DATA_DIR" in done.stderr


def test_a_command_works_alone_where_no_server_runs(alone, folder):
    assert parsed(alone("ingest", folder, "--json"))["progress"]["added"] == 3
    assert "late February" in parsed(alone("ask", "When are roses pruned?", "--json"))["answer"]
    assert not (Path(alone.environment["ATTUNE_DATA_DIR"]) / "server.json").exists()


def test_the_loopback_token_is_for_its_user_only_and_an_api_key_works(attune, server_data, folder):
    file = server_data / "server.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    parsed(attune("ingest", folder, "--json"))
    assert attune("users", "add", "gardener").returncode == 0
    key = attune("keys", "add", "--user", "Gardener", "--scope", "ask").stdout.strip()
    answer = httpx.post(
        json.loads(file.read_text())["url"] + "/v1/answers",
        json={"question": "When are roses pruned?", "collection": attune.collection},
        headers={"Authorization": f"Bearer {key}"},
        timeout=30,
    )
    assert "late February" in answer.json()["answer"]


PAGES_A_ROUND = 24


def _write_round(folder, round_):
    for number in range(PAGES_A_ROUND):
        paragraphs = "\n\n".join(f"Round {round_} says {'word ' * 60}{i}." for i in range(6))
        (folder / f"page{number}.md").write_text(f"# Page {number}\n\n{paragraphs}")


def _rounds_by_document(attune):
    """What a reader sees of each page: which rounds' text stands in it."""
    rounds = {}
    for document in parsed(attune("documents", "--json"))["documents"]:
        if re.search(r"/page\d", document["uri"]):
            text = parsed(attune("document", document["id"], "--json"))["text"]
            rounds[document["uri"]] = {r for r in range(4) if f"Round {r} says" in text}
    return rounds


def test_a_server_killed_while_it_ingests_leaves_each_document_old_or_new(alone, folder):
    interrupted = 0
    for round_ in range(3):
        server = Serving(alone)
        server.__enter__()
        if round_:
            before = _rounds_by_document(alone)
            assert all(len(rounds) == 1 for rounds in before.values()), before
        _write_round(folder, round_)
        ingest = subprocess.Popen(
            [ATTUNE, "ingest", str(folder)], env=alone.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep((1.5, 3.0, 6.0)[round_])  # a fast machine is amid it at the first, a slow one at the last
        server.process.kill()
        server.process.wait()
        server.process.stdout.close()
        # A command that had not reached the server starts one of its own, and takes everything in.
        interrupted += ingest.wait(timeout=200) != 0
    assert interrupted
    _write_round(folder, 3)
    with Serving(alone):
        assert parsed(alone("ingest", folder, "--json"))["failures"] == []
        assert set(map(frozenset, _rounds_by_document(alone).values())) == {frozenset({3})}
        found = parsed(alone("search", "Round says word", "--limit", 100, "--json"))["results"]
        assert {r for hit in found for r in range(3) if f"Round {r} says" in hit["text"]} == set()
        assert len({(hit["document_id"], hit["start"]) for hit in found}) == len(found)
