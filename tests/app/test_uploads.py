"""Large files in parts, sent by a real tus client to a real server, one that is killed among them."""

import base64
import hashlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError, TusUploadFailed

from app.owner import serving
from app.settings import Settings

ATTUNE = Path(sys.executable).with_name("attune")
TUS = {"Tus-Resumable": "1.0.0"}
PART = {"Content-Type": "application/offset+octet-stream"}
MAX_BYTES = 40 * 2**20


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("uploads") / "data",
        document_max_bytes=MAX_BYTES,
        upload_max_bytes=4 * 2**20,
        disk_reserve_bytes=0,
    )
    with serving(settings) as client:
        client.headers.update(TUS)
        yield client


def text(size_bytes):
    """A text of some size that is no other's."""
    return (os.urandom(8).hex() + " leave and parking.\n").encode().ljust(64, b".") * (size_bytes // 64)


def tus(client, content, *, name="plan.txt", chunk_bytes=2**20, **more):
    url = str(client.base_url).rstrip("/") + "/v1/uploads"
    tus_client = TusClient(url, headers={"Authorization": client.headers["Authorization"]})
    metadata = {"filename": name, "collection": "default"}
    return tus_client.uploader(file_stream=io.BytesIO(content), chunk_size=chunk_bytes, metadata=metadata, **more)


def begin(client, size_bytes, *, name="a.txt", headers=(), content=b"", **metadata):
    pairs = {"filename": name} | metadata
    encoded = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in pairs.items())
    given = {"Upload-Length": str(size_bytes), "Upload-Metadata": encoded} | dict(headers)
    return client.post("/v1/uploads", headers=given, content=content)


def send(client, url, offset, content, **headers):
    return client.patch(url, headers=PART | {"Upload-Offset": str(offset)} | headers, content=content)


def run_of(client, url):
    run = client.get(f"/v1/ingestions/{client.head(url).headers['Attune-Run']}").json()
    (document,) = client.get(f"/v1/ingestions/{run['id']}/documents").json()["documents"]
    return run, document


def test_a_real_client_uploads_a_file_and_a_run_takes_it_in(server):
    content = text(5 * 2**20 + 640)
    uploader = tus(server, content, name="../../etc/plän.txt")
    uploader.upload()
    head = server.head(uploader.url)
    assert head.headers["Upload-Offset"] == head.headers["Upload-Length"] == str(len(content))
    run, document = run_of(server, uploader.url)
    assert run["collection"] == "default"
    assert (document["uri"], document["size_bytes"]) == ("upload:plän.txt", len(content))


def test_a_client_that_was_cut_off_goes_on_where_it_was(server):
    content = text(3 * 2**20)
    uploader = tus(server, content)
    uploader.upload(stop_at=2**20)
    again = tus(server, content, url=uploader.url)
    assert again.get_offset() == 2**20
    again.upload()
    assert run_of(server, uploader.url)[1]["size_bytes"] == len(content)


def test_what_arrived_of_a_part_before_the_connection_broke_is_kept(server):
    content = text(3 * 2**20)
    url = begin(server, len(content)).headers["Location"]
    where = server.base_url
    with socket.create_connection((where.host, where.port)) as connection:
        head = f"PATCH {url} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n"
        head += f"Content-Type: {PART['Content-Type']}\r\nContent-Length: {len(content)}\r\n"
        head += f"Authorization: {server.headers['Authorization']}\r\n\r\n"
        connection.sendall(head.encode() + content[: 2**20 + 100_000])
        time.sleep(0.5)
    deadline = time.monotonic() + 10
    while (offset := int(server.head(url).headers["Upload-Offset"])) < 2**20 + 100_000 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert offset == 2**20 + 100_000
    # What has arrived is seen before it is on the disk and the file is free for the next part.
    rest = tus(server, content, url=str(server.base_url.join(url)), retries=50, retry_delay=0.2)
    rest.upload()
    assert run_of(server, url)[1]["size_bytes"] == len(content)


def test_the_server_says_what_it_can(server):
    found = server.options("/v1/uploads")
    assert found.status_code == 204
    assert found.headers["Tus-Version"] == "1.0.0"
    assert found.headers["Tus-Max-Size"] == str(MAX_BYTES)
    assert {"creation", "termination", "expiration", "checksum"} <= set(found.headers["Tus-Extension"].split(","))


def test_a_first_part_may_come_with_the_beginning_and_an_empty_file_is_whole_at_once(server):
    made = begin(server, 6, headers=PART, content=b"leave.")
    assert (made.status_code, made.headers["Upload-Offset"]) == (201, "6")
    assert "Attune-Run" in made.headers
    empty = begin(server, 0, name="empty.txt")
    assert run_of(server, empty.headers["Location"])[1]["size_bytes"] == 0


def test_a_wrong_offset_is_a_conflict_and_changes_nothing(server):
    url = begin(server, 10).headers["Location"]
    for offset in (1, 10, 2**40):
        assert send(server, url, offset, b"x").status_code == 409
    assert send(server, url, 0, b"01234").headers["Upload-Offset"] == "5"
    assert send(server, url, 0, b"01234").status_code == 409
    assert server.head(url).headers["Upload-Offset"] == "5"


def test_two_parts_at_once_do_not_mix(server):
    content = text(3 * 2**20)
    url = begin(server, len(content)).headers["Location"]
    statuses, together = [], threading.Barrier(4)

    def race():
        together.wait()
        with httpx.Client(base_url=server.base_url, headers=server.headers, timeout=60) as client:
            statuses.append(send(client, url, 0, content).status_code)

    threads = [threading.Thread(target=race) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses.count(204) == 1
    assert set(statuses) <= {204, 409, 423}
    run, _ = run_of(server, url)
    assert run["progress"]["size_bytes"] == len(content)


def test_a_damaged_part_is_refused_and_can_be_sent_again(server):
    url = begin(server, 8).headers["Location"]
    good = "sha1 " + base64.b64encode(hashlib.sha1(b"01234567", usedforsecurity=False).digest()).decode()
    refused = send(server, url, 0, b"0123456x", **{"Upload-Checksum": good})
    assert refused.status_code == 460
    assert server.head(url).headers["Upload-Offset"] == "0"
    assert send(server, url, 0, b"01234567", **{"Upload-Checksum": good}).status_code == 204
    for wrong in ("md5 abcd", "sha1 !!", "sha1"):
        assert send(server, url, 8, b"", **{"Upload-Checksum": wrong}).status_code in {400, 460}


def test_too_much_is_refused_with_the_limit(server):
    refused = begin(server, 5 * 2**30)
    assert refused.status_code == 413
    assert "40 MB" in refused.json()["detail"]
    with pytest.raises(TusCommunicationError):
        tus(server, b"x" * (MAX_BYTES + 1)).upload()
    url = begin(server, 4).headers["Location"]
    assert send(server, url, 0, b"01234").status_code == 413
    assert send(server, url, 0, b"0" * (5 * 2**20)).status_code == 413
    assert server.head(url).headers["Upload-Offset"] == "0"
    with pytest.raises(TusUploadFailed):
        tus(server, text(6 * 2**20), chunk_bytes=6 * 2**20).upload()  # a part is smaller than any other body


def test_metadata_that_came_with_the_beginning_is_the_documents(server):
    content = text(640)
    begun = begin(server, len(content), name="given.txt", metadata='{"team": "law"}')
    assert send(server, begun.headers["Location"], 0, content).status_code == 204
    run, _ = run_of(server, begun.headers["Location"])
    with server.stream("GET", f"/v1/ingestions/{run['id']}/events") as response:
        response.read()
    found = server.get("/v1/documents", params={"limit": 1000}).json()["documents"]
    assert {d["uri"]: d["metadata"] for d in found}["upload:given.txt"] == {"team": "law"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Upload-Length": "-1"}, 422),
        ({"Upload-Length": "many"}, 422),
        ({"Upload-Length": "1" * 40}, 422),
        ({"Upload-Metadata": "filename !!!"}, 422),
        ({"Upload-Metadata": f"metadata {base64.b64encode(b'[]').decode()}"}, 422),
        ({"Upload-Metadata": f"collection {base64.b64encode(b'missing').decode()}"}, 404),
        ({"Upload-Metadata": f"collection {base64.b64encode(bytes([255])).decode()}"}, 422),
        ({"Tus-Resumable": "0.2.2"}, 412),
    ],
)
def test_a_beginning_that_makes_no_sense_is_refused_in_words(server, headers, status):
    refused = begin(server, 10, headers=headers)
    assert refused.status_code == status
    assert refused.json()["detail"]


def test_parts_that_are_none_are_refused(server):
    url = begin(server, 10).headers["Location"]
    assert server.patch(url, headers={"Upload-Offset": "0"}, content=b"x").status_code == 415
    assert server.patch(url, headers=PART, content=b"x").status_code == 422
    assert server.patch(url, headers=PART | {"Upload-Offset": "0", "Tus-Resumable": ""}, content=b"").status_code == 412
    for unknown in ("0" * 32, "x", "%2e%2e", "a" * 65):
        assert send(server, f"/v1/uploads/{unknown}", 0, b"x").status_code in {404, 422}
        assert server.head(f"/v1/uploads/{unknown}").status_code in {404, 422}


def test_an_upload_that_is_given_up_is_gone(server):
    url = begin(server, 10).headers["Location"]
    assert server.delete(url).status_code == 204
    assert server.head(url).status_code == 404
    assert send(server, url, 0, b"x").status_code == 404


def test_nobody_uploads_without_a_token(server):
    url = begin(server, 10).headers["Location"]
    with httpx.Client(base_url=server.base_url, headers=TUS) as stranger:
        assert begin(stranger, 10).status_code == 401
        assert send(stranger, url, 0, b"x").status_code == 401
        assert [stranger.request(method, url).status_code for method in ("HEAD", "DELETE")] == [401, 401]
        assert stranger.options("/v1/uploads").status_code == 401


class ServerProcess:
    """`attune serve` in a process of its own, to be killed and started again."""

    def __init__(self, data_dir):
        self.data_dir = data_dir
        self.log = data_dir.parent / "log"
        self.variables = (f"ATTUNE_DATA_DIR={data_dir}", "ATTUNE_PORT=0", "ATTUNE_DISK_RESERVE_BYTES=0")

    def start(self):
        """Start it; gives a client, to be closed."""
        (self.data_dir / "server.json").unlink(missing_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(("env", *self.variables, ATTUNE, "serve"), stdout=log, stderr=log)
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and self.process.poll() is None:
            if (self.data_dir / "server.json").exists() and b"serves on" in self.log.read_bytes():
                said = json.loads((self.data_dir / "server.json").read_text())
                headers = TUS | {"Authorization": f"Bearer {said['token']}"}
                return httpx.Client(base_url=said["url"], headers=headers, timeout=60)
            time.sleep(0.1)
        return pytest.fail(self.log.read_text()[-2000:])

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def process(tmp_path):
    process = ServerProcess(tmp_path / "data")
    yield process
    process.process.terminate()
    process.process.wait(60)


def send_until_it_fails(uploader):
    while True:
        uploader.upload_chunk()


def test_a_server_that_is_killed_while_a_file_arrives_loses_nothing(process):
    content = text(24 * 2**20)
    with process.start() as client:
        uploader = tus(client, content, chunk_bytes=2**20)
        uploader.upload(stop_at=3 * 2**20)
        killer = threading.Timer(0.01, process.kill)
        killer.start()
        with pytest.raises((TusUploadFailed, TusCommunicationError)):
            send_until_it_fails(uploader)
        killer.join()
    # Another file had arrived as a whole when the server was killed, before its run was begun.
    (state,) = (process.data_dir / "uploads").glob("*.json")
    whole = state.with_name("f" * 32 + ".json")
    whole.write_text(json.dumps(json.loads(state.read_text()) | {"name": "whole.txt", "size_bytes": 6}))
    whole.with_suffix(".part").write_bytes(b"leave.")

    with process.start() as client:
        place = httpx.URL(uploader.url).path
        again = tus(client, content, url=str(client.base_url.join(place)))
        assert uploader.offset <= again.get_offset() < len(content)
        again.upload()
        assert run_of(client, place)[1]["size_bytes"] == len(content)
        digest = hashlib.sha256(content).hexdigest()
        assert (process.data_dir / "blobs" / digest[:2] / digest).read_bytes() == content
        deadline = time.monotonic() + 30
        while "Attune-Run" not in client.head(f"/v1/uploads/{whole.stem}").headers and time.monotonic() < deadline:
            time.sleep(0.1)
        assert run_of(client, f"/v1/uploads/{whole.stem}")[1]["uri"] == "upload:whole.txt"
