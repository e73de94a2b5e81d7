"""Who may read what, set and asked for by several people on a real server."""

import base64
import json
import threading

import pytest

from app.owner import checked
from tests.people import ended, managed, reads, set_access, upload

NOBODYS = "0" * 32


def same_as_unknown(response, unknown, known_id):
    """Tell whether a response is the one for an id that there is not."""
    return (response.status_code, response.text.replace(known_id, NOBODYS)) == (unknown.status_code, unknown.text)


def test_a_document_is_for_those_whom_both_lists_let_in(world):
    document = upload(world.cleo, "wages.txt", "Wages are paid on the last Friday.", access=json.dumps([world.hr]))
    assert reads(world.ann, document)
    assert not reads(world.bob, document)
    assert not reads(world.cleo, document)  # who looks after it does not read it for that
    assert not reads(world.chief, document)
    assert set_access(world.cleo, document, "everyone").status_code == 200
    assert reads(world.bob, document)
    assert not reads(world.chief, document)  # everybody who may read the collection


def test_a_collection_shut_to_a_reader_is_shut_with_all_its_documents(world):
    document = upload(world.cleo, "roster.txt", "The roster hangs beside the kitchen door.")
    before = checked(world.chief.get("/v1/collections/papers/access"))
    body = {"readers": [world.hr], "curators": before["curators"], "version": before["version"]}
    after = checked(world.chief.put("/v1/collections/papers/access", json=body))
    assert not reads(world.bob, document)
    assert reads(world.ann, document)
    assert "papers" not in world.bob.get("/v1/collections").text
    body |= {"readers": before["readers"], "version": after["version"]}
    checked(world.chief.put("/v1/collections/papers/access", json=body))
    assert reads(world.bob, document)


def test_what_is_hidden_answers_as_what_is_not_there(world):
    document = upload(world.cleo, "merger.txt", "The merger is named Nightingale.", access=json.dumps([world.hr]))
    key = document["id"]
    for method, path, more in [
        ("GET", "", {}),
        ("GET", "/original", {}),
        ("GET", "/findings", {}),
        ("GET", "/access", {}),
        ("PUT", "/access", {"json": {"access": "everyone", "version": 0}}),
        ("DELETE", "/access", {"params": {"version": 0}}),
        ("PUT", "/metadata", {"json": {"metadata": {}}}),
        ("DELETE", "", {}),
    ]:
        unknown = world.bob.request(method, f"/v1/documents/{NOBODYS}{path}", **more)
        assert unknown.status_code == 404
        assert same_as_unknown(world.bob.request(method, f"/v1/documents/{key}{path}", **more), unknown, key), path


def test_a_hidden_collection_answers_as_one_that_is_not_there(world):
    checked(world.chief.post("/v1/collections", json={"name": "board", "readers": "private"}))
    upload(world.chief, "minutes.txt", "The board met on Monday.", collection="board")
    policy = {"actions": {}}
    for method, path, more in [
        ("GET", "/v1/collections/NAME/access", {}),
        ("PUT", "/v1/collections/NAME/access", {"json": {"readers": "everyone", "curators": [], "version": 0}}),
        ("GET", "/v1/collections/NAME/policy", {}),
        ("PUT", "/v1/collections/NAME/policy", {"json": policy}),
        ("PUT", "/v1/collections/NAME/names", {"json": {"names": ""}}),
        ("GET", "/v1/collections/NAME/quality", {}),
        ("GET", "/v1/collections/NAME/quality.html", {}),
        ("GET", "/v1/collections/NAME/findings", {}),
        ("GET", "/v1/collections/NAME/quarantine", {}),
        ("GET", "/v1/documents?collection=NAME", {}),
        ("GET", "/v1/documents?collection=NAME&managed=true", {}),
        ("POST", "/v1/documents", {"data": {"collection": "NAME"}, "files": {"files": ("a.txt", b"words")}}),
        ("POST", "/v1/search", {"json": {"question": "board", "collection": "NAME"}}),
        ("POST", "/v1/answers", {"json": {"question": "Who met?", "collection": "NAME"}}),
    ]:
        hidden, unknown = (
            world.ann.request(method, path.replace("NAME", name), **json_with(more, name))
            for name in ("board", "bored")
        )
        assert unknown.status_code == 404, path
        assert (hidden.status_code, hidden.text.replace("board", "bored")) == (404, unknown.text), path


def json_with(more, name):
    return (
        json.loads(json.dumps(more).replace("NAME", name))
        if "files" not in more
        else more | {"data": {"collection": name}}
    )


def test_a_reader_is_told_that_they_may_not_change_what_they_read(world):
    document = upload(world.cleo, "lunch.txt", "Lunch is at noon.")
    path = f"/v1/documents/{document['id']}"
    for method, more, given in [
        ("GET", "/access", {}),
        ("PUT", "/access", {"json": {"access": "everyone", "version": 0}}),
        ("PUT", "/metadata", {"json": {"metadata": {}}}),
        ("DELETE", "", {}),
    ]:
        assert world.ann.request(method, path + more, **given).status_code == 403
    refused = world.ann.post("/v1/documents", files={"files": ("a.txt", b"x")}, data={"collection": "papers"})
    assert refused.status_code == 403
    assert world.ann.get("/v1/ingestions").status_code == 403
    assert world.ann.get("/v1/sources").status_code == 403
    assert reads(world.ann, document)


def test_a_key_without_the_scope_curates_nothing(world):
    document = upload(world.cleo, "tea.txt", "Tea is in the second drawer.")
    asking = world.client("cleo", scopes=["ask"])
    assert set_access(asking, document, "everyone").status_code == 404
    assert asking.get("/v1/documents?collection=papers&managed=true").status_code == 403


def test_a_curator_looks_after_their_own_collection_only(world):
    other = upload(world.chief, "fleet.txt", "Cars are washed on Tuesdays.", collection="default")
    assert world.cleo.put(f"/v1/documents/{other['id']}/metadata", json={"metadata": {}}).status_code == 403
    mine = upload(world.cleo, "van.txt", "The van is white.")
    assert world.cleo.put(f"/v1/documents/{mine['id']}/metadata", json={"metadata": {"a": "b"}}).status_code == 200
    runs = checked(world.cleo.get("/v1/ingestions?limit=1000"))["runs"]
    assert {run["collection"] for run in runs} == {"papers"}
    foreign = next(r for r in checked(world.chief.get("/v1/ingestions"))["runs"] if r["collection"] == "default")
    for path in ("", "/documents", "/events"):
        unknown = world.cleo.get(f"/v1/ingestions/{NOBODYS}{path}")
        assert same_as_unknown(world.cleo.get(f"/v1/ingestions/{foreign['id']}{path}"), unknown, foreign["id"])
    assert world.cleo.get("/v1/ingestions", params={"before": foreign["id"]}).status_code == 404
    assert world.cleo.delete(f"/v1/documents/{mine['id']}").status_code == 204


def test_a_list_that_was_set_by_hand_holds_against_later_uploads(world):
    document = upload(world.cleo, "plan.txt", "The plan is secret.")
    checked(set_access(world.cleo, document, [world.hr]))
    again = upload(world.cleo, "plan.txt", "The plan is no secret any more.", access="everyone")
    assert (again["id"], again["access"]) == (document["id"], [world.hr])
    assert again["access_set_by"] == world.key("cleo")
    version = again["access_version"]
    assert world.cleo.delete(f"/v1/documents/{document['id']}/access?version={version}").json()["set_by"] is None
    last = upload(world.cleo, "plan.txt", "The plan is known to all.", access="everyone")
    assert last["access"] == ["g:everyone"]


def test_an_upload_without_access_leaves_it_and_one_of_the_same_bytes_changes_it(world):
    words = "Stairs are swept at six."
    document = upload(world.cleo, "stairs.txt", words, access=json.dumps([world.hr]))
    assert upload(world.cleo, "stairs.txt", words)["access"] == [world.hr]
    assert upload(world.cleo, "stairs.txt", f"{words} And at ten.")["access"] == [world.hr]
    changed = upload(world.cleo, "stairs.txt", f"{words} And at ten.", access=json.dumps([world.eng]))
    assert (changed["id"], changed["access"]) == (document["id"], [world.eng])
    assert reads(world.bob, changed)
    assert not reads(world.ann, changed)


def test_private_is_for_who_says_it_alone(world):
    papers = checked(world.chief.get("/v1/collections/papers/access"))
    body = {"readers": [*papers["readers"], world.owners], "curators": papers["curators"], "version": papers["version"]}
    now = checked(world.chief.put("/v1/collections/papers/access", json=body))
    document = upload(world.cleo, "diary.txt", "Dear diary, it rained.", access="private")
    assert document["access"] == [world.key("cleo")]
    assert reads(world.cleo, document)
    assert not reads(world.ann, document)
    body |= {"readers": papers["readers"], "version": now["version"]}
    checked(world.chief.put("/v1/collections/papers/access", json=body))


@pytest.fixture(scope="module")
def document(world):
    return upload(world.cleo, "door.txt", "The door is to be kept shut.")


@pytest.mark.parametrize(
    ("access", "said"),
    [
        ([], 'names nobody; say "private"'),
        ([f"u:{NOBODYS}"], f"there is no user or group u:{NOBODYS}"),
        (["g:hr"], "there is no user or group g:hr"),
        (["hr"], "no principal key"),
        (["g:" + "x" * 300], "255"),
        ("nobody", "access"),
        ([f"u:{number}" for number in range(1_001)], "1000"),
        ([1], "access"),
        (None, "access"),
    ],
)
def test_a_list_that_makes_no_sense_is_refused_with_a_reason(world, document, access, said):
    refused = set_access(world.cleo, document, access)
    assert refused.status_code == 422
    assert said in refused.json()["detail"]


def test_a_list_of_a_million_is_refused_before_it_is_looked_at(world, document):
    body = json.dumps({"access": [f"g:{NOBODYS}"] * 1_000_000, "version": 0})
    began = world.cleo.put(
        f"/v1/documents/{document['id']}/access", content=body, headers={"Content-Type": "application/json"}
    )
    assert began.status_code == 413
    assert began.elapsed.total_seconds() < 5


def test_of_two_who_change_a_list_at_once_one_is_told(world):
    document = upload(world.cleo, "vault.txt", "The vault has two keys.")
    start = threading.Barrier(2)
    statuses = []

    def change(client, access):
        start.wait()
        statuses.append(set_access(client, document, access).status_code)

    threads = [
        threading.Thread(target=change, args=arguments)
        for arguments in [(world.cleo, [world.hr]), (world.chief, [world.eng])]
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 409]
    now = checked(world.cleo.get(f"/v1/documents/{document['id']}/access"))
    assert (now["version"], now["access"]) in [(1, [world.hr]), (1, [world.eng])]
    assert set_access(world.cleo, document, "everyone", version=0).status_code == 409


def test_a_group_that_is_made_again_under_its_name_opens_nothing(world):
    old = world.group("auditors")
    dora = world.person("dora", groups=["auditors"])
    checked(world.chief.post("/v1/collections", json={"name": "audits", "readers": [old]}))
    document = upload(
        world.chief, "audit.txt", "The audit found a stapler.", collection="audits", access=json.dumps([old])
    )
    assert reads(dora, document)
    assert world.local.delete(f"/v1/groups/{old[2:]}").status_code == 204
    assert not reads(dora, document)
    new = world.group("auditors")
    world.join("auditors", "dora")
    assert new != old
    assert not reads(dora, document)
    assert set_access(world.chief, document, [old]).status_code == 422  # there is no such group any more
    assert checked(world.chief.get(f"/v1/documents/{document['id']}/access"))["names"] == {}


def test_an_original_is_an_attachment_that_no_browser_runs(world):
    page = "<html><script>alert(document.domain)</script><p>Invoices are due in May.</p></html>"
    name = '..\\../e"v;il\r\nX-Bad: 1\u202e\U0001f600.html'
    files = [("files", (name, page.encode(), "text/html"))]
    form = {"collection": "papers", "wait": "false"}
    run = ended(world.cleo, checked(world.cleo.post("/v1/documents", files=files, data=form)))
    document = next(d for d in managed(world.cleo) if "X-Bad" in d["uri"])
    assert run["failures"] == []
    response = world.ann.get(f"/v1/documents/{document['id']}/original")
    assert response.content == page.encode()
    headers = response.headers
    assert headers["content-type"] == "application/octet-stream"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert headers["cache-control"] == "private, no-store"
    assert headers["content-disposition"].startswith('attachment; filename="')
    assert "x-bad" not in headers
    assert not any(mark in headers["content-disposition"] for mark in ("..", "/", "\\", "\u202e"))


def test_what_was_done_to_access_is_in_the_audit_log(world):
    document = upload(world.cleo, "ledger.txt", "The ledger is green.")
    checked(set_access(world.cleo, document, [world.hr]))
    world.ann.get(f"/v1/documents/{document['id']}")
    world.ann.get(f"/v1/documents/{document['id']}/original")
    world.cleo.delete(f"/v1/documents/{document['id']}")
    events = [json.loads(line) for line in world.local.get("/v1/audit/export").text.splitlines()]
    mine = [event for event in events if event.get("object") == f"document:{document['id']}"]
    assert [(event["action"], event["actor"]) for event in mine] == [
        ("document.access", world.key("cleo")),
        ("document.open", world.key("ann")),
        ("document.original", world.key("ann")),
        ("document.delete", world.key("cleo")),
    ]
    assert mine[0]["details"] == {
        "added": [world.hr],
        "after": 1,
        "before": 1,
        "removed": ["g:everyone"],
        "version": 1,
    }
    assert "ledger" not in json.dumps(events)


def test_an_upload_in_parts_says_who_may_read_and_is_its_senders(world):
    content = b"The safe is behind the picture."
    pairs = {"filename": "safe.txt", "collection": "papers", "access": json.dumps([world.hr])}
    encoded = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in pairs.items())
    tus = {"Tus-Resumable": "1.0.0", "Upload-Length": str(len(content)), "Upload-Metadata": encoded}
    assert world.ann.post("/v1/uploads", headers=tus).status_code == 403
    url = world.cleo.post("/v1/uploads", headers=tus).headers["Location"]
    part = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    foreign = [world.ann, world.client("cleo", scopes=["ask"])]
    for client in foreign:
        for method in ("HEAD", "PATCH", "DELETE"):
            answers = [
                client.request(method, path, headers=part, content=content if method == "PATCH" else None)
                for path in (url, f"/v1/uploads/{NOBODYS}")
            ]
            assert same_as_unknown(*answers, url.rpartition("/")[2])
    sent = world.cleo.patch(url, headers=part, content=content)
    assert ended(world.cleo, {"id": sent.headers["Attune-Run"]})["failures"] == []
    document = next(one for one in managed(world.cleo) if one["uri"] == "upload:safe.txt")
    assert document["access"] == [world.hr]


def test_what_an_upload_says_of_access_must_make_sense(world):
    for access in ("nobody", "[]", '["g:hr"]', "{}", "[1]", "[" * 10_000):
        files = {"files": ("a.txt", b"words")}
        refused = world.cleo.post("/v1/documents", files=files, data={"collection": "papers", "access": access})
        assert refused.status_code == 422, access
        assert "access" in refused.json()["detail"]


def test_what_is_let_in_from_quarantine_is_for_those_it_was_brought_for(world):
    checked(world.chief.post("/v1/collections", json={"name": "checked", "curators": [world.owners]}))
    policy = {"actions": {"secret": "quarantine"}}
    checked(world.cleo.put("/v1/collections/checked/policy", json=policy))
    files = {"files": ("ops.txt", b"Our key is AKIAIOSFODNN7EXAMPLQ and nobody else's.")}
    form = {"collection": "checked", "access": json.dumps([world.hr]), "wait": "false"}
    run = ended(world.cleo, checked(world.cleo.post("/v1/documents", files=files, data=form)))
    assert run["progress"]["quarantined"] == 1
    (held,) = checked(world.cleo.get("/v1/collections/checked/quarantine"))["documents"]
    assert world.ann.post(f"/v1/quarantine/{held['id']}/release").status_code == 404
    released = checked(world.cleo.post(f"/v1/quarantine/{held['id']}/release"))
    assert ended(world.cleo, released)["failures"] == []
    (document,) = managed(world.cleo, "checked")
    assert document["access"] == [world.hr]
    assert reads(world.ann, document)
    assert not reads(world.bob, document)
