"""``attune evaluate`` as a person calls it: real settings, real sandbox, the bundled embedder."""

import json
from hashlib import sha256

import pytest

from app.cli import main
from app.settings import Settings
from eval.knobs import Knobs


def test_what_is_measured_unless_told_otherwise_is_what_the_server_does():
    knobs = Knobs()
    turned = {
        "retrieval_pool": knobs.pool,
        "dense_weight": knobs.dense_weight,
        "chunk_tokens": knobs.chunk_tokens,
        "fusion": knobs.fusion,
        "rerank": knobs.rerank,
    }
    assert turned == {name: Settings.model_fields[name].default for name in turned}


@pytest.fixture
def attune(monkeypatch, capsys, tmp_path):
    """Run the command line on a data directory of its own; gives exit code, stdout and stderr."""
    monkeypatch.setenv("ATTUNE_DATA_DIR", str(tmp_path / "data"))

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["attune", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    return run


@pytest.fixture
def beir(write_beir):
    corpus = [{"_id": "a", "title": "Leave", "text": "27 days."}, {"_id": "b", "title": "Site", "text": "Two gates."}]
    return write_beir(corpus, [{"_id": "q", "text": "How many gates?"}], [("q", "b", 1), ("q", "gone", 1)])


def test_retrieval_prints_one_json_object(attune, beir):
    code, out, _ = attune(
        "evaluate", "retrieval", "--beir", beir, "--split", "dev", "--mode", "hybrid", "--no-keep", "--json"
    )
    body = json.loads(out)
    assert code == 0
    assert (body["ndcg@10"], body["recall@10"], body["recall@100"], body["mrr@10"]) == (1.0, 1.0, 1.0, 1.0)
    assert (body["documents"], body["chunks"], body["queries"], body["mode"]) == (2, 2, 1, "hybrid")


def test_retrieval_shows_a_table_to_people(attune, beir):
    code, out, _ = attune("evaluate", "retrieval", "--beir", beir, "--split", "dev", "--mode", "sparse", "--no-keep")
    assert code == 0
    rows = [[cell.strip() for cell in line.split("│")[1:3]] for line in out.splitlines() if "│" in line]
    assert ["ndcg@10", "1.0"] in rows
    assert "one question: no interval can be given" in out
    assert "left out: 1 judgements of documents that do not exist" in out


def test_answers_prints_one_json_object_and_what_cannot_be_measured_is_null(attune, tmp_path, write_questions):
    folder = tmp_path / "docs"
    folder.mkdir()
    evidence = "The canteen opens at 11:30 and closes at 14:00."
    (folder / "canteen.md").write_text(f"# Canteen\n\n{evidence} Bring your own cup.\n")
    (folder / "broken.docx").write_bytes(b"PK\x03\x04 this is no archive")
    question = {"_id": "q", "text": "When does the canteen open?", "evidence": evidence, "documents": ["canteen.md"]}
    code, out, _ = attune(
        "evaluate", "answers", "--documents", folder, "--questions", write_questions([question]), "--no-keep", "--json"
    )
    body = json.loads(out)
    assert code == 0
    assert (body["evidence_hit@1"], body["page_hit@5"]) == (1.0, 1.0)
    assert (body["abstention_auroc"], body["abstention_accuracy"]) == (None, None)
    assert [failure["path"] for failure in body["failed"]] == [str(folder / "broken.docx")]
    assert any("no unanswerable question" in note for note in body["notes"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--split", "test"), "there is no split test"),
        (("--split", "../x"), "there is no split ../x"),
    ],
)
def test_what_the_caller_can_mend_is_one_line_and_exit_code_2(attune, beir, arguments, said):
    code, out, err = attune("evaluate", "retrieval", "--beir", beir, *arguments, "--json")
    assert (code, out) == (2, "")
    assert err.splitlines()[-1].startswith(f"attune: {said}")
    assert "Traceback" not in err


@pytest.fixture
def golden(write_beir):
    """Twenty long documents that differ only in their last sentence, each with a question that only it answers."""
    codes = [sha256(bytes([i])).hexdigest()[:8] for i in range(20)]
    rules = "\n\n".join(["Whoever leaves the hall switches the light off and closes the windows and the door."] * 16)
    corpus = [{"_id": c, "title": "Hall", "text": f"{rules}\n\nThe locker {c} is empty."} for c in codes]
    queries = [{"_id": f"q-{c}", "text": f"Is the locker {c} empty?"} for c in codes]
    return write_beir(corpus, queries, [(f"q-{c}", c, 1) for c in codes])


def test_a_run_is_written_compared_and_shown(attune, golden, tmp_path):
    before, after, page = tmp_path / "before.json", tmp_path / "after.json", tmp_path / "page.html"
    run = ("evaluate", "retrieval", "--beir", golden, "--split", "dev", "--no-keep")
    assert attune(*run, "--mode", "sparse", "--out", before)[0] == 0
    assert attune(*run, "--mode", "sparse", "--out", after, "--html", page)[0] == 0
    assert page.read_text().lstrip().startswith("<!doctype html>")
    code, out, _ = attune("evaluate", "compare", before, after, "--json")
    body = json.loads(out)
    assert code == 0
    assert body["figures"]["ndcg@10"]["value"] == 0.0
    assert body["figures"]["ndcg@10"]["verdict"] in {"no difference found", "not enough data"}
    code, out, _ = attune("evaluate", "compare", before, after)
    assert "ndcg@10" in out
    code, out, _ = attune("evaluate", "show", before, "--json")
    assert json.loads(out)["kind"] == "retrieval"


@pytest.mark.usefixtures("golden")
def test_the_gate_holds_falls_and_says_why(attune, tmp_path):
    gate = tmp_path / "gate.toml"
    text = (
        '[run]\nkind = "retrieval"\nbeir = "beir"\nsplit = "dev"\nmode = "hybrid"\n'
        '[floors]\n"recall@100" = 0.9\n[accepted]\nreport = "accepted.json"\n'
    )
    gate.write_text(text)
    code, out, _ = attune("evaluate", "--gate", gate, "--accept", "--no-keep")
    assert (code, "the gate holds" in out, (tmp_path / "accepted.json").exists()) == (0, True, True)
    # Cut off at the model's limit, all documents are the same, and meaning alone cannot tell them apart.
    gate.write_text(text.replace('mode = "hybrid"', 'mode = "dense"\nwhole = true'))
    code, out, _ = attune("evaluate", "--gate", gate, "--no-keep", "--json")
    body = json.loads(out)
    assert (code, body["passed"]) == (1, False)
    assert any(reason.startswith("ndcg@10 went from") for reason in body["reasons"])
    gate.write_text(text.replace("0.9", "2"))
    code, out, _ = attune("evaluate", "--gate", gate, "--no-keep")
    assert code == 1
    assert "below its floor of 2" in out


def test_a_kept_run_is_listed_and_is_what_the_gate_finds(attune, golden, tmp_path):
    gate = tmp_path / "gate.toml"
    gate.write_text('[run]\nkind = "retrieval"\nbeir = "beir"\nsplit = "dev"\nmode = "sparse"\n')
    assert golden.name == "beir"
    code, out, _ = attune("evaluate", "--gate", gate, "--accept", "--json")
    run = json.loads(out)["run"]
    assert (code, json.loads(out)["gate_notes"][0][:15]) == (0, "no accepted run")
    listed = json.loads(attune("evaluate", "runs", "--json")[1])["runs"]
    assert [(entry["id"], entry["accepted"]) for entry in listed] == [(run, True)]
    again = json.loads(attune("evaluate", "--gate", gate, "--json")[1])
    assert again["gate_notes"][0] == f"compared with the accepted run {run}"


def test_a_sweep_prints_its_front(attune, golden, tmp_path):
    state = tmp_path / "sweep.jsonl"
    run = ("evaluate", "sweep", "--beir", golden, "--split", "dev", "--fusion", "mix,rrf", "--state", state)
    code, out, _ = attune(*run, "--json")
    body = json.loads(out)
    assert code == 0
    assert [row["knobs"]["fusion"] for row in body["rows"]] == ["mix", "rrf"]
    assert any(row["on_front"] for row in body["rows"])
    code, out, _ = attune(*run)
    assert "nothing else is as good" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("answers", "--documents", "."), "give either --questions FILE or --set NAME"),
        (("sweep", "--beir", ".", "--pool", "many"), "--pool: 'many' is not a list of numbers"),
        (("sweep", "--documents", "."), "nothing to try"),
        (("sweep", "--documents", ".", "--fusion", "magic"), "--fusion: magic is none of mix, dbsf, rrf"),
        (("compare", "nowhere.json", "nowhere.json"), "nowhere.json cannot be read"),
        (("--gate", "nowhere.toml"), "nowhere.toml cannot be read"),
    ],
)
def test_bad_evaluate_commands_are_one_line_and_exit_code_2(attune, arguments, said):
    code, out, err = attune("evaluate", *arguments)
    assert (code, out) == (2, "")
    assert said in err.splitlines()[-1]
