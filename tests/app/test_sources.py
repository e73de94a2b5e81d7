"""Sources over HTTP and on the command line, on a real server."""

import json
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from app.cli import app
from app.owner import checked, serving
from app.settings import Settings

SECRET = "sesame-open-now"


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    folder = tmp_path_factory.mktemp("places")
    for name in ("shared/contracts", "private", "shared/empty"):
        (folder / name).mkdir(parents=True)
    (folder / "shared/contracts/lease.md").write_text("# Lease\n\nThe rent is 900 a month.")
    (folder / "shared/way out").symlink_to(folder / "private")
    (folder / "secrets.json").write_text(json.dumps({"archive": {"key": "AKIA", "secret": SECRET}}))
    (folder / "secrets.json").chmod(0o600)
    return folder


@pytest.fixture(scope="module")
def settings(places, tmp_path_factory):
    return Settings(
        data_dir=tmp_path_factory.mktemp("sources") / "data",
        source_folders=(str(places / "shared"),),
        source_secrets=places / "secrets.json",
        source_readers=("llama_index.readers.json.",),
        disk_reserve_bytes=0,
    )


@pytest.fixture(scope="module")
def local(settings):
    """A command on the server's machine."""
    with serving(settings) as client:
        yield client


@pytest.fixture(scope="module")
def api(local, make_key):
    """An administrator over the network."""
    token = make_key(local, "chief", administrator=True, scopes=["ask", "curate", "administer"])
    with httpx.Client(base_url=local.base_url, headers={"Authorization": f"Bearer {token}"}, timeout=60) as client:
        yield client


@pytest.fixture
def folder_source(api, places):
    body = {"kind": "folder", "name": "contracts", "arguments": {"path": str(places / "shared/contracts")}}
    made = checked(api.post("/v1/sources", json=body))
    yield made
    for run in checked(api.get("/v1/ingestions", params={"source": made["id"]}))["runs"]:
        api.post(f"/v1/ingestions/{run['id']}/cancel")
    api.delete(f"/v1/sources/{made['id']}")


def create(client, kind, *, name="x", **arguments):
    return client.post("/v1/sources", json={"kind": kind, "name": name, "arguments": arguments})


def test_kinds_are_listed_with_what_they_need(api):
    found = {kind["kind"]: kind for kind in checked(api.get("/v1/sources/kinds"))["kinds"]}
    assert set(found) == {"folder", "web", "object_store", "reader"}
    assert found["folder"]["arguments"]["required"] == ["path"]
    assert found["folder"]["enabled"]
    assert not found["web"]["enabled"]


def test_a_source_is_set_up_shown_changed_and_removed(api, places):
    path = str(places / "shared/contracts")
    body = {"kind": "folder", "name": "leases", "arguments": {"path": path, "include": ["*.md"]}, "every_s": 3600}
    made = api.post("/v1/sources", json=body)
    assert made.status_code == 201
    found = made.json()
    assert found["arguments"] == {"path": path, "include": ["*.md"], "exclude": []}
    assert (found["every_s"], found["watch"], found["paused"], found["last_run"]) == (3600, False, False, None)
    assert found in checked(api.get("/v1/sources"))["sources"]
    url = f"/v1/sources/{found['id']}"
    assert api.post("/v1/sources", json=body).status_code == 409
    changed = checked(api.patch(url, json={"name": "rents", "every_s": None, "watch": True, "paused": True}))
    assert (changed["name"], changed["every_s"], changed["watch"], changed["paused"]) == ("rents", None, True, True)
    assert changed["arguments"] == found["arguments"]
    assert api.get(url).json() == changed
    assert api.delete(url).status_code == 204
    assert [api.get(url).status_code, api.delete(url).status_code, api.post(f"{url}/sync").status_code] == [404] * 3


def test_a_sync_is_a_run_and_there_is_one_at_a_time(api, folder_source):
    url = f"/v1/sources/{folder_source['id']}"
    run = api.post(f"{url}/sync")
    assert run.status_code == 202
    assert (run.json()["source_id"], run.json()["label"]) == (folder_source["id"], "contracts")
    last = checked(api.get(url))["last_run"]
    assert last["id"] == run.json()["id"]
    again = api.post(f"{url}/sync")
    removed = api.delete(url)
    if not checked(api.get(url))["last_run"]["finished_at"]:
        assert again.status_code == removed.status_code == 409


def test_removing_a_source_with_its_documents_is_a_run(api, places):
    made = checked(create(api, "folder", name="to go", path=str(places / "shared/contracts")))
    removed = api.delete(f"/v1/sources/{made['id']}", params={"documents": "delete"})
    assert removed.status_code == 202
    assert removed.json()["label"] == "remove to go"
    assert api.get(f"/v1/sources/{made['id']}").status_code == 404


def test_over_the_network_only_listed_folders_are_allowed_and_nothing_is_learned_of_others(api, local, places):
    inside = str(places / "shared/empty")
    hidden = [
        str(places / "private"),
        "/etc",
        "/nowhere/at/all",
        f"{inside}/../../private",
        str(places / "shared/way out"),
    ]
    answers = [create(api, "folder", path=path) for path in hidden]
    assert {answer.status_code for answer in answers} == {422}
    assert len({answer.text for answer in answers}) == 1
    made = create(local, "folder", name="private", path=str(places / "private"))
    assert made.status_code == 201
    assert checked(local.delete(f"/v1/sources/{made.json()['id']}")) is None
    assert create(local, "folder", path="/nowhere/at/all").status_code == 422
    source = checked(create(api, "folder", name="inside", path=inside))
    moved = api.patch(f"/v1/sources/{source['id']}", json={"arguments": {"path": "/etc"}})
    assert moved.status_code == 422
    api.delete(f"/v1/sources/{source['id']}")


def test_over_the_network_only_listed_readers_are_allowed(api, local):
    listed = create(api, "reader", name="listed", reader="llama_index.readers.json.JSONReader")
    assert listed.status_code == 201
    assert create(api, "reader", reader="llama_index.readers.file.PDFReader").status_code == 422
    assert create(local, "reader", reader="os.path").status_code == 422
    made = create(local, "reader", name="any", reader="llama_index.readers.file.PDFReader")
    assert made.status_code == 201
    for source in (listed, made):
        local.delete(f"/v1/sources/{source.json()['id']}")


def test_no_secret_is_kept_or_shown(api):
    made = create(api, "object_store", name="archive", url="s3://handbook/", secret="archive")
    assert made.status_code == 201
    assert SECRET not in made.text + api.get("/v1/sources").text
    refused = create(api, "reader", reader="llama_index.readers.json.JSONReader", init={"api_token": SECRET})
    assert refused.status_code == 422
    assert "ATTUNE_SOURCE_SECRETS" in refused.json()["detail"]
    assert SECRET not in refused.text
    api.delete(f"/v1/sources/{made.json()['id']}")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"kind": "ftp"}, "ftp"),
        ({"kind": "folder", "arguments": {}}, "path"),
        ({"kind": "folder", "arguments": {"path": "a"}}, "absolute"),
        ({"kind": "folder", "arguments": {"path": "/srv", "depth": 3}}, "depth"),
        ({"kind": "web", "arguments": {"urls": ["https://example.org/"]}}, "ATTUNE_WEB_SOURCES"),
        ({"kind": "object_store", "arguments": {"url": "file:///etc", "secret": "archive"}}, "url"),
        ({"kind": "object_store", "arguments": {"url": "s3://x/", "secret": "none"}}, "none"),
        ({"every_s": 1}, "every_s"),
        ({"name": "a\nb"}, "name"),
        ({"name": ""}, "name"),
        ({"watch": True, "kind": "reader", "arguments": {"reader": "llama_index.readers.json.JSONReader"}}, "watch"),
        ({"acl": "somebody"}, "acl"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(api, places, body, said):
    whole = {"kind": "folder", "name": "x", "arguments": {"path": str(places / "shared/empty")}} | body
    refused = api.post("/v1/sources", json=whole)
    assert refused.status_code == 422
    assert said in refused.json()["detail"]
    assert not [source for source in checked(api.get("/v1/sources"))["sources"] if source["name"] == "x"]


def test_only_administrators_see_sources(local, folder_source):
    url = f"/v1/sources/{folder_source['id']}"
    with httpx.Client(base_url=local.base_url) as stranger:
        for method, path in (
            ("GET", "/v1/sources"),
            ("POST", "/v1/sources"),
            ("GET", "/v1/sources/kinds"),
            ("GET", url),
            ("PATCH", url),
            ("DELETE", url),
            ("POST", f"{url}/sync"),
        ):
            assert stranger.request(method, path).status_code == 401


@pytest.fixture
def attune(settings, local, monkeypatch):
    """Run a command beside the server that has the data directory."""
    assert local
    monkeypatch.setenv("ATTUNE_DATA_DIR", str(settings.data_dir))

    def run(*arguments, ok=True):
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        assert (result.exception is None) == ok, result.output
        return result

    return run


def test_sources_on_the_command_line(attune, places):
    made = json.loads(
        attune("source", "add", "folder", places / "private", "--every", "90m", "--watch", "--json").stdout
    )
    assert (made["name"], made["every_s"], made["watch"]) == ("private", 5400, True)
    assert "every 90m, watched" in attune("source", "show", made["id"][:8]).output
    paused = attune("source", "pause", "private")
    assert "paused" in paused.output
    assert not json.loads(attune("source", "resume", "private", "--json").stdout)["paused"]
    assert "private" in attune("sources").output
    begun = json.loads(attune("source", "sync", "private", "--detach", "--json").stdout)
    assert begun["source_id"] == made["id"]
    CliRunner().invoke(app, ["runs", "cancel", begun["id"]])  # refused where it has ended: the folder is empty
    assert json.loads(attune("runs", "show", begun["id"], "--json").stdout)["state"] in {"cancelled", "done"}
    assert "its documents stay" in attune("source", "remove", "private").output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "nothing"), "no source is called"),
        (("add", "folder", "/nowhere/at/all"), "no folder"),
        (("add", "folder", "/", "--every", "often"), "--every"),
        (("add", "folder", "/", "--every", "5s"), "every_s"),
        (("add", "web", "https://example.org/"), "ATTUNE_WEB_SOURCES"),
        (("add", "web"), "urls or sitemaps"),
        (("add", "reader", "llama_index.readers.json.JSONReader", "--init", "[1]"), "--init"),
        (("add", "reader", "llama_index.readers.json.JSONReader", "--load", "{"), "--load"),
    ],
)
def test_a_command_that_makes_no_sense_says_why(attune, arguments, said):
    failed = attune("source", *arguments, ok=False)
    assert said in str(failed.exception)


def test_a_relative_folder_is_one_of_where_the_command_runs(attune, places, monkeypatch):
    monkeypatch.chdir(places)
    made = json.loads(attune("source", "add", "folder", "private", "--name", "relative", "--json").stdout)
    assert Path(made["arguments"]["path"]) == places / "private"
    attune("source", "remove", "relative")
