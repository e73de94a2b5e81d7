"""Metadata of documents and searches that are narrowed, as a client sees them."""

import json
from contextlib import contextmanager

import pytest
from typer.testing import CliRunner

from app.cli import app as cli
from app.commands import search
from app.owner import checked, serving
from app.settings import Settings
from retrieval.errors import InvalidInputError

QUESTION = "days of leave"


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return Settings(data_dir=tmp_path_factory.mktemp("filters") / "data")


@pytest.fixture(scope="module")
def client(settings):
    with serving(settings) as client:
        yield client


@pytest.fixture(scope="module")
def library(client):
    """Ids of three documents by name: two uploads with metadata, one without."""
    upload(client, "law.md", "# Leave\n\nLawyers have ten days of leave.", {"team": "law", "year": "2026"})
    upload(client, "tax.txt", "Tax advisers have twelve days of leave.", {"team": "tax"})
    upload(client, "all.html", "<p>Everybody has eight days of leave.</p>")
    found = checked(client.get("/v1/documents"))["documents"]
    return {document["uri"].removeprefix("upload:"): document["id"] for document in found}


def upload(client, name, text, metadata=None):
    fields = {} if metadata is None else {"metadata": json.dumps(metadata)}
    run = checked(client.post("/v1/documents", files={"files": (name, text.encode())}, data=fields))
    assert (run["state"], run["failures"]) == ("done", [])
    return run


def found(client, **filters):
    results = checked(client.post("/v1/search", json={"question": QUESTION, "filters": filters}))["results"]
    return {result["uri"].removeprefix("upload:") for result in results}


def test_metadata_is_shown_with_the_document(client, library):
    document = checked(client.get(f"/v1/documents/{library['law.md']}"))
    assert document["metadata"] == {"team": "law", "year": "2026"}
    assert document["source_id"] is None


def test_a_search_is_narrowed_by_each_filter(client, library):
    updated = checked(client.get(f"/v1/documents/{library['tax.txt']}"))["updated_at"]
    assert found(client) == {"law.md", "tax.txt", "all.html"}
    assert found(client, metadata={"team": "law"}) == {"law.md"}
    assert found(client, metadata={"team": "law", "year": "2025"}) == set()
    assert found(client, media_types=["text/plain"]) == {"tax.txt"}
    assert found(client, media_types=["text/*"]) == {"law.md", "tax.txt", "all.html"}
    assert "tax.txt" in found(client, updated_from=updated)
    assert "tax.txt" not in found(client, updated_until=updated)
    assert found(client, updated_from="2100-01-01T00:00:00Z") == set()
    assert found(client, sources=["nothing"]) == set()


@pytest.mark.parametrize(
    "filters",
    [
        {"media_types": ["pdf"]},
        {"sources": ["a b"]},
        {"metadata": {"a b": "v"}},
        {"metadata": {"k": "v" * 257}},
        {"metadata": {"k": 1}},
        {"updated_from": "yesterday"},
        {"updated_from": "0001-01-01T00:00:00+14:00"},
        {"colour": "red"},
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(client, filters):
    response = client.post("/v1/search", json={"question": QUESTION, "filters": filters})
    assert response.status_code == 422, response.text
    assert response.json()["detail"]


@pytest.mark.parametrize("metadata", ["no JSON", "[]", '{"k": 1}', '{"a b": "v"}', "[" * 10_000])
def test_an_upload_with_metadata_that_cannot_be_kept_is_refused(client, metadata):
    response = client.post("/v1/documents", files={"files": ("x.txt", b"x")}, data={"metadata": metadata})
    assert response.status_code == 422
    assert "metadata" in response.json()["detail"]


def test_metadata_follows_a_document_through_its_changes(client):
    upload(client, "moving.txt", "Movers have five days of leave.", {"team": "one"})
    assert found(client, metadata={"team": "one"}) == {"moving.txt"}
    upload(client, "moving.txt", "Movers have six days of leave.")
    assert found(client, metadata={"team": "one"}) == {"moving.txt"}
    # The same bytes with other metadata are no unchanged document.
    assert upload(client, "moving.txt", "Movers have six days of leave.", {"team": "two"})["progress"]["updated"] == 1
    assert found(client, metadata={"team": "one"}) == set()
    assert found(client, metadata={"team": "two"}) == {"moving.txt"}
    (document,) = [d for d in checked(client.get("/v1/documents"))["documents"] if d["uri"] == "upload:moving.txt"]
    body = checked(client.put(f"/v1/documents/{document['id']}/metadata", json={"metadata": {"team": "three"}}))
    assert body["metadata"] == {"team": "three"}
    assert body["revision_id"] == document["revision_id"]
    assert found(client, metadata={"team": "two"}) == set()
    assert found(client, metadata={"team": "three"}) == {"moving.txt"}
    assert checked(client.post("/v1/doctor", json={}))["ailments"] == []
    checked(client.delete(f"/v1/documents/{document['id']}"))


def test_metadata_of_a_document_that_is_missing_is_not_set(client):
    response = client.put("/v1/documents/nothing/metadata", json={"metadata": {}})
    assert response.status_code == 404


@pytest.mark.usefixtures("library")
def test_an_administrator_is_told_why_a_passage_was_found(client):
    body = {"question": QUESTION, "explain": True, "filters": {"metadata": {"team": "tax"}}}
    answer = checked(client.post("/v1/search", json=body))
    (result,) = answer["results"]
    (why,) = answer["explanations"]
    assert why["chunk_id"] == result["chunk_id"]
    assert {word for term in why["terms"] for word in term["words"]} == {"days", "leave"}
    assert sum(term["score"] for term in why["terms"]) == pytest.approx(result["sparse"], rel=1e-4)
    assert (why["position"], why["score"], why["also"]) == (1, result["score"], result["also"])
    assert 1 <= why["unfiltered"] <= 3
    assert checked(client.post("/v1/search", json={"question": QUESTION}))["explanations"] is None


def test_nobody_else_is_told_why(client, make_key):
    headers = {"Authorization": f"Bearer {make_key(client, 'reader')}"}
    body = {"question": QUESTION}
    assert client.post("/v1/search", json=body, headers=headers).status_code == 200
    assert client.post("/v1/search", json=body | {"explain": True}, headers=headers).status_code == 403
    assert client.put("/v1/documents/x/metadata", json={"metadata": {}}, headers=headers).status_code == 404


@pytest.mark.usefixtures("library")
def test_the_commands_narrow_and_explain(client, monkeypatch):
    @contextmanager
    def owner(_settings, **_):
        yield client

    monkeypatch.setattr(search, "owner", owner)
    run = CliRunner()

    def searched(*options):
        result = run.invoke(cli, ["search", QUESTION, "--json", *options])
        assert result.exit_code == 0, result.output
        return {found["uri"].removeprefix("upload:") for found in json.loads(result.output)["results"]}

    assert searched("--where", "team=law", "--where", "year=2026") == {"law.md"}
    assert searched("--type", "text/plain", "--since", "2020-01-01") >= {"tax.txt"}
    assert searched("--until", "2020-01-01") == set()
    asked = run.invoke(cli, ["ask", QUESTION, "--json", "--where", "team=tax"])
    assert {citation["uri"] for citation in json.loads(asked.output)["citations"]} == {"upload:tax.txt"}
    shown = run.invoke(cli, ["search", QUESTION, "--explain", "--where", "team=law"])
    assert "words: " in shown.output
    for options in (["--where", "team"], ["--since", "yesterday"], ["--source", "nothing"]):
        with pytest.raises(InvalidInputError):
            run.invoke(cli, ["search", QUESTION, *options], catch_exceptions=False)


def test_metadata_is_given_to_all_that_is_ingested_and_kept_without(client, tmp_path, ingest):
    (tmp_path / "cooks.txt").write_text("Cooks have seven days of leave.")
    counts = []
    for more in ({"metadata": {"place": "kitchen"}}, {}, {"metadata": {"place": "canteen"}}):
        run = ingest(client, tmp_path, **more)
        assert (run["state"], run["failures"]) == ("done", [])
        counts.append([name for name in ("added", "updated", "unchanged") if run["progress"][name]])
        place = more.get("metadata", {"place": "kitchen"})
        assert len(found(client, metadata=place)) == 1
    assert counts == [["added"], ["unchanged"], ["updated"]]
    refused = client.post("/v1/ingestions", json={"paths": [str(tmp_path)], "metadata": {"a b": "v"}})
    assert refused.status_code == 422


def test_documents_of_a_source_are_found_by_it(client, tmp_path):
    (tmp_path / "sourced.txt").write_text("Couriers have nine days of leave.")
    arguments = {"path": str(tmp_path)}
    body = {"kind": "folder", "name": "couriers", "arguments": arguments}
    source = checked(client.post("/v1/sources", json=body))
    run = checked(client.post(f"/v1/sources/{source['id']}/sync"))
    with client.stream("GET", f"/v1/ingestions/{run['id']}/events") as response:
        response.read()
    assert len(found(client, sources=[source["id"]])) == 1
