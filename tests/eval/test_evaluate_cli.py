"""``attune evaluate`` as a person calls it: real settings, real sandbox, the bundled embedder."""

import json

import pytest

from app.cli import main
from app.settings import Settings
from eval.workbench import Knobs


def test_what_is_measured_unless_told_otherwise_is_what_the_server_does():
    served = {name: Settings.model_fields[name].default for name in ("retrieval_pool", "dense_weight", "chunk_tokens")}
    knobs = Knobs()
    assert served == {
        "retrieval_pool": knobs.pool,
        "dense_weight": knobs.dense_weight,
        "chunk_tokens": knobs.chunk_tokens,
    }


@pytest.fixture
def attune(monkeypatch, capsys):
    """Run the command line; gives exit code, stdout and stderr."""

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
    code, out, _ = attune("evaluate", "retrieval", "--beir", beir, "--split", "dev", "--mode", "hybrid", "--json")
    body = json.loads(out)
    assert code == 0
    assert (body["ndcg@10"], body["recall@10"], body["recall@100"], body["mrr@10"]) == (1.0, 1.0, 1.0, 1.0)
    assert (body["documents"], body["chunks"], body["queries"], body["mode"]) == (2, 2, 1, "hybrid")


def test_retrieval_shows_a_table_to_people(attune, beir):
    code, out, _ = attune("evaluate", "retrieval", "--beir", beir, "--split", "dev", "--mode", "sparse")
    assert code == 0
    rows = [[cell.strip() for cell in line.split("│")[1:3]] for line in out.splitlines() if "│" in line]
    assert ["ndcg@10", "1.0"] in rows
    assert "left out: 1 judgements of documents that do not exist" in out


def test_answers_prints_one_json_object_and_what_cannot_be_measured_is_null(attune, tmp_path, write_questions):
    folder = tmp_path / "docs"
    folder.mkdir()
    evidence = "The canteen opens at 11:30 and closes at 14:00."
    (folder / "canteen.md").write_text(f"# Canteen\n\n{evidence} Bring your own cup.\n")
    (folder / "broken.docx").write_bytes(b"PK\x03\x04 this is no archive")
    question = {"_id": "q", "text": "When does the canteen open?", "evidence": evidence, "documents": ["canteen.md"]}
    code, out, _ = attune(
        "evaluate", "answers", "--documents", folder, "--questions", write_questions([question]), "--json"
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
