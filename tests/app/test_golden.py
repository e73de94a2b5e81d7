"""Golden sets over HTTP and on the command line."""

import contextlib
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys

import httpx
import pytest
from typer.testing import CliRunner

from app.cli import app
from app.owner import checked
from eval.golden_files import read_golden
from retrieval.errors import AttuneError, InvalidInputError
from tests.people import upload

pytestmark = pytest.mark.usefixtures("answers_withdrawn")

PROBLEM = "application/problem+json"
LEAVE = {
    "_id": "q1",
    "text": "How many days of annual leave do I get?",
    "answer": "27",
    "evidence": "27 days of annual leave",
    "documents": ["people/leave.md"],
    "department": "HR",
}
DOG = {"_id": "a/b <c>", "text": "May I bring my dog?", "answerable": False, "draft": True}


@pytest.fixture
def api(server, token):
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=server.base_url, headers=headers, timeout=60) as client:
        yield client


@pytest.fixture
def name(request):
    return f"set-{abs(hash(request.node.name))}"


@pytest.fixture
def golden(api, name):
    return checked(api.post(f"/v1/golden-sets/{name}", json={"questions": [LEAVE, DOG], "note": "first"}))


def test_a_set_is_written_opened_and_described(api, name, golden):
    assert (golden["name"], golden["version"], golden["count"], golden["drafts"]) == (name, 1, 2, 1)
    assert re.fullmatch("u:[0-9a-f]{32}", golden["created_by"])
    assert golden["description"]["counts"]["documents"] == 1
    assert golden["description"]["tags"] == {"department": {"HR": 1}}
    assert [line for line in golden["description"]["missing"] if "abstention" in line]
    body = checked(api.get(f"/v1/golden-sets/{name}"))
    assert body["questions"] == [
        {name: value for name, value in LEAVE.items() if name != "department"} | {"tags": {"department": "HR"}},
        DOG,
    ]
    assert {key: body[key] for key in ("version", "sha256", "note")} == {
        key: golden[key] for key in ("version", "sha256", "note")
    }
    assert name in [found["name"] for found in checked(api.get("/v1/golden-sets"))["golden_sets"]]


def test_documents_that_are_not_there_are_named(api, name):
    lost = LEAVE | {"documents": ["people/gone.md"]}
    body = checked(api.post(f"/v1/golden-sets/{name}", json={"questions": [lost]}))
    assert body["description"]["counts"]["documents"] == 0
    assert [note for note in body["description"]["notes"] if "people/gone.md" in note]


def test_the_same_questions_make_no_version_and_others_do(api, name, golden):
    url = f"/v1/golden-sets/{name}"
    assert checked(api.post(url, json={"questions": [LEAVE, DOG]}))["version"] == 1
    assert checked(api.post(url, json={"questions": [LEAVE], "after": 1}))["version"] == 2
    assert api.post(url, json={"questions": [DOG], "after": 1}).status_code == 409
    assert [found["version"] for found in checked(api.get(f"{url}/versions"))["golden_sets"]] == [2, 1]
    assert checked(api.get(url, params={"version": 1}))["count"] == 2
    assert api.get(url, params={"version": 3}).status_code == 404
    assert golden["version"] == 1


@pytest.mark.usefixtures("golden")
def test_drafts_are_edited_approved_and_rejected(api, name):
    url = f"/v1/golden-sets/{name}"
    question = f"{url}/questions/a%2Fb%20%3Cc%3E"
    edited = checked(api.patch(question, json={"action": "edit", "changes": {"text": "May I bring my cat?"}}))
    assert (edited["version"], edited["drafts"], edited["note"]) == (2, 1, "edited a/b <c>")
    assert checked(api.patch(question, json={"action": "approve"}))["drafts"] == 0
    assert checked(api.get(url))["questions"][1] == {
        "_id": "a/b <c>",
        "text": "May I bring my cat?",
        "answerable": False,
    }
    assert checked(api.patch(question, json={"action": "approve"}))["version"] == 3
    assert checked(api.patch(question, json={"action": "reject"}))["count"] == 1
    assert api.patch(question, json={"action": "reject"}).status_code == 404
    assert api.patch(f"{url}/questions/q1", json={"action": "edit", "changes": {"text": " "}}).status_code == 422


def test_questions_are_drafted_from_the_documents_once(api, name):
    url = f"/v1/golden-sets/{name}"
    body = checked(api.post(f"{url}/drafts", json={"limit": 5, "collection": "default"}))
    assert (body["added"], body["count"], body["drafts"]) == (5, 5, 5)
    questions = checked(api.get(url))["questions"]
    listed = checked(api.get("/v1/documents", params={"limit": 1000}))["documents"]
    uris = {document["uri"] for document in listed}
    assert all(set(question["documents"]) <= uris and question["draft"] for question in questions)
    checked(api.patch(f"{url}/questions/{questions[0]['_id']}", json={"action": "reject"}))
    again = checked(api.post(f"{url}/drafts", json={"limit": 5, "collection": "default"}))
    assert (again["added"], again["count"]) == (0, 4)
    assert again["skipped"]["questions that the set has, or had"] == 5
    assert api.post(f"{url}/drafts", json={"collection": "none"}).status_code == 404


def test_approved_corrections_become_questions(api, name):
    asked = checked(api.post("/v1/answers", json={"question": "How many days of annual leave are there?"}))
    said = {"answer": "27 days", "evidence": "27 days of annual leave"}
    kept = checked(api.post(f"/v1/answers/{asked['interaction_id']}/feedback", json=said))
    url = f"/v1/golden-sets/{name}"
    before = checked(api.post(f"{url}/feedback"))["count"]  # what other tests approved
    checked(api.post(f"/v1/feedback/{kept['id']}/approval"))
    assert checked(api.post(f"{url}/feedback"))["added"] == 1
    questions = {question["_id"]: question for question in checked(api.get(url))["questions"]}
    question = questions[f"feedback-{kept['id']}"]
    assert len(questions) == before + 1
    assert (question["text"], question["answer"]) == ("How many days of annual leave are there?", "27 days")
    assert [uri for uri in question["documents"] if uri.endswith("people/leave.md")]
    assert "draft" not in question


def test_a_correction_does_not_bring_a_deleted_document_back(api, name):
    text = b"# Axolotls in the office\n\nAn axolotl may visit the office on the third Friday of every month.\n"
    assert api.post("/v1/documents", files=[("files", ("axolotls.md", text))]).is_success
    asked = checked(api.post("/v1/answers", json={"question": "On which day may an axolotl visit the office?"}))
    (document,) = {c["document_id"] for c in asked["citations"] if c["uri"].endswith("axolotls.md")}
    said = {"answer": "The third Friday", "right_documents": [document]}
    kept = checked(api.post(f"/v1/answers/{asked['interaction_id']}/feedback", json=said))
    checked(api.post(f"/v1/feedback/{kept['id']}/approval"))
    assert api.delete(f"/v1/documents/{document}").status_code == 204
    url = f"/v1/golden-sets/{name}"
    checked(api.post(f"{url}/feedback"))
    made = api.get(url).text
    assert f"feedback-{kept['id']}" not in made
    assert "third Friday" not in made
    assert "axolotls.md" not in made


DRAFTS = [{"_id": f"d{n}", "text": f"Question {n}?", "draft": True} for n in range(4)]


def test_many_reviews_make_one_version(api, name):
    url = f"/v1/golden-sets/{name}"
    checked(api.post(url, json={"questions": DRAFTS}))
    reviews = [
        {"key": "d0", "action": "approve", "changes": {"answer": "27"}},
        {"key": "d1", "action": "approve"},
        {"key": "d2", "action": "reject"},
        {"key": "d3", "action": "edit", "changes": {"text": "Which?"}},
    ]
    made = checked(api.patch(f"{url}/questions", json=reviews))
    assert (made["version"], made["count"], made["drafts"]) == (2, 3, 1)
    assert made["note"] == "reviewed: 2 approved, 1 edited, 1 rejected"
    assert checked(api.get(url))["questions"] == [
        {"_id": "d0", "text": "Question 0?", "answer": "27"},
        {"_id": "d1", "text": "Question 1?"},
        {"_id": "d3", "text": "Which?", "draft": True},
    ]
    assert checked(api.patch(f"{url}/questions", json=[{"key": "d1", "action": "approve"}]))["version"] == 2


@pytest.mark.parametrize(
    ("second", "status"),
    [
        ({"key": "none", "action": "reject"}, 404),
        ({"key": "d0", "action": "reject"}, 422),
        ({"key": "d1", "action": "edit", "changes": {"text": " "}}, 422),
        ({"key": "d1", "action": "forget"}, 422),
        ({"action": "reject"}, 422),
    ],
)
def test_of_many_reviews_all_count_or_none(api, name, second, status):
    url = f"/v1/golden-sets/{name}"
    checked(api.post(url, json={"questions": DRAFTS}))
    response = api.patch(f"{url}/questions", json=[{"key": "d0", "action": "approve"}, second])
    assert (response.status_code, response.headers["content-type"]) == (status, PROBLEM)
    assert checked(api.get(url))["version"] == 1


def nested(deep):
    return "[" * deep + "1" + "]" * deep


@pytest.mark.parametrize("deep", [300, 900])
def test_a_field_that_nobody_reads_may_be_nested_deep(api, name, deep):
    content = f'{{"questions": [{{"_id": "q", "text": "How?", "other": {nested(deep)}, "source": {nested(deep)}}}]}}'
    response = api.post(
        f"/v1/golden-sets/{name}", content=content.encode(), headers={"Content-Type": "application/json"}
    )
    assert response.status_code == 200, response.text
    assert checked(api.get(f"/v1/golden-sets/{name}"))["questions"] == [{"_id": "q", "text": "How?"}]


@pytest.mark.parametrize("field", ["tags", "documents", "history", "passages", "answer", "draft"])
def test_a_field_that_is_read_and_nested_deep_gets_a_problem_body(api, name, field):
    content = f'{{"questions": [{{"_id": "q", "text": "How?", "{field}": {nested(900)}}}]}}'
    response = api.post(
        f"/v1/golden-sets/{name}", content=content.encode(), headers={"Content-Type": "application/json"}
    )
    assert (response.status_code, response.headers["content-type"]) == (422, PROBLEM)


@pytest.mark.parametrize(
    "changes",
    [
        {"answer": "x" * 20_001},
        {"evidence": "x" * 20_001},
        {"history": [{"role": "user", "text": "x"}] * 201},
        {"history": [{"role": "user", "text": "x" * 20_001}]},
        {"documents": ["d"] * 10_001},
        {"documents": {f"d{n}": 1 for n in range(10_001)}},
        {"documents": ["d" * 2_001]},
        {"passages": [{"document": "d", "text": "x"}] * 1_001},
        {"passages": [{"document": "d", "text": "x" * 100_001}]},
        {"tags": {f"t{n}": "x" for n in range(101)}},
        {"variants": {f"v{n}": "x" for n in range(101)}},
        {"variants": {"de": "x" * 4_001}},
    ],
    ids=lambda changes: next(iter(changes)),
)
@pytest.mark.usefixtures("golden")
def test_what_a_question_holds_is_bounded(api, name, changes):
    url = f"/v1/golden-sets/{name}"
    response = api.patch(f"{url}/questions/q1", json={"action": "edit", "changes": changes})
    assert (response.status_code, response.headers["content-type"]) == (422, PROBLEM)
    assert api.post(url, json={"questions": [{"_id": "q", "text": "How?"} | changes]}).status_code == 422
    assert checked(api.get(url))["version"] == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", ""), ("POST", "/drafts"), ("POST", "/feedback"), ("PATCH", "/questions"), ("PATCH", "/questions/q1")],
)
def test_a_body_of_more_than_32_mib_is_refused(api, name, method, path):
    headers = {"Content-Type": "application/json"}
    content = b" " * (32 * 2**20 + 1)
    response = api.request(method, f"/v1/golden-sets/{name}{path}", content=content, headers=headers)
    assert (response.status_code, response.headers["content-type"]) == (413, PROBLEM)


@pytest.mark.usefixtures("golden")
def test_a_deleted_set_is_gone(api, name):
    assert api.delete(f"/v1/golden-sets/{name}").status_code == 204
    assert api.get(f"/v1/golden-sets/{name}").status_code == 404
    assert api.delete(f"/v1/golden-sets/{name}").status_code == 404


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ({"_id": "q", "text": " "}, "entry 1: the question is empty"),
        ({"_id": "q", "text": "a\x00b"}, 'entry 1: the field "text" holds a NUL'),
        ({"_id": "q", "text": "a", "documents": [1]}, "documents"),
        ({"text": "a"}, "_id"),
        ({"_id": "q", "text": "a", "passages": [{"document": "x", "text": "y"}], "documents": ["z"]}, "passage names"),
    ],
)
def test_a_broken_question_gets_a_problem_body(api, name, question, said):
    response = api.post(f"/v1/golden-sets/{name}", json={"questions": [question]})
    assert response.status_code == 422
    assert response.headers["content-type"] == PROBLEM
    assert said in response.json()["detail"]
    assert api.get(f"/v1/golden-sets/{name}").status_code == 404


def test_half_a_surrogate_pair_gets_a_problem_body(api, name):
    content = b'{"questions": [{"_id": "q", "text": "a\\ud800"}]}'
    response = api.post(f"/v1/golden-sets/{name}", content=content, headers={"Content-Type": "application/json"})
    assert (response.status_code, response.headers["content-type"]) == (422, PROBLEM)


def test_two_questions_of_one_id_and_a_bad_name_are_refused(api, name):
    response = api.post(f"/v1/golden-sets/{name}", json={"questions": [LEAVE, LEAVE]})
    assert response.status_code == 422
    assert "stands on entry 1 already" in response.json()["detail"]
    assert api.post("/v1/golden-sets/a%20b", json={"questions": []}).status_code == 422


def test_only_administrators_see_golden_sets(server, name):
    with httpx.Client(base_url=server.base_url) as stranger:
        for method, path in (("GET", ""), ("GET", f"/{name}"), ("POST", f"/{name}"), ("DELETE", f"/{name}")):
            assert stranger.request(method, f"/v1/golden-sets{path}").status_code == 401


POND = {
    "_id": "pond",
    "text": "How deep is the pond?",
    "history": [{"role": "user", "text": "A pond?"}, {"role": "assistant", "text": "Behind the vault."}],
    "answer": "Eleven cubits",
    "evidence": "The pond is eleven cubits deep.",
    "documents": ["pond.txt"],
    "passages": [{"document": "pond.txt", "text": "The pond is eleven cubits deep."}],
    "tags": {"department": "HR"},
}
BARE = {"_id": "pond", "text": POND["text"], "documents": ["pond.txt"], "tags": POND["tags"], "withheld": True}
ELSEWHERE = LEAVE | {"documents": ["people/nowhere.md"], "tags": {"department": "HR"}}
del ELSEWHERE["department"]


@pytest.fixture(scope="module")
def warden(world):
    """An administrator who may read a document that the administrator ``chief`` may not, and ``u:local`` neither."""
    upload(world.cleo, "pond.txt", f"The pond.\n\n{POND['evidence']}", access=json.dumps([world.hr]))
    return world.person("warden", administrator=True, scopes=("ask", "curate", "administer"), groups=["hr"])


@pytest.fixture
def ponds(warden, name):
    url = f"/v1/golden-sets/{name}"
    checked(warden.post(url, json={"questions": [POND, ELSEWHERE]}))
    return url


def test_words_of_documents_are_shown_to_the_administrators_who_may_read_them(world, warden, ponds):
    for asking in (world.chief, world.local):
        for version in (None, 1):
            shown = asking.get(ponds, params={} if version is None else {"version": version})
            assert checked(shown)["questions"] == [BARE, ELSEWHERE]
            assert not [words for words in ("cubits", "Eleven", "vault") if words in shown.text]
    assert checked(warden.get(ponds))["questions"] == [POND, ELSEWHERE]


def test_a_review_by_somebody_who_is_not_shown_the_words_keeps_them(world, warden, ponds):
    edited = {"action": "approve", "changes": {"text": "How deep is our pond?", "documents": ["pond.txt", "moat.txt"]}}
    checked(world.chief.patch(f"{ponds}/questions/pond", json=edited))
    question = checked(warden.get(ponds))["questions"][0]
    assert question == POND | {"text": "How deep is our pond?", "documents": ["moat.txt", "pond.txt"]}
    checked(world.chief.patch(f"{ponds}/questions/pond", json={"action": "edit", "changes": {"answer": "Deep"}}))
    assert checked(warden.get(ponds))["questions"][0] == question | {"answer": "Deep"}


@pytest.mark.parametrize("changes", [{"documents": ["people/leave.md"]}, {"documents": []}, {"answerable": False}])
def test_words_that_are_not_shown_cannot_be_moved_to_where_they_would_be(world, warden, ponds, changes):
    refused = world.chief.patch(f"{ponds}/questions/pond", json={"action": "edit", "changes": changes})
    assert (refused.status_code, "documents that you may not read" in refused.json()["detail"]) == (422, True)
    given = {"history": [], "answer": "27", "evidence": "", "passages": []}
    checked(world.chief.patch(f"{ponds}/questions/pond", json={"action": "edit", "changes": changes | given}))
    assert "cubits" not in warden.get(ponds).text
    checked(world.chief.post(ponds, json={"questions": [POND]}))
    checked(world.chief.post(ponds, json={"questions": [BARE | {"documents": []} | changes]}))
    assert "cubits" not in warden.get(ponds).text


def test_a_set_that_is_written_back_as_it_was_shown_is_the_same_set(world, warden, ponds):
    shown = checked(world.chief.get(ponds))["questions"]
    assert checked(world.chief.post(ponds, json={"questions": shown}))["version"] == 1
    shown[0]["text"] = "How deep is it?"
    assert checked(world.chief.post(ponds, json={"questions": shown}))["version"] == 2
    assert checked(warden.get(ponds))["questions"] == [POND | {"text": "How deep is it?"}, ELSEWHERE]


def test_an_export_says_what_it_could_not_hold_and_loses_nothing_when_it_comes_back(
    people_folder, warden, ponds, monkeypatch, tmp_path
):
    monkeypatch.setenv("ATTUNE_DATA_DIR", str(people_folder / "data"))
    name, target = ponds.rpartition("/")[2], str(tmp_path / "out.csv")
    done = CliRunner().invoke(app, ["golden", "export", name, target, "--json"])
    assert (done.exit_code, json.loads(done.stdout)["withheld"]) == (0, 1)
    assert "cubits" not in (tmp_path / "out.csv").read_text()
    assert CliRunner().invoke(app, ["golden", "import", target, name]).exit_code == 0
    found = checked(warden.get(ponds))
    assert (found["version"], found["questions"]) == (1, [POND, ELSEWHERE])


@pytest.fixture
def attune(server, server_settings, monkeypatch):
    assert server
    monkeypatch.setenv("ATTUNE_DATA_DIR", str(server_settings.data_dir))
    monkeypatch.setenv("COLUMNS", "200")
    runner = CliRunner()

    def run(*arguments, stdin=None):
        done = runner.invoke(app, ["golden", *map(str, arguments)], input=stdin)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == 0, done.output
        return done.stdout

    return run


def test_commands_bring_a_set_in_show_it_and_write_it_out(attune, name, tmp_path):
    source = tmp_path / "questions.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in (LEAVE, DOG)))
    made = json.loads(attune("import", source, name, "--note", "from a file", "--json"))
    assert (made["version"], made["count"], made["note"]) == (1, 2, "from a file")
    assert "version 1: 2 questions, 1 drafts" in attune("import", source, name)
    assert name in attune("list")
    assert name in [found["name"] for found in json.loads(attune("list", "--json"))["golden_sets"]]
    shown = attune("show", name)
    assert "How many days of annual leave do I get?" in shown
    assert "cannot be measured" in shown
    assert json.loads(attune("show", name, "--json"))["questions"][1] == DOG
    assert "from a file" in attune("show", name, "--versions")
    for target in ("out.jsonl", "out.csv", "out"):
        assert json.loads(attune("export", name, tmp_path / target, "--json"))["lost"] == {}
        json.loads(attune("import", tmp_path / target, name, "--json"))
        assert json.loads(attune("show", name, "--json"))["version"] == 1  # the same questions
    assert attune("delete", name).strip() == "deleted"


def test_commands_draft_and_review(attune, name):
    made = json.loads(attune("draft", name, "--limit", 3, "--collection", "default", "--json"))
    assert (made["added"], made["drafts"]) == (3, 3)
    first, second, third = [q["_id"] for q in json.loads(attune("show", name, "--json"))["questions"]]
    changes = json.dumps({"answer": "27", "tags": {"department": "HR"}})
    done = json.loads(
        attune("review", name, "--edit", third, "--changes", changes, "--approve", first, "--reject", second, "--json")
    )
    assert (done["count"], done["drafts"]) == (2, 1)
    with pytest.raises(InvalidInputError, match="1 drafts wait"):
        attune("review", name)
    attune("review", name, "--approve", third)
    kept = json.loads(attune("show", name, "--json"))["questions"]
    assert [(q["_id"], q.get("draft"), q.get("answer")) for q in kept] == [(first, None, None), (third, None, "27")]


def test_one_command_makes_one_version(attune, api, name):
    checked(api.post(f"/v1/golden-sets/{name}", json={"questions": DRAFTS}))
    asked = ("--approve", "d0", "--approve", "d1", "--approve", "d0", "--reject", "d2")
    done = json.loads(attune("review", name, *asked, "--edit", "d0", "--changes", '{"answer": "27"}', "--json"))
    assert (done["version"], done["count"], done["drafts"]) == (2, 3, 1)
    assert checked(api.get(f"/v1/golden-sets/{name}"))["questions"][0] == {
        "_id": "d0",
        "text": "Question 0?",
        "answer": "27",
    }


class Terminal:
    """The command in a terminal of its own."""

    def __init__(self, data_dir, *arguments):
        ours, theirs = pty.openpty()
        environment = {"ATTUNE_DATA_DIR": str(data_dir), "NO_COLOR": "1", "COLUMNS": "200", "TERM": "dumb"}
        # Whoever runs the tests in the background has Ctrl+C ignored, and a child inherits that.
        attune = (
            "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from app.cli import main; main()"
        )
        self.command = subprocess.Popen(
            [sys.executable, "-c", attune, "golden", *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment,
        )
        os.close(theirs)
        self._fd = ours
        self.said = ""

    def type_after(self, prompt, *lines):
        while prompt not in self.said:
            assert select.select([self._fd], [], [], 60)[0], f"{prompt!r} did not come after {self.said!r}"
            self.said += os.read(self._fd, 4096).decode()
        self.said = self.said.partition(prompt)[2]
        for line in lines:
            os.write(self._fd, f"{line}\n".encode())

    def press_ctrl_c(self):
        # Python sees one that comes just before its read() only when that read ends: like a person, press again.
        for _ in range(12):
            self.command.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.command.wait(timeout=5)
                return

    def close(self):
        try:
            return self.command.wait(timeout=60)
        finally:
            self.command.kill()
            self.command.wait()
            os.close(self._fd)


@pytest.fixture
def terminal(server_settings, api, name):
    checked(api.post(f"/v1/golden-sets/{name}", json={"questions": DRAFTS}))
    return Terminal(server_settings.data_dir, "review", name)


def test_a_session_of_reviews_makes_one_version(terminal, api, name):
    url = f"/v1/golden-sets/{name}"
    terminal.type_after("1 of 4: Question 0?", "a")
    terminal.type_after("2 of 4: Question 1?", "e")
    terminal.type_after("question [", " ")  # no question: it is asked again
    terminal.type_after("answer [", "28")
    terminal.type_after("question [", "Which one?")
    terminal.type_after("answer [", "28")
    terminal.type_after("3 of 4: Question 2?", "r")
    terminal.type_after("4 of 4: Question 3?")
    assert checked(api.get(url))["version"] == 1
    # Meanwhile somebody else changes one of those that were decided.
    checked(api.patch(f"{url}/questions/d0", json={"action": "edit", "changes": {"text": "What else?"}}))
    terminal.type_after("(q)uit", "q")
    terminal.type_after("version 3")
    assert terminal.close() == 0
    assert checked(api.get(url))["questions"] == [
        {"_id": "d0", "text": "What else?", "draft": True},
        {"_id": "d1", "text": "Which one?", "answer": "28"},
        DRAFTS[3],
    ]


def test_ctrl_c_writes_what_was_decided_so_far(terminal, api, name):
    terminal.type_after("1 of 4: Question 0?", "a")
    terminal.type_after("2 of 4: Question 1?", "r")
    terminal.type_after("3 of 4: Question 2?")
    terminal.type_after("(q)uit")
    terminal.press_ctrl_c()
    assert terminal.close() != 0
    body = checked(api.get(f"/v1/golden-sets/{name}"))
    assert (body["version"], body["drafts"]) == (2, 2)
    assert [question["_id"] for question in body["questions"]] == ["d0", "d2", "d3"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "none"), "no golden set 'none'"),
        (("show", "../x"), "cannot name a golden set"),
        (("delete", ".."), "cannot name a golden set"),
        (("import", "missing.jsonl", "a"), "missing.jsonl cannot be read"),
        (("export", "none", "out.xlsx"), "is no golden set"),
        (("review", "none", "--edit", "q", "--changes", "{"), "--changes is not JSON"),
        (("review", "none", "--edit", "q", "--changes", "[]"), "--changes is not a JSON object"),
    ],
)
def test_what_is_wrong_is_said(attune, arguments, said):
    with pytest.raises(AttuneError, match=said):
        attune(*arguments)


def test_a_review_of_what_was_changed_meanwhile_is_refused(api, name):
    url = f"/v1/golden-sets/{name}"
    checked(api.post(url, json={"questions": DRAFTS}))
    checked(api.patch(f"{url}/questions/d0", json={"action": "edit", "changes": {"text": "Reworded?"}}))
    late = api.patch(f"{url}/questions", params={"after": 1}, json=[{"key": "d0", "action": "approve"}])
    assert (late.status_code, late.headers["content-type"]) == (409, PROBLEM)
    # What nobody touched may be reviewed, though the set has a newer version.
    other = checked(api.patch(f"{url}/questions/d1", params={"after": 1}, json={"action": "approve"}))
    assert (other["version"], other["drafts"]) == (3, 3)
    assert api.patch(f"{url}/questions/d1", params={"after": 9}, json={"action": "approve"}).status_code == 404


def test_an_export_is_read_by_the_import(api, name, tmp_path):
    url = f"/v1/golden-sets/{name}"
    checked(api.post(url, json={"questions": [LEAVE, DOG]}))
    lines = api.get(f"{url}/export")
    assert lines.headers["content-disposition"] == f'attachment; filename="{name}-1.jsonl"'
    assert [json.loads(line) for line in lines.text.splitlines()] == checked(api.get(url))["questions"]
    (tmp_path / "set.csv").write_bytes(api.get(f"{url}/export", params={"layout": "csv", "version": 1}).content)
    assert [question.text for question in read_golden(tmp_path / "set.csv").questions] == [LEAVE["text"], DOG["text"]]
    assert api.get(f"{url}/export", params={"layout": "beir"}).status_code == 422
    assert api.get("/v1/golden-sets/nowhere/export").status_code == 404
