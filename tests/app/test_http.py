"""The HTTP API as a client sees it."""

import json
import time

import httpx
import pytest

from app.owner import serving

PROBLEM = "application/problem+json"


@pytest.fixture
def api(server, token):
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=server.base_url, headers=headers, timeout=60) as client:
        yield client


def ask(api, question, **more):
    return api.post("/v1/answers", json={"question": question, **more}).json()


def test_an_answer_says_what_the_handbook_says_and_cites_it(api):
    body = ask(api, "How many days of annual leave does a full-time employee have?")
    assert not body["abstained"]
    assert "27 days" in body["answer"]
    assert "[1]" in body["answer"]
    assert body["citations"][0]["title"] == "Annual leave"
    assert "27 days" in body["citations"][0]["quote"]


def test_every_quote_stands_at_its_offsets_in_the_stored_text(api):
    questions = ["annual leave", "What is the hotel rate?", "lost laptop", "warranty of an oven", "when is payday"]
    citations = [c for q in questions for body in [ask(api, q)] for c in body["citations"] + body["nearest"]]
    assert len(citations) >= 5
    for citation in citations:
        url = f"/v1/documents/{citation['document_id']}"
        text = api.get(url, params={"revision": citation["revision_id"]}).json()["text"]
        assert text[citation["start"] : citation["end"]] == citation["quote"]


def test_a_quote_from_a_pdf_names_its_page_and_place(api):
    body = ask(api, "What does the code of conduct say about harassment?")
    pdf = [c for c in body["citations"] if c["uri"].endswith(".pdf")]
    assert pdf
    assert pdf[0]["page"] == 1
    assert pdf[0]["box"]["x0"] < pdf[0]["box"]["x1"]


def test_a_question_that_nothing_answers_is_not_answered(api):
    body = ask(api, "Who won the football world cup in 1998?")
    assert body["abstained"]
    assert body["citations"] == []
    assert body["nearest"]


def test_a_follow_up_is_understood_from_the_conversation(api):
    history = [
        {"role": "user", "text": "How many weeks of parental leave do I get?"},
        {"role": "assistant", "text": "See the parental leave page."},
    ]
    body = ask(api, "And how early do I have to announce it?", history=history)
    assert "arental" in (body["citations"] + body["nearest"])[0]["title"]


def test_an_answer_streams_as_events_when_asked(api):
    headers = {"Accept": "text/event-stream"}
    with api.stream("POST", "/v1/answers", json={"question": "annual leave"}, headers=headers) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        lines = [line for line in response.iter_lines() if line]
    names = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
    assert names[0] == "retrieval"
    assert names[-1] == "done"
    assert {"token", "citation"} <= set(names)
    done = json.loads(lines[-1].removeprefix("data: "))
    assert done["citations"]


def test_search_finds_by_meaning_and_by_word(api):
    for mode in ("dense", "sparse", "hybrid"):
        found = api.post("/v1/search", json={"question": "annual leave", "limit": 3, "mode": mode}).json()["results"]
        assert 1 <= len(found) <= 3
        assert found[0]["title"] == "Annual leave"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/answers", {"question": ""}),
        ("/v1/answers", {"question": "  \u0007 "}),
        ("/v1/answers", {"question": "x" * 10_000}),
        ("/v1/answers", {"question": 7}),
        ("/v1/answers", {"question": ["a"]}),
        ("/v1/answers", {}),
        ("/v1/answers", {"question": "a", "unknown": 1}),
        ("/v1/answers", {"question": "a", "collection": "missing"}),
        ("/v1/answers", {"question": "a", "history": [{"role": "system", "text": "x"}]}),
        ("/v1/search", {"question": "a", "limit": 0}),
        ("/v1/search", {"question": "a", "limit": "many"}),
        ("/v1/search", {"question": "a", "mode": "psychic"}),
        ("/v1/search", {"question": "a", "collection": "missing"}),
        ("/v1/collections", {"name": "../x"}),
    ],
)
def test_bad_input_gets_a_problem_body(api, path, body):
    response = api.post(path, json=body)
    assert 400 <= response.status_code < 500
    assert response.headers["content-type"] == PROBLEM
    assert response.json()["status"] == response.status_code
    assert response.json()["detail"]


def test_a_body_that_is_too_large_is_refused_before_it_is_read(api):
    response = api.post("/v1/answers", content=b"x" * (9 * 2**20), headers={"Content-Type": "application/json"})
    assert response.status_code == 413
    assert response.headers["content-type"] == PROBLEM


def test_a_body_that_is_no_json_gets_a_problem_body(api):
    response = api.post("/v1/answers", content=b"{", headers={"Content-Type": "application/json"})
    assert response.status_code == 422
    assert response.headers["content-type"] == PROBLEM


def test_odd_questions_get_an_answer_or_none(api):
    for question in ("the", "?", "Ω", "leave\u202eevael", "a" * 4000, "Wie viele Urlaubstage habe ich?", "' OR 1=1 --"):
        assert api.post("/v1/answers", json={"question": question}).status_code == 200


def test_without_a_valid_token_nothing_is_told(server):
    with httpx.Client(base_url=server.base_url) as stranger:
        for header in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic eDp5"}):
            for path in ("/v1/documents", "/v1/collections", "/v1/documents/x"):
                response = stranger.get(path, headers=header)
                assert response.status_code == 401
                assert response.headers["content-type"] == PROBLEM
                assert response.headers["www-authenticate"] == "Bearer"


def test_only_a_command_on_this_machine_may_have_paths_read(api):
    assert api.post("/v1/ingestions", json={"paths": ["/etc"]}).status_code == 403


def test_an_answer_does_not_wait_for_delayed_acknowledgements(server):
    # Nagle's algorithm against delayed ACKs costs 40 ms a request; without it this takes about 3 ms.
    times = []
    for _ in range(15):
        start = time.perf_counter()
        server.get("/v1/health/live")
        times.append(time.perf_counter() - start)
    assert min(times) < 0.03


def test_health_needs_no_token(server):
    with httpx.Client(base_url=server.base_url) as stranger:
        assert stranger.get("/v1/health/live").json() == {"status": "ok"}
        assert stranger.get("/v1/health/ready").json() == {"status": "ok"}


def upload(api, *files, **form):
    return api.post("/v1/documents", files=[("files", file) for file in files], data=form)


def test_uploads_are_taken_replaced_and_deleted(api):
    first = upload(api, ("moon.md", b"# Moon base\n\nThe moon base opens on 3 May 2031."), ("b.txt", b"")).json()
    assert (first["progress"]["added"], first["progress"]["chunks"]) == (1, 1)
    assert [(f["name"], f["kind"], f["reason"]) for f in first["failures"]] == [
        ("b.txt", "empty", "is empty (0 bytes)")
    ]
    assert "3 May 2031" in ask(api, "When does the moon base open?")["answer"]

    second = upload(api, ("moon.md", b"# Moon base\n\nThe moon base opens on 9 June 2032.")).json()
    assert second["progress"]["updated"] == 1
    body = ask(api, "When does the moon base open?")
    assert "9 June 2032" in body["answer"]
    assert "2031" not in json.dumps(body)

    assert (
        upload(api, ("moon.md", b"# Moon base\n\nThe moon base opens on 9 June 2032.")).json()["progress"]["unchanged"]
        == 1
    )
    document_id = body["citations"][0]["document_id"]
    assert api.delete(f"/v1/documents/{document_id}").status_code == 204
    assert api.get(f"/v1/documents/{document_id}").status_code == 404
    assert "2032" not in json.dumps(ask(api, "When does the moon base open?"))


def test_an_old_revision_can_be_opened_with_the_text_it_was_cited_with(api):
    upload(api, ("tide.md", b"# Tide table\n\nHigh tide in Port Elsin is at 06:10."))
    cited = ask(api, "When is high tide in Port Elsin?")["citations"][0]
    upload(api, ("tide.md", b"# Tide table\n\nHigh tide in Port Elsin is at 07:45."))
    url = f"/v1/documents/{cited['document_id']}"
    old = api.get(url, params={"revision": cited["revision_id"]}).json()
    assert old["text"][cited["start"] : cited["end"]] == cited["quote"]
    assert "07:45" in api.get(url).json()["text"]
    api.delete(url)


def test_a_hostile_file_name_is_only_a_name(api):
    body = upload(api, ("../../etc/pass\u202ewd\u0000.md", b"# Zebra crossing\n\nZebras cross at noon.")).json()
    assert body["progress"]["added"] == 1
    listed = api.get("/v1/documents", params={"limit": 1000}).json()["documents"]
    found = [d for d in listed if d["title"] == "Zebra crossing"]
    assert len(found) == 1
    assert found[0]["uri"].startswith("upload:")
    assert "/" not in found[0]["uri"]
    api.delete(f"/v1/documents/{found[0]['id']}")


def test_an_upload_into_a_missing_collection_is_refused(api):
    assert upload(api, ("a.md", b"# A\n\ntext"), collection="missing").status_code == 404


def test_a_collection_holds_its_documents_apart(api):
    assert api.post("/v1/collections", json={"name": "lunar"}).status_code == 201
    assert api.post("/v1/collections", json={"name": "lunar"}).status_code == 409
    upload(api, ("rover.md", b"# Rover\n\nThe rover has six wheels."), collection="lunar")
    in_lunar = ask(api, "How many wheels has the rover?", collection="lunar")
    assert "six wheels" in in_lunar["answer"]
    elsewhere = ask(api, "How many wheels has the rover?", collection="default")
    assert "six wheels" not in json.dumps(elsewhere)
    counts = {c["name"]: c["documents"] for c in api.get("/v1/collections").json()["collections"]}
    assert counts["lunar"] == 1


def test_documents_are_listed_page_by_page(api):
    seen, after = [], None
    while True:
        page = api.get(
            "/v1/documents", params={"limit": 7, "collection": "default"} | ({"after": after} if after else {})
        )
        seen += [d["id"] for d in page.json()["documents"]]
        after = page.json()["next"]
        if after is None:
            break
    assert len(seen) == len(set(seen)) == 20


def test_the_openapi_document_is_complete(api):
    document = api.get("/openapi.json").json()
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert operation["summary"], path
            assert "422" in operation["responses"]
    # Of two bodies of one name FastAPI would tell the modules they stand in.
    assert [name for name in document["components"]["schemas"] if "__" in name] == []
    assert document["components"]["schemas"]["AnswerBody"]["properties"]["answer"]["examples"]
    assert document["components"]["securitySchemes"]


def test_every_response_carries_the_security_headers(api):
    for response in (api.get("/"), api.get("/v1/documents"), api.get("/nowhere"), api.get("/icon.svg")):
        assert "default-src 'none'" in response.headers["content-security-policy"]
        assert response.headers["x-content-type-options"] == "nosniff"
    assert api.get("/assets/../settings.py").status_code == 404


def test_an_upload_that_is_too_large_gets_a_problem_body(server_settings, tmp_path):
    settings = server_settings.model_copy(update={"data_dir": tmp_path / "data", "upload_max_bytes": 1000})
    with serving(settings) as client:
        response = client.post("/v1/documents", files=[("files", ("a.txt", b"x" * 5000))])
        assert response.status_code == 413
        assert response.headers["content-type"] == PROBLEM
