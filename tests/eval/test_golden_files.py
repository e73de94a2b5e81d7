"""Golden sets as files: what a layout can hold comes back, what it cannot hold is said."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from eval.golden import GoldenDocument, GoldenPassage, Question, read_beir, resolve
from eval.golden_files import read_golden, write_golden
from eval.golden_store import GoldenSets
from retrieval.errors import InvalidInputError
from retrieval.types import Document, Turn

NAMED = Question(
    id="q1",
    text='How many "days", or weeks; is it?\nSay it.',
    answer="27; or 28",
    evidence="27 days a year.",
    relevant={"people/leave.md": 1.0, "a;b.md": 1.0},
    tags={"department": "HR", "type": "single"},
    variants={"paraphrase": "How much leave?", "de": "Wie viel Urlaub gibt es, ünd wann?"},
    draft=True,
)
REFUSAL = Question("q2", "Is there a dog?", answerable=False, tags={"type": "unanswerable"})
GRADED = Question("q3", "Whom do I ask?", relevant={"file:///srv/it/help.md": 3.0, "x.md": 0.25})
FULL = replace(
    NAMED,
    id="-4",
    history=(Turn("user", "Hello"), Turn("assistant", "Hello?")),
    passages=(GoldenPassage("people/leave.md", "27 days a year."),),
)
BARE = Question("q5", "And then?")


def a_document(uri, key="d"):
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return Document(key, "default", uri, "T", "text/plain", frozenset(), "r", 1, moment, moment)


@pytest.mark.parametrize("layout", ["a.jsonl", "folder"])
def test_json_lines_and_beir_folders_hold_everything(tmp_path, layout):
    questions = (NAMED, REFUSAL, GRADED, FULL, BARE)
    assert write_golden(questions, tmp_path / "new" / layout) == {}
    assert read_golden(tmp_path / "new" / layout).questions == questions


def test_csv_holds_what_a_row_can_hold(tmp_path):
    questions = (NAMED, REFUSAL, BARE)
    assert write_golden(questions, tmp_path / "a.csv") == {}
    assert read_golden(tmp_path / "a.csv").questions == questions


def test_what_csv_cannot_hold_is_said(tmp_path):
    lost = write_golden([FULL, GRADED, BARE], tmp_path / "a.csv")
    assert lost == {
        "questions whose history have no place": 1,
        "questions whose passages have no place": 1,
        "questions whose grades or names of documents have no place": 1,
    }
    back = read_golden(tmp_path / "a.csv").questions
    assert back == (
        replace(FULL, history=(), passages=()),
        replace(GRADED, relevant=dict.fromkeys(GRADED.relevant, 1)),
        BARE,
    )


def test_a_set_goes_through_the_catalog_unchanged(tmp_path, sqlite_url, open_database):
    questions = (NAMED, REFUSAL, GRADED, FULL, BARE)
    write_golden(questions, tmp_path / "a.jsonl")
    sets = GoldenSets(open_database(sqlite_url))
    sets.write("a", read_golden(tmp_path / "a.jsonl").questions, by="u:ann")
    write_golden(sets.get("a").questions, tmp_path / "b.jsonl")
    assert (tmp_path / "b.jsonl").read_bytes() == (tmp_path / "a.jsonl").read_bytes()


def test_no_cell_of_a_spreadsheet_is_run_as_a_formula(tmp_path):
    texts = ["=1+1", "+1", "-1", "@SUM(A1)", "'=1", "''-1", "'quoted'", " =1", "1-1"]
    questions = tuple(Question(f"={n}", text, answer=text, tags={"type": text}) for n, text in enumerate(texts))
    assert write_golden(questions, tmp_path / "a.csv") == {}
    assert read_golden(tmp_path / "a.csv").questions == questions
    content = (tmp_path / "a.csv").read_text(encoding="utf-8-sig")
    cells = [cell.strip('"') for line in content.splitlines() for cell in line.split(",")]
    assert not [cell for cell in cells if cell[:1] in {"=", "+", "-", "@"}]
    assert "1-1" in cells
    assert "'quoted'" in cells


def test_a_spreadsheet_may_save_the_table_its_own_way(tmp_path):
    rows = [
        "sep=;",
        "_id;text;answer;documents;answerable;tag:department;type;unknown",
        'q1;"Was; genau?";27;"a.md; b/c.md";WAHR;HR;single;x',
        ";;;;;;;",
        "q2;Hund?;;;FALSCH;;unanswerable;",
    ]
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbf" + "\r\n".join(rows).encode())
    assert read_golden(tmp_path / "a.csv").questions == (
        Question(
            "q1",
            "Was; genau?",
            answer="27",
            relevant={"a.md": 1, "b/c.md": 1},
            tags={"department": "HR", "type": "single"},
        ),
        Question("q2", "Hund?", answerable=False, tags={"type": "unanswerable"}),
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "line 1: the first row must name the columns"),
        (b"id,question\na,b\n", "line 1: the first row must name the columns"),
        (b"_id,text\n", "holds no questions"),
        (b"_id,text\nq1,What?\n\nq1,Who?\n", "line 4: the \"_id\" 'q1' stands on line 2 already"),
        (b'_id,text\nq1,"two\nlines"\nq2,\n', 'line 4: the field "text" is missing'),
        (b"_id,text,answerable\nq1,What?,maybe\n", "line 2: the column \"answerable\" has 'maybe'"),
        (b"_id,text\nq1,What?,surplus\n", "line 2: there are 3 cells in a row under 2 columns"),
        (b'_id,text\nq1,"open\n', "line 2: this is not CSV"),
        (b"_id,text\nq1,caf\xe9\n", "line 2: this is not UTF-8; save it as"),
        (b"_id,text\nq1,a\x00b\n", 'line 2: the field "text" holds a NUL character'),
    ],
)
def test_a_broken_table_is_refused_by_file_and_line(tmp_path, content, said):
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(InvalidInputError) as refused:
        read_golden(tmp_path / "a.csv")
    assert str(tmp_path / "a.csv") in str(refused.value)
    assert said in str(refused.value)


def test_a_beir_folder_is_written_for_other_tools_too(tmp_path):
    corpus = [GoldenDocument("people/leave.md", "Leave", "27 days a year."), GoldenDocument("x.md", "", "Ask.")]
    write_golden([FULL, GRADED], tmp_path / "beir", split="dev", documents=corpus)
    assert (tmp_path / "beir" / "qrels" / "dev.tsv").read_text().splitlines() == [
        "query-id\tcorpus-id\tscore",
        "-4\tpeople/leave.md\t1",
        "-4\ta;b.md\t1",
        "q3\tfile:///srv/it/help.md\t3",
        "q3\tx.md\t0.25",
    ]
    first = json.loads((tmp_path / "beir" / "queries.jsonl").read_text().splitlines()[0])
    assert set(first) == {"_id", "text", "metadata"}
    golden = read_beir(tmp_path / "beir", "dev")
    assert golden.documents == tuple(corpus)
    # The corpus lacks a;b.md and help.md, so nothing is judged about them here.
    assert [dict(q.relevant) for q in golden.questions] == [{"people/leave.md": 1.0}, {"x.md": 0.25}]
    assert golden.questions[0].history == FULL.history


def test_no_corpus_is_written_unless_it_is_given(tmp_path):
    write_golden([GRADED], tmp_path / "beir")
    assert sorted(path.name for path in (tmp_path / "beir").iterdir()) == ["qrels", "queries.jsonl"]


def test_an_id_that_would_break_the_judgements_is_left_out_of_them_and_said(tmp_path):
    odd = Question("a\tb", "What?", relevant={"x.md": 1.0}, passages=(GoldenPassage("x.md", "y"),))
    assert write_golden([odd], tmp_path / "beir") == {
        "questions whose grades or names of documents have no place": 1,
        "questions whose passages have no place": 1,
    }
    assert read_golden(tmp_path / "beir").questions == (Question("a\tb", "What?"),)


def test_of_a_beir_folder_another_splits_questions_stay_out(write_beir):
    queries = [{"_id": key, "text": f"{key}?"} for key in ("q1", "q2", "q3")]
    folder = write_beir([], queries, [("q1", "d1", 1), ("gone", "d1", 1)], split="test")
    (folder / "qrels" / "train.tsv").write_text("q2\td1\t1\n")
    with pytest.raises(InvalidInputError, match=r"has the splits test, train: say which"):
        read_golden(folder)
    golden = read_golden(folder, split="test")
    # q3 is judged nowhere: it may be unanswerable, or have an answer.
    assert [q.id for q in golden.questions] == ["q1", "q3"]
    assert golden.skipped == {"questions of another split": 1, "judged questions that are not in queries.jsonl": 1}
    with pytest.raises(InvalidInputError, match="there is no split dev"):
        read_golden(folder, split="dev")


def test_a_beir_folder_without_judgements_is_read_all_the_same(write_beir):
    folder = write_beir([], [{"_id": "q1", "text": "What?"}], [])
    (folder / "qrels" / "dev.tsv").unlink()
    assert read_golden(folder).questions == (Question("q1", "What?"),)


def test_other_makers_metadata_is_no_fault(write_beir):
    # Published sets carry lists of answers, and BEIR's scifact evidence by document.
    metadata = {"answer": ["a", "b"], "evidence": {"4983": []}, "tags": "x", "4983": [{"label": "SUPPORT"}]}
    folder = write_beir([], [{"_id": "q1", "text": "What?", "metadata": metadata}], [("q1", "d1", 1)])
    assert read_golden(folder).questions == (Question("q1", "What?", relevant={"d1": 1.0}),)


@pytest.mark.parametrize("path", ["a.xlsx", "a.txt"])
def test_an_unknown_layout_is_refused(tmp_path, path):
    (tmp_path / path).write_text("x")
    with pytest.raises(InvalidInputError, match="is no golden set"):
        read_golden(tmp_path / path)
    with pytest.raises(InvalidInputError, match="is no golden set"):
        write_golden([BARE], tmp_path / path)


def test_nothing_is_written_of_an_empty_set(tmp_path):
    with pytest.raises(InvalidInputError, match="no questions to export"):
        write_golden([], tmp_path / "a.jsonl")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"answerable": "yes"}, '"answerable" is neither true nor false'),
        ({"answerable": True, "type": "unanswerable"}, 'both "answerable": true and "unanswerable"'),
        ({"documents": {"a": "high"}}, "the grade of 'a' is not a number"),
        ({"documents": {"a": float("nan")}}, "the grade of 'a' is not a number"),
        ({"tags": {"a": 5}}, "the tag 'a' is not a text"),
        ({"tags": {"a": "x" * 101}}, "the tag 'a' is not a text of 1 to 100"),
        ({"tags": ["a"]}, '"tags" is not an object'),
        ({"variants": {"de": " "}}, "the variant 'de' is not a question"),
        ({"passages": [{"document": "a"}]}, 'an entry of "passages" needs'),
        ({"passages": [{"document": "a", "text": "x"}], "documents": ["b"]}, "a passage names 'a', which is not among"),
        ({"draft": 1}, '"draft" is neither true nor false'),
        ({"answer": "\ud800"}, '"answer" holds a NUL character or half of a surrogate pair'),
    ],
)
def test_a_wrong_field_is_refused_by_line(write_questions, row, said):
    with pytest.raises(InvalidInputError) as refused:
        read_golden(write_questions_escaped(write_questions, row))
    assert "questions.jsonl, line 1: " in str(refused.value)
    assert said in str(refused.value)


def write_questions_escaped(write_questions, row):
    path = write_questions([])
    path.write_text(json.dumps({"_id": "q1", "text": "What?"} | row) + "\n")
    return path


def test_fields_of_published_sets_become_tags(write_questions):
    path = write_questions([
        {
            "_id": "a",
            "text": "?",
            "department": "HR",
            "language": "de",
            "domain": "clapnq",
            "group": "g",
            "source": "UK",
        },
        {"_id": "b", "text": "?", "source": "x" * 101, "type": ["a"], "domain": "", "tags": {"type": "single"}},
    ])
    a, b = read_golden(path).questions
    assert a.tags == {"department": "HR", "language": "de", "domain": "clapnq", "group": "g", "source": "UK"}
    assert b.tags == {"type": "single"}


def test_passages_name_their_documents_when_nothing_else_does(write_questions):
    path = write_questions([{"_id": "a", "text": "?", "passages": [{"document": "./x.md", "text": "y"}]}])
    assert read_golden(path).questions[0].relevant == {"x.md": 1.0}


def test_a_name_means_a_uri_an_id_or_the_end_of_a_path():
    documents = [
        a_document("file:///srv/people/leave.md", "d1"),
        a_document("file:///srv/it/leave.md", "d2"),
        a_document("file:///srv/Annual%20r%C3%A9port.md", "d3"),
        a_document("upload:moon.md", "d4"),
    ]
    names = [
        "people/leave.md",
        "file:///srv/it/leave.md",
        "d1",
        "Annual réport.md",
        "moon.md",
        "leave.md",
        "eave.md",
        "gone",
        "",
    ]
    found = resolve(names, documents)
    assert found.uris == {
        "people/leave.md": "file:///srv/people/leave.md",
        "file:///srv/it/leave.md": "file:///srv/it/leave.md",
        "d1": "file:///srv/people/leave.md",
        "Annual réport.md": "file:///srv/Annual%20r%C3%A9port.md",
        "moon.md": "upload:moon.md",
    }
    assert found.ambiguous == {"leave.md": ("file:///srv/it/leave.md", "file:///srv/people/leave.md")}
    assert found.unknown == ("eave.md", "gone", "")
    assert found.skipped == {"names of documents that do not exist": 3, "names that several documents answer to": 1}


def test_a_whole_uri_beats_the_end_of_another():
    documents = [a_document("a.md", "d1"), a_document("file:///srv/a.md", "d2")]
    assert resolve(["a.md"], documents).uris == {"a.md": "a.md"}
