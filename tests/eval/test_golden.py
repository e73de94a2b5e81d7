"""Golden sets: whole ones are read, broken ones are refused with file and line."""

import pytest

from eval.golden import read_beir, read_questions
from eval.questions import questions_of
from retrieval.errors import InvalidInputError
from retrieval.types import Turn

CORPUS = [
    {"_id": "d1", "title": "Leave", "text": "27 days a year."},
    {"_id": "d2", "title": "", "text": "Ask the help desk."},
]
QUERIES = [{"_id": "q1", "text": "How many days?"}, {"_id": "q2", "text": "Whom do I ask?"}]


def nested(deep):
    found = "x"
    for _ in range(deep):
        found = [found]
    return found


def test_fields_that_nobody_reads_are_not_followed():
    (question,) = questions_of([{"_id": "q", "text": "How?", "other": nested(5000), "source": nested(5000)}])
    assert (question.text, question.tags) == ("How?", {})
    assert questions_of([{"_id": "q", "text": "How?", "type": nested(5000)}])[0].answerable


@pytest.mark.parametrize("field", ["history", "documents", "passages", "tags", "variants", "answer", "draft"])
def test_a_field_that_is_nested_where_it_should_not_be_is_refused(field):
    with pytest.raises(InvalidInputError, match="entry 1: "):
        questions_of([{"_id": "q", "text": "How?", field: nested(5000)}])


def test_a_turn_whose_role_is_no_word_is_refused():
    with pytest.raises(InvalidInputError, match='needs a "role"'):
        questions_of([{"_id": "q", "text": "How?", "history": [{"role": ["user"], "text": "Hello"}]}])


def test_a_beir_folder_is_read_whole(write_beir):
    golden = read_beir(write_beir(CORPUS, QUERIES, [("q1", "d1", 2), ("q2", "d2", 1), ("q2", "d1", 0)]), "dev")
    assert [(d.id, d.title, d.text) for d in golden.documents] == [
        ("d1", "Leave", "27 days a year."),
        ("d2", "", "Ask the help desk."),
    ]
    assert {q.id: (q.text, dict(q.relevant)) for q in golden.questions} == {
        "q1": ("How many days?", {"d1": 2.0}),
        "q2": ("Whom do I ask?", {"d2": 1.0}),
    }
    assert golden.skipped == {}


def test_questions_the_split_does_not_judge_are_left_out_and_counted(write_beir):
    golden = read_beir(write_beir(CORPUS, QUERIES, [("q1", "d1", 1)]), "dev")
    assert [q.id for q in golden.questions] == ["q1"]
    assert golden.skipped == {"questions of another split or without judgement": 1}


def test_judgements_of_strangers_are_counted(write_beir):
    judgements = [("q1", "d1", 1), ("q1", "gone", 1), ("nobody", "d1", 1), ("q2", "gone", 1)]
    golden = read_beir(write_beir(CORPUS, QUERIES, judgements), "dev")
    assert [(q.id, dict(q.relevant)) for q in golden.questions] == [("q1", {"d1": 1.0})]
    assert golden.skipped == {
        "judgements of documents that do not exist": 2,
        "judged questions that are not in queries.jsonl": 1,
        "judged questions without a relevant document": 1,
    }


def test_judgements_without_a_header_lose_no_line(write_beir):
    folder = write_beir(CORPUS, QUERIES, [])
    (folder / "qrels" / "dev.tsv").write_text("q1\td1\t1\nq2\td2\t1.0\n")
    assert [q.id for q in read_beir(folder, "dev").questions] == ["q1", "q2"]


def test_an_unknown_split_names_those_that_exist(write_beir):
    folder = write_beir(CORPUS, QUERIES, [("q1", "d1", 1)], split="train")
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n")
    with pytest.raises(InvalidInputError, match=r"no split dev in .*qrels; there are: test, train"):
        read_beir(folder, "dev")


def test_a_folder_without_judgements_says_so(write_beir):
    folder = write_beir(CORPUS, QUERIES, [])
    (folder / "qrels" / "dev.tsv").unlink()
    with pytest.raises(InvalidInputError, match=r"qrels holds no \.tsv file"):
        read_beir(folder, "dev")


def test_a_split_in_which_nothing_can_be_scored_is_refused(write_beir):
    folder = write_beir(CORPUS, QUERIES, [("q1", "gone", 1), ("q2", "d1", 0)])
    with pytest.raises(InvalidInputError, match="can be scored: it judges 2 questions"):
        read_beir(folder, "dev")


@pytest.mark.parametrize(
    ("judgements", "said"),
    [
        ("q1\td1\n", r"dev\.tsv, line 1: needs query-id, corpus-id and score"),
        ("query-id\tcorpus-id\tscore\nq1\td1\thigh\n", r"dev\.tsv, line 2: the score 'high' is not a number"),
        ("q1\td1\t1\n\nq1\td1\t2\n", r"dev\.tsv, line 3: q1 and d1 are judged twice, and differently"),
        ("q1\td1\t1\nq1\td1\tnan\n", r"dev\.tsv, line 2: the score 'nan' is not a number"),
    ],
)
def test_broken_judgements_are_refused_by_line(write_beir, judgements, said):
    folder = write_beir(CORPUS, QUERIES, [])
    (folder / "qrels" / "dev.tsv").write_text(judgements)
    with pytest.raises(InvalidInputError, match=said):
        read_beir(folder, "dev")


@pytest.mark.parametrize(
    ("corpus", "said"),
    [
        (
            b'{"_id": "d1", "text": "a"}\n{"_id": "d1", "text": "b"}\n',
            "line 2: the \"_id\" 'd1' stands on line 1 already",
        ),
        (b'{"_id": "d1", "text": "a"}\n\n{"_id": ', "line 3: this is not JSON"),
        (b'["d1", "a"]\n', "line 1: this is not a JSON object"),
        (b'{"text": "a"}\n', 'line 1: the field "_id" is missing'),
        (b'{"_id": "d1", "title": "a"}\n', 'line 1: the field "text" is missing'),
        (b'{"_id": "d1", "text": 5}\n', 'line 1: the field "text" is not a text'),
        (b'{"_id": "d1", "text": "a"}\n\xff\xfe\n', "line 2: this is not UTF-8"),
    ],
)
def test_a_broken_corpus_is_refused_by_file_and_line(write_beir, corpus, said):
    folder = write_beir(CORPUS, QUERIES, [("q1", "d1", 1)])
    (folder / "corpus.jsonl").write_bytes(corpus)
    with pytest.raises(InvalidInputError) as refused:
        read_beir(folder, "dev")
    assert str(refused.value) == f"{folder / 'corpus.jsonl'}, {said}"


def test_a_missing_file_is_named(write_beir):
    folder = write_beir(CORPUS, QUERIES, [("q1", "d1", 1)])
    (folder / "queries.jsonl").unlink()
    with pytest.raises(InvalidInputError, match=r"queries\.jsonl cannot be read: No such file"):
        read_beir(folder, "dev")


def test_byte_order_marks_and_windows_line_ends_are_no_fault(write_beir):
    folder = write_beir(CORPUS, QUERIES, [("q1", "d1", 1)])
    for file in (folder / "corpus.jsonl", folder / "qrels" / "dev.tsv"):
        file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    assert [dict(q.relevant) for q in read_beir(folder, "dev").questions] == [{"d1": 1.0}]


def test_questions_are_read_with_all_that_is_known_of_them(write_questions):
    rows = [
        {"_id": "a", "text": "How many?", "answer": "27", "evidence": "27 days.", "documents": ["./people/leave.md"]},
        {"_id": "b", "text": "And then?", "history": [{"role": "user", "text": "How many?"}], "type": "multi_turn"},
        {"_id": "c", "text": "Dogs?", "answer": None, "type": "unanswerable", "documents": ["people/leave.md"]},
        {"_id": "d", "text": "Cats?", "answerability": "UNANSWERABLE"},
    ]
    a, b, c, d = read_questions(write_questions(rows)).questions
    assert (a.answer, a.evidence, a.answerable, dict(a.relevant)) == ("27", "27 days.", True, {"people/leave.md": 1.0})
    assert b.history == (Turn("user", "How many?"),)
    assert (c.answerable, dict(c.relevant)) == (False, {})
    assert not d.answerable


def test_documents_come_from_judgements_beside_the_questions(write_questions):
    path = write_questions([
        {"_id": "a", "text": "?", "documents": ["own.md"]},
        {"_id": "b", "text": "?"},
        {"_id": "c", "text": "?"},
    ])
    (path.parent / "qrels").mkdir()
    (path.parent / "qrels" / "dev.tsv").write_text("query-id\tcorpus-id\tscore\na\tx.md\t1\nb\ty.md\t1\nz\ty.md\t1\n")
    golden = read_questions(path)
    assert [dict(q.relevant) for q in golden.questions] == [{"own.md": 1.0}, {"y.md": 1.0}, {}]
    assert golden.skipped == {"judged questions that are not in questions.jsonl": 1}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"_id": "a", "text": "  "}, "line 1: the question is empty"),
        ({"_id": "a", "text": "?" * 4001}, "longer than the 4000 characters"),
        ({"_id": "a", "text": "?", "history": [{"role": "system", "text": "x"}]}, 'needs a "role"'),
        ({"_id": "a", "text": "?", "history": "x"}, '"history" is not a list of objects'),
        ({"_id": "a", "text": "?", "documents": [1]}, '"documents" is not a list of texts'),
    ],
)
def test_a_broken_question_is_refused(write_questions, row, said):
    with pytest.raises(InvalidInputError, match=said):
        read_questions(write_questions([row]))


def test_no_questions_are_refused(write_questions):
    with pytest.raises(InvalidInputError, match="holds no questions"):
        read_questions(write_questions([]))
