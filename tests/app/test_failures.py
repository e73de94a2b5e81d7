"""What a collection lacks, and documents found in long lists, over HTTP."""

import pytest

from app.owner import checked
from tests.people import ended, upload


def failing(client, *names):
    """Upload files that nobody can read; gives the run."""
    files = [("files", (name, b"%PDF-1.7 and nothing else", "application/pdf")) for name in names]
    data = {"collection": "papers", "wait": "false"}
    return ended(client, checked(client.post("/v1/documents", files=files, data=data)))


def failures(client, **params):
    return checked(client.get("/v1/collections/papers/failures", params=params))


def test_what_was_not_taken_in_is_listed_with_its_reason_until_it_is(world):
    run = failing(world.cleo, "torn.pdf")
    (torn,) = (one for one in failures(world.cleo)["failures"] if one["name"] == "torn.pdf")
    assert (torn["run_id"], torn["ordinal"], torn["state"], torn["uri"]) == (run["id"], 0, "failed", "upload:torn.pdf")
    assert torn["reason"]
    assert (torn["kind"], torn["attempts"]) == ("unreadable", 1)
    assert torn["failed_at"]
    upload(world.cleo, "torn.pdf", "It was a text all along.")
    assert "torn.pdf" not in [one["name"] for one in failures(world.cleo)["failures"]]


def test_one_of_several_is_tried_again(world):
    run = failing(world.cleo, "one.pdf", "two.pdf")
    url = f"/v1/ingestions/{run['id']}/retry"
    assert checked(world.cleo.post(url, json={"documents": [1]}))["documents"] == 1
    ended(world.cleo, run)
    documents = checked(world.cleo.get(f"/v1/ingestions/{run['id']}/documents"))["documents"]
    assert [one["attempts"] for one in documents] == [1, 2]
    assert world.cleo.post(url, json={"documents": [7]}).status_code == 409
    for body in ({"documents": []}, {"documents": [-1]}, {"documents": [0], "more": 1}):
        assert world.cleo.post(url, json=body).status_code == 422
    page = failures(world.cleo, limit=1)
    assert (page["failures"][0]["name"], page["failures"][0]["attempts"]) == ("two.pdf", 2)
    assert failures(world.cleo, before=page["next"])["failures"][0]["name"] == "one.pdf"


@pytest.mark.parametrize("before", ["x", "WyJhIiwgImIiXQ=="])
def test_a_page_of_failures_behind_nothing_is_refused(world, before):
    assert world.cleo.get("/v1/collections/papers/failures", params={"before": before}).status_code == 422


def test_documents_are_searched_sorted_and_counted(world):
    upload(world.cleo, "zinnia 5%.txt", "Zinnias grow.")
    upload(world.cleo, "aster 50%.txt", "Asters grow.")
    upload(world.cleo, "aster 50%.txt", "Asters grow tall.")

    def listed(client=world.ann, **params):
        return checked(client.get("/v1/documents", params={"collection": "papers"} | params))

    found = listed(q="0% ASTER")["documents"]
    assert [(one["uri"], one["revisions"], one["chunks"], one["access"]) for one in found] == [
        ("upload:aster 50%.txt", 2, 1, None)
    ]
    assert [one["uri"] for one in listed(q=".txt ast", sort="newest")["documents"]] == ["upload:aster 50%.txt"]
    first = listed(q="% .txt", sort="title", limit=1)
    second = listed(q="% .txt", sort="title", limit=1, after=first["next"])
    assert [page["documents"][0]["uri"][7:12] for page in (first, second)] == ["aster", "zinni"]
    of_curator = listed(world.cleo, q="zinnia", managed=True)["documents"]
    assert of_curator[0]["access"] == ["g:everyone"]
    for params in ({"q": "x" * 201}, {"sort": "size"}, {"sort": "title", "after": "x"}):
        assert world.ann.get("/v1/documents", params=params).status_code == 422
