"""Runs of ingestion over HTTP: followed, paused, cancelled, retried; a disk that fills; workers of other machines."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from app.owner import checked, events, serving
from app.settings import Settings
from ingestion.tables import ingest_items
from ingestion.workers import Workers
from retrieval.tables import open_engine

ATTUNE = str(Path(sys.executable).parent / "attune")
DEADLINE_S = 120


def pages(folder, count, words=40):
    folder.mkdir(exist_ok=True)
    for number in range(count):
        (folder / f"page{number}.md").write_text(f"# Page {number}\n\nPage {number} says {'word ' * words}.")
    return folder


def until(condition):
    deadline = time.monotonic() + DEADLINE_S
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline
        time.sleep(0.05)


def run_of(client, run_id):
    return checked(client.get(f"/v1/ingestions/{run_id}"))


def upload(client, *files, **form):
    return client.post("/v1/documents", files=[("files", file) for file in files], data=form)


def test_a_run_tells_of_every_document_and_is_listed(server, tmp_path):
    folder = pages(tmp_path / "pages", 3)
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 cut off")
    run = checked(server.post("/v1/ingestions", json={"paths": [str(folder)], "collection": "runs"}))
    with server.stream("GET", f"/v1/ingestions/{run['id']}/events") as response:
        news = list(events(response))
    documents = {event["name"]: event for name, event in news if name == "document"}
    assert sorted(documents) == ["broken.pdf", "page0.md", "page1.md", "page2.md"]
    assert documents["page0.md"]["outcome"] == "added"
    assert {"parse", "chunk", "embed"} <= set(documents["page0.md"]["timings_ms"])
    assert (documents["broken.pdf"]["state"], documents["broken.pdf"]["kind"]) == ("failed", "unreadable")
    name, last = news[-1]
    assert (name, last["state"], last["progress"]["done"], last["progress"]["failed"]) == ("done", "done", 4, 1)
    assert last["progress"]["eta_s"] == 0
    listed = checked(server.get("/v1/ingestions", params={"limit": 5}))["runs"]
    assert run["id"] in [r["id"] for r in listed]
    page = checked(server.get(f"/v1/ingestions/{run['id']}/documents", params={"limit": 2}))
    rest = checked(server.get(f"/v1/ingestions/{run['id']}/documents", params={"limit": 5, "after": page["next"]}))
    assert len(page["documents"]) + len(rest["documents"]) == 4
    assert rest["next"] is None
    too_far = server.get(f"/v1/ingestions/{run['id']}/documents", params={"after": 2**70})
    assert too_far.status_code == 422
    failed = checked(server.get(f"/v1/ingestions/{run['id']}/documents", params={"state": "failed"}))["documents"]
    assert [d["name"] for d in failed] == ["broken.pdf"]


def test_whoever_leaves_does_not_stop_the_run(server, tmp_path):
    folder = pages(tmp_path / "pages", 5)
    run = checked(server.post("/v1/ingestions", json={"paths": [str(folder)], "collection": "runs"}))
    with server.stream("GET", f"/v1/ingestions/{run['id']}/events"):
        pass
    assert until(lambda: run_of(server, run["id"])["state"] == "done")
    again = list(_events(server, run["id"]))
    assert sum(1 for name, _ in again if name == "document") == 5


def _events(client, run_id):
    with client.stream("GET", f"/v1/ingestions/{run_id}/events") as response:
        yield from events(response)


def test_a_run_is_paused_resumed_and_cancelled(server, tmp_path):
    folder = pages(tmp_path / "pages", 120, words=300)
    run = checked(server.post("/v1/ingestions", json={"paths": [str(folder)], "collection": "runs"}))
    url = f"/v1/ingestions/{run['id']}"
    assert checked(server.post(f"{url}/pause"))["state"] == "paused"
    until(lambda: run_of(server, run["id"])["progress"]["working"] == 0)
    held = run_of(server, run["id"])["progress"]["done"]
    time.sleep(1.0)
    assert run_of(server, run["id"])["progress"]["done"] == held
    assert checked(server.post(f"{url}/resume"))["state"] in {"queued", "running"}
    until(lambda: run_of(server, run["id"])["progress"]["done"] > held)
    assert checked(server.post(f"{url}/cancel"))["state"] == "cancelled"
    assert server.post(f"{url}/pause").status_code == 409
    retried = checked(server.post(f"{url}/retry"))
    if retried["documents"]:
        until(lambda: run_of(server, run["id"])["state"] == "done")
        progress = run_of(server, run["id"])["progress"]
        # What was being published when the run was cancelled is there already when it is tried again.
        assert progress["added"] + progress["unchanged"] == 120


def test_two_files_of_one_name_are_not_confused(server):
    same = [("notes.md", b"# One\n\nThe first of two."), ("notes.md", b"# Two\n\nThe second of two.")]
    body = checked(upload(server, *same, collection="default"))
    assert body["progress"]["added"] == 1
    assert [(f["name"], f["kind"]) for f in body["failures"]] == [("notes.md", "same_name")]
    assert "other name" in body["failures"][0]["reason"] or "another name" in body["failures"][0]["reason"]
    listed = checked(server.get("/v1/documents", params={"limit": 1000, "collection": "default"}))["documents"]
    (found,) = [d for d in listed if d["uri"] == "upload:notes.md"]
    assert "first of two" in checked(server.get(f"/v1/documents/{found['id']}"))["text"]
    server.delete(f"/v1/documents/{found['id']}")


def test_an_upload_that_is_not_waited_for_goes_on_by_itself(server):
    response = upload(server, ("later.md", b"# Later\n\nIt is in a moment later."), wait="false")
    assert response.status_code == 202
    until(lambda: run_of(server, response.json()["id"])["state"] == "done")


def test_strangers_see_no_runs(server):
    assert httpx.get(f"{server.base_url}/v1/ingestions").status_code == 401


def test_a_full_disk_refuses_documents_and_questions_go_on(tmp_path, ingest):
    folder = pages(tmp_path / "pages", 2)
    settings = Settings(data_dir=tmp_path / "data")
    with serving(settings) as client:
        assert ingest(client, folder)["progress"]["added"] == 2
    full = Settings(data_dir=tmp_path / "data", disk_reserve_bytes=2**60)
    with serving(full) as client:
        for response in (
            upload(client, ("new.md", b"# New\n\nMore words.")),
            client.post("/v1/ingestions", json={"paths": [str(folder)]}),
        ):
            assert response.status_code == 507
            assert "ATTUNE_DISK_RESERVE_BYTES" in response.json()["detail"]
        assert checked(client.post("/v1/search", json={"question": "page 1"}))["results"]
        assert checked(client.post("/v1/answers", json={"question": "What does page 1 say?"}))["answer"]


def test_a_document_above_the_limit_is_refused_and_nothing_of_it_is_kept(tmp_path):
    with serving(Settings(data_dir=tmp_path / "data", document_max_bytes=1000)) as client:
        response = upload(client, ("big.md", b"x" * 1001))
        assert response.status_code == 413
        assert [path for path in (tmp_path / "data" / "blobs").glob("*/*") if path.is_file()] == []


@pytest.fixture
def cluster_environment(tmp_path, postgres_url):
    return {
        **os.environ,  # noqa: TID251 - a process needs its PATH
        "ATTUNE_DATABASE_URL": postgres_url,
        "ATTUNE_BLOBS_DIR": str(tmp_path / "originals"),
        "ATTUNE_DATA_DIR": str(tmp_path / "other machine"),
    }


def test_workers_of_another_machine_take_documents_in(tmp_path, postgres_url, cluster_environment, ingest):
    settings = Settings(
        data_dir=tmp_path / "data", database_url=postgres_url, blobs_dir=tmp_path / "originals", worker_idle_s=0.5
    )
    with serving(settings) as client:
        one = pages(tmp_path / "one", 2)
        assert ingest(client, one)["progress"]["added"] == 2
        worker = subprocess.Popen(
            [ATTUNE, "work", "--name", "other"], env=cluster_environment, stderr=subprocess.PIPE, text=True
        )
        try:
            assert "working" in worker.stderr.readline()
            engine = open_engine(postgres_url)
            until(lambda: "other:0" in [worker.id for worker in Workers(engine).all()])
            # More batches than its own worker takes up at once, however fast that one is.
            many = pages(tmp_path / "many", 200, words=20)
            assert ingest(client, many)["progress"]["added"] == 200
            with engine.connect() as connection:
                took = set(connection.scalars(select(ingest_items.c.worker).distinct()))
            engine.dispose()
            assert "other:0" in took
        finally:
            worker.send_signal(signal.SIGTERM)
            worker.communicate(timeout=60)
        assert worker.returncode == 0


def test_a_worker_of_another_model_says_so_and_ends(tmp_path, postgres_url, cluster_environment):
    import shutil

    from retrieval.embed import bundled_model_path

    settings = Settings(data_dir=tmp_path / "data", database_url=postgres_url, blobs_dir=tmp_path / "originals")
    other = tmp_path / "other-model"
    shutil.copytree(bundled_model_path(), other)
    with serving(settings):
        done = subprocess.run(
            [ATTUNE, "work"],
            env=cluster_environment | {"ATTUNE_EMBEDDING_MODEL": str(other)},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    assert done.returncode == 2
    assert "must not be mixed" in done.stderr


def test_workers_beside_a_catalog_in_a_file_are_refused(tmp_path):
    environment = {**os.environ, "ATTUNE_DATA_DIR": str(tmp_path / "data")}  # noqa: TID251 - a process needs its PATH
    done = subprocess.run([ATTUNE, "work"], env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "ATTUNE_DATABASE_URL" in done.stderr
