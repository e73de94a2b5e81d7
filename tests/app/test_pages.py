"""What a reader sees of a document beside its text, over HTTP: pages, highlights, chunks, revisions."""

import io

import pytest
from PIL import Image

from app.owner import checked
from tests.pdf_files import pdf_of
from tests.people import ended, managed, set_access, upload

ROSES = b"BT /F 12 Tf 72 700 Td (Roses are watered daily, by whoever comes first.) Tj ET"
OAKS = b"BT /F 12 Tf 72 700 Td (Oaks are never watered, and nobody has to come.) Tj ET"


def upload_pdf(client, name, *pages):
    files = [("files", (name, pdf_of(*pages), "application/pdf"))]
    run = ended(
        client, checked(client.post("/v1/documents", files=files, data={"collection": "papers", "wait": "false"}))
    )
    assert run["failures"] == []
    return next(one for one in managed(client) if one["uri"] == f"upload:{name}")


@pytest.fixture(scope="module")
def garden(world):
    """A PDF of two pages, of which there was another revision before."""
    upload_pdf(world.cleo, "garden.pdf", OAKS)
    return upload_pdf(world.cleo, "garden.pdf", ROSES, OAKS)


@pytest.fixture(scope="module")
def plain(world):
    return upload(world.cleo, "plain.txt", "Tulips bloom in April.")


def get(client, document, path="", **params):
    return client.get(f"/v1/documents/{document['id']}{path}", params=params)


def test_a_page_is_a_picture_that_does_no_harm_when_it_is_opened_by_itself(world, garden):
    response = get(world.ann, garden, "/pages/1", width=300)
    assert Image.open(io.BytesIO(response.content)).size == (300, 389)  # 792 / 612 * 300 = 388.2
    headers = response.headers
    assert headers["content-type"] == "image/png"
    assert headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in headers["content-security-policy"]
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"


def test_pages_that_cannot_be_shown_say_why(world, garden, plain):
    beyond = get(world.ann, garden, "/pages/3")
    assert (beyond.status_code, beyond.json()["detail"]) == (404, "no page 3: it has 2")
    assert get(world.ann, plain, "/pages/1").status_code == 415
    assert get(world.ann, plain, "/highlights", start=0, end=5).status_code == 415
    for params in ({"width": 199}, {"width": 2001}):
        assert get(world.ann, garden, "/pages/1", **params).status_code == 422
    assert get(world.ann, garden, "/pages/0").status_code == 422


def test_who_may_not_read_a_document_any_more_sees_no_page_that_was_drawn_for_them(world):
    document = upload_pdf(world.cleo, "diary.pdf", ROSES)
    assert get(world.ann, document, "/pages/1", width=200).status_code == 200
    checked(set_access(world.cleo, document, [world.key("bob")]))
    assert get(world.ann, document, "/pages/1", width=200).status_code == 404
    assert get(world.bob, document, "/pages/1", width=200).status_code == 200


def test_a_page_that_somebody_looked_at_is_in_the_audit_log(world, garden):
    get(world.ann, garden, "/pages/2", width=200)
    parameters = {"object": f"document:{garden['id']}", "action": "document.page", "actor": world.key("ann")}
    newest = checked(world.chief.get("/v1/audit", params=parameters))["events"][0]
    assert newest["details"] == {"revision": 2, "page": 2}


def test_a_quote_is_found_on_its_page_line_by_line(world, garden):
    opened = checked(get(world.ann, garden))
    start = opened["text"].index("never watered")
    found = checked(get(world.ann, garden, "/highlights", start=start, end=start + len("never watered")))
    assert found["revision_id"] == opened["revision_id"]
    (page,) = found["pages"]
    assert (page["page"], page["width_pt"], page["height_pt"], page["exact"]) == (2, 612, 792, True)
    (box,) = page["boxes"]
    # Helvetica 12 on the line 92 points from the top, behind "Oaks are ", which is 52 points wide.
    assert box["left"] == pytest.approx(72 + 52, abs=3)
    assert box["top"] < 92 < box["bottom"] + 1


@pytest.mark.parametrize(("start", "end"), [(5, 5), (6, 5), (0, 10_000)])
def test_a_highlight_of_characters_that_are_not_there_is_refused(world, garden, start, end):
    assert get(world.ann, garden, "/highlights", start=start, end=end).status_code == 422


def test_what_a_document_was_is_listed_the_newest_first(world, garden):
    first = checked(get(world.ann, garden, "/revisions", limit=1))
    (live,) = first["revisions"]
    assert (live["number"], live["live"], live["chunks"] > 0) == (2, True, True)
    assert live["id"] == garden["revision_id"]
    (old,) = checked(get(world.ann, garden, "/revisions", before=first["next"]))["revisions"]
    assert (old["number"], old["live"]) == (1, False)
    assert old["size_bytes"] < live["size_bytes"]
    assert old["created_at"] < live["created_at"]


def test_of_an_older_revision_its_own_pages_are_shown_and_its_quotes_found_by_their_words(world, garden):
    old = checked(get(world.ann, garden, "/revisions"))["revisions"][1]["id"]
    assert get(world.ann, garden, "/pages/2", revision=old).status_code == 404
    assert get(world.ann, garden, "/pages/1", revision=old).content == get(world.ann, garden, "/pages/2").content
    text = checked(get(world.ann, garden, revision=old))["text"]
    start = text.index("never watered")
    found = checked(get(world.ann, garden, "/highlights", revision=old, start=start, end=start + 13))
    assert [(page["page"], page["exact"], len(page["boxes"])) for page in found["pages"]] == [(1, True, 1)]
    assert checked(get(world.ann, garden, "/chunks", revision=old))["chunks"] == []


def test_a_revision_of_another_document_is_none_of_this_one(world, garden, plain):
    for path, params in (("/pages/1", {}), ("/chunks", {}), ("/highlights", {"start": 0, "end": 3})):
        assert get(world.ann, garden, path, revision=plain["revision_id"], **params).status_code == 404


def test_the_chunks_are_the_texts_stretches_with_their_places(world, garden):
    text = checked(get(world.ann, garden))["text"]
    listed, after = [], -1
    while after is not None:
        page = checked(get(world.ann, garden, "/chunks", after=after, limit=1))
        listed += page["chunks"]
        after = page["next"]
    assert listed
    assert [chunk["ordinal"] for chunk in listed] == list(range(len(listed)))
    for chunk in listed:
        assert text[chunk["start"] : chunk["end"]] == chunk["text"]
        assert chunk["tokens"] > 0
    assert listed[0]["page"] == 1
    first = listed[0]["places"][0]
    assert text[first["start"] : first["end"]].startswith("Roses")
    assert 0 < first["box"]["x0"] < first["box"]["x1"] < 612


def test_an_opened_document_says_when_its_revision_came_and_what_can_be_seen_of_its_file(world, garden, plain):
    opened, text = checked(get(world.ann, garden)), checked(get(world.ann, plain))
    assert (opened["pages"], opened["original"]) == (2, True)
    assert (text["pages"], text["original"]) == (None, True)
    live = checked(get(world.ann, garden, "/revisions"))["revisions"][0]
    assert opened["revised_at"] == live["created_at"]
