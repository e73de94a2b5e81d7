"""Who may read what comes from a source, by its rules; and access on the command line."""

import json

import pytest
from typer.testing import CliRunner

from app.cli import app
from app.owner import checked
from tests.people import ended, managed, reads, set_access, upload

FILES = {
    "hr/pay.md": "# Pay\n\nPay rises in April.",
    "hr/public/hours.md": "# Hours\n\nOffice hours end at five.",
    "notes.md": "# Notes\n\nThe old printer goes.",
}


@pytest.fixture(scope="module")
def shared(people_folder):
    folder = people_folder / "shared"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="module")
def rules(world):
    return [{"pattern": "**/public/*", "access": "everyone"}, {"pattern": "hr/*", "access": [world.hr]}]


@pytest.fixture(scope="module")
def source(world, shared, rules):
    arguments = {"path": str(shared)}
    body = {"kind": "folder", "name": "shared", "collection": "papers", "arguments": arguments}
    made = checked(world.chief.post("/v1/sources", json=body | {"access": rules, "acl": "nobody"}))
    synced(world.cleo, made)
    return made


def synced(client, source):
    run = ended(client, checked(client.post(f"/v1/sources/{source['id']}/sync")))
    assert (run["state"], run["failures"]) == ("done", [])
    return run["progress"]


def change(client, source, **changes):
    return client.patch(f"/v1/sources/{source['id']}", json=changes)


def document(world, name):
    return next(one for one in managed(world.cleo) if one["uri"].endswith(f"shared/{name}"))


def access(world, name):
    return document(world, name)["access"]


@pytest.mark.usefixtures("source")
def test_the_first_rule_that_means_a_document_says_who_reads_it(world):
    assert access(world, "hr/pay.md") == [world.hr]
    assert access(world, "hr/public/hours.md") == ["g:everyone"]
    assert access(world, "notes.md") == []
    assert reads(world.ann, document(world, "hr/pay.md"))
    assert not reads(world.bob, document(world, "hr/pay.md"))
    assert reads(world.bob, document(world, "hr/public/hours.md"))
    assert not any(reads(one, document(world, "notes.md")) for one in (world.ann, world.bob, world.cleo, world.chief))


def test_a_changed_rule_holds_at_once_and_nothing_is_read_again(world, source, rules):
    runs = checked(world.cleo.get("/v1/ingestions", params={"source": source["id"]}))["runs"]
    pay = document(world, "hr/pay.md")
    changed = checked(change(world.cleo, source, access=[{"pattern": "hr/*", "access": [world.eng]}]))
    assert changed["access"] == [{"pattern": "hr/*", "access": [world.eng]}]
    assert not reads(world.ann, pay)
    assert reads(world.bob, pay)
    checked(change(world.cleo, source, access=rules))
    assert reads(world.ann, pay)
    assert checked(world.cleo.get("/v1/ingestions", params={"source": source["id"]}))["runs"] == runs
    assert document(world, "hr/pay.md")["revision_id"] == pay["revision_id"]


def test_a_document_that_moved_is_read_by_whom_its_new_place_lets_in(world, source, shared):
    before = document(world, "notes.md")
    (shared / "notes.md").rename(shared / "hr" / "notes.md")
    progress = synced(world.cleo, source)
    assert (progress["moved"], progress["embedded"]) == (1, 0)
    after = document(world, "hr/notes.md")
    assert (after["id"], after["access"]) == (before["id"], [world.hr])
    (shared / "hr" / "notes.md").rename(shared / "notes.md")
    synced(world.cleo, source)
    assert access(world, "notes.md") == []


def test_a_list_that_was_set_by_hand_holds_against_syncs_until_it_is_released(world, source, rules):
    hours = document(world, "hr/public/hours.md")
    checked(set_access(world.cleo, hours, [world.hr]))
    synced(world.cleo, source)
    checked(change(world.cleo, source, access=[]))
    checked(change(world.cleo, source, access=rules))
    kept = document(world, "hr/public/hours.md")
    assert (kept["access"], kept["access_set_by"]) == ([world.hr], world.key("cleo"))
    path = f"/v1/documents/{hours['id']}/access"
    assert world.cleo.delete(path, params={"version": 0}).status_code == 409
    released = checked(world.cleo.delete(path, params={"version": kept["access_version"]}))
    assert (released["access"], released["set_by"]) == (["g:everyone"], None)
    assert reads(world.bob, hours)


def test_who_may_read_is_not_changed_while_a_sync_goes_by_the_old_rules(world, source, rules):
    run = checked(world.cleo.post(f"/v1/sources/{source['id']}/sync"))
    paused = world.cleo.post(f"/v1/ingestions/{run['id']}/pause")
    assert paused.status_code in {200, 409}  # it may have been faster
    refused = change(world.cleo, source, access=[])
    assert refused.status_code == (409 if paused.status_code == 200 else 200)
    if paused.status_code == 200:
        assert "cancel run" in refused.json()["detail"]
        checked(world.cleo.post(f"/v1/ingestions/{run['id']}/cancel"))
    checked(change(world.cleo, source, access=rules))


def test_a_curator_sees_to_the_sources_of_their_collections_and_widens_none(world, source, shared):
    body = {"kind": "folder", "name": "other", "collection": "default", "arguments": {"path": str(shared)}}
    foreign = checked(world.chief.post("/v1/sources", json=body))
    assert [one["name"] for one in checked(world.cleo.get("/v1/sources"))["sources"]] == ["shared"]
    assert checked(change(world.cleo, source, every_s=86_400))["every_s"] == 86_400
    checked(change(world.cleo, source, every_s=None))
    # What a source reads, the server reads: another folder may be none of theirs.
    assert change(world.cleo, source, arguments={"path": str(shared / "hr")}).status_code == 403
    assert world.cleo.post("/v1/sources", json=body | {"name": "third", "collection": "papers"}).status_code == 403
    for method, path, more in [
        ("GET", "", {}),
        ("PATCH", "", {"json": {"paused": True}}),
        ("POST", "/sync", {}),
        ("DELETE", "", {"params": {"documents": "delete"}}),
    ]:
        unknown = world.cleo.request(method, f"/v1/sources/{'0' * 32}{path}", **more)
        hidden = world.cleo.request(method, f"/v1/sources/{foreign['id']}{path}", **more)
        assert (hidden.status_code, hidden.text.replace(foreign["id"], "0" * 32)) == (404, unknown.text)
    assert world.chief.delete(f"/v1/sources/{foreign['id']}").status_code == 204


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"access": [{"pattern": "", "access": "everyone"}]}, "pattern"),
        ({"access": [{"pattern": "/", "access": "everyone"}]}, "pattern"),
        ({"access": [{"pattern": "x", "access": ["g:hr"]}]}, "there is no user or group g:hr"),
        ({"access": [{"pattern": "x"}]}, "access"),
        ({"access": [{"pattern": "x", "access": "everyone"}] * 101}, "100"),
        ({"acl": [f"u:{'0' * 32}"]}, "acl: there is no user or group"),
        ({"acl": "somebody"}, "acl"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_with_a_reason(world, source, changes, said):
    refused = change(world.cleo, source, **changes)
    assert refused.status_code == 422
    assert said in refused.json()["detail"]


@pytest.fixture
def attune(people_folder, monkeypatch):
    monkeypatch.setenv("ATTUNE_DATA_DIR", str(people_folder / "data"))

    def run(*arguments):
        done = CliRunner().invoke(app, [*arguments, "--json"], catch_exceptions=False)
        return json.loads(done.stdout.splitlines()[-1])

    return run


def test_commands_show_and_set_who_may_read_by_name(world, attune):
    key = upload(world.cleo, "menu.txt", "The menu is on the door.")["id"]
    assert attune("access", "set", key, "--reader", "hr", "--reader", "BOB")["access"] == sorted([
        world.hr,
        world.key("bob"),
    ])
    shown = attune("access", "show", key)
    assert (shown["names"], shown["set_by"]) == ({world.hr: "hr", world.key("bob"): "bob"}, "u:local")
    assert attune("access", "set", key, "--reader", "everyone")["access"] == ["g:everyone"]
    assert attune("access", "release", key)["set_by"] is None


def test_commands_show_and_set_who_reads_and_looks_after_a_collection(world, attune):
    checked(world.chief.post("/v1/collections", json={"name": "menus"}))
    named = ("access", "set", "--collection", "menus")
    assert attune(*named, "--curator", "owners")["curators"] == [world.owners]
    set_both = attune(*named, "--reader", "hr")
    assert (set_both["readers"], set_both["curators"]) == ([world.hr], [world.owners])
    assert attune(*named, "--curator", "nobody")["curators"] == []
    assert attune("access", "show", "--collection", "menus")["version"] == 3


def test_commands_say_who_reads_what_they_take_in(world, attune, shared, tmp_path):
    (tmp_path / "lot.md").write_text("# Lots\n\nLot nine is sold.")
    attune("ingest", str(tmp_path / "lot.md"), "-c", "papers", "--access", "hr")
    lot = next(one for one in managed(world.cleo) if one["uri"].endswith("lot.md"))
    assert lot["access"] == [world.hr]
    rules = ("--access", "hr/*=hr", "--access", "hr/*=bob", "--access", "*.md=everyone", "--otherwise", "nobody")
    made = attune("source", "add", "folder", str(shared), "--name", "by command", "-c", "menus2", *rules)
    assert made["access"] == [
        {"pattern": "hr/*", "access": sorted([world.hr, world.key("bob")])},
        {"pattern": "*.md", "access": ["g:everyone"]},
    ]
    assert made["acl"] == []
    assert attune("source", "set", "by command", "--otherwise", "hr")["acl"] == [world.hr]
    attune("source", "remove", "by command")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["access", "show"], "name a document or"),
        (["access", "set", "x", "--reader", "hr"], "no document x"),
        (
            ["access", "set", "--collection", "papers", "--reader", "everyone", "--reader", "hr"],
            "everyone stands alone",
        ),
        (["access", "set", "--collection", "papers", "--reader", "zoe"], "no user or group is called 'zoe'"),
        (["access", "set", "--collection", "papers"], "say who"),
        (["access", "set", "--collection", "papers", "--curator", "everyone"], "name users and groups"),
        (["source", "set", "shared"], "say who may read"),
        (["source", "set", "shared", "--access", "hr"], "PATTERN=WHO"),
    ],
)
@pytest.mark.usefixtures("source", "attune")
def test_a_command_that_makes_no_sense_says_so(arguments, said):
    done = CliRunner().invoke(app, arguments)
    assert said in str(done.exception)
