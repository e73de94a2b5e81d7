"""Doctor, backup and restore on a real server and from the command line, with kills in between."""

import io
import json
import os
import subprocess
import sys
import time
import uuid
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app.backup import back_up
from app.bootstrap import open_services
from app.checkup import call_doctor
from app.migrations import upgrade
from app.owner import checked, serving
from app.restore import restore
from app.settings import Settings
from ingestion.blobs import Blobs
from retrieval.catalog import Catalog, StagedRevision
from retrieval.errors import DataDirectoryError
from retrieval.tables import open_engine
from retrieval.types import EVERYONE, Chunk

ATTUNE = str(Path(sys.executable).parent / "attune")


PAGES = {
    "leave": "Everyone has 27 days of annual leave.\nLeave is asked for two weeks before.",
    "roses": "Roses are watered every second morning.\nPrune roses in late February.",
    "bread": "Bread is baked at 230 degrees.",
}


@pytest.fixture(scope="module")
def server_settings(tmp_path_factory):
    """A data directory with a few pages, put there without a worker: these tests are not about ingestion."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("server") / "data")
    with open_services(settings) as services:
        for name, words in PAGES.items():
            write(services, name, words)
        services.publisher.publish_ready()
    return settings


def write(services, name, words):
    digest, size = services.blobs.put(io.BytesIO(words.encode()))
    staged = StagedRevision(name, "text/plain", size, digest, "recipe", words, frozenset({EVERYONE}))
    revision = services.catalog.stage("default", f"test:///{name}", staged)
    chunks, start = [], 0
    for ordinal, line in enumerate(words.split("\n")):
        key = str(uuid.uuid4())
        end = start + len(line)
        chunks.append(Chunk(key, revision.document_id, revision.id, ordinal, start, end, line, name, (), 9, ()))
        start = end + 1
    services.catalog.add_chunks(revision.id, chunks, ready=True)


@pytest.fixture(scope="module")
def server(server_settings):
    with serving(server_settings) as client:
        yield client


@pytest.fixture(scope="module")
def token(server, make_key):
    return make_key(server, "chief", administrator=True, scopes=["ask", "curate", "administer"])


@pytest.fixture
def backed_up(server, tmp_path):
    return checked(server.post("/v1/backups", json={"path": str(tmp_path / "b.tar")}))


@pytest.fixture
def target(tmp_path):
    return Settings(data_dir=tmp_path / "restored")


def examined(client, **options):
    return checked(client.post("/v1/doctor", json=options))


def test_a_knowledge_base_in_use_is_well(server):
    found = examined(server, deep=True)
    assert found["ailments"] == []
    assert found["well"]
    assert (found["documents"], found["chunks"], found["points"]) == (3, 5, 5)


def test_only_an_administrator_may_examine_and_only_this_machine_back_up(server, token, tmp_path):
    bearer = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=server.base_url) as anybody:
        for path in ("/v1/doctor", "/v1/doctor/compaction", "/v1/backups"):
            assert anybody.post(path, json={}).status_code == 401
        assert anybody.post("/v1/doctor", json={}, headers=bearer).status_code == 200
        refused = anybody.post("/v1/backups", json={"path": str(tmp_path / "b.tar")}, headers=bearer)
        assert refused.status_code == 403
    assert not (tmp_path / "b.tar").exists()


def test_a_backup_into_the_data_directory_is_refused(server, server_settings):
    refused = server.post("/v1/backups", json={"path": str(server_settings.data_dir / "b.tar")})
    assert refused.status_code == 422
    assert "lost with it" in refused.json()["detail"]


def test_what_is_restored_answers_as_before_without_embedding_anything(server, backed_up, target):
    restore(target, Path(backed_up["path"]))
    question = {"question": "How many days of annual leave are there?", "limit": 5}
    before = checked(server.post("/v1/search", json=question))["results"]
    with serving(target) as client:
        assert checked(client.post("/v1/search", json=question))["results"] == before
        assert examined(client, deep=True)["ailments"] == []


def test_the_index_is_filled_from_the_backup_without_embedding(backed_up, target):
    restore(target, Path(backed_up["path"]))
    with open_services(target) as services:
        assert services.index.count() == backed_up["rows"]["chunks"]
        assert services.publisher.rebuild() == 0


def test_a_half_restored_directory_is_refused_until_it_is_restored_again(backed_up, target):
    (target.data_dir / "x").parent.mkdir(mode=0o700)
    (target.data_dir / "attune.json").write_text('{"format": 1}')
    (target.data_dir / "restoring.json").write_text("{")
    with pytest.raises(DataDirectoryError, match="attune restore"), open_services(target):
        pass
    restore(target, Path(backed_up["path"]))
    with open_services(target) as services:
        assert services.catalog.counts()[1] == backed_up["rows"]["chunks"]


@pytest.mark.parametrize("after_ms", [0, 15, 40, 90, 160])
def test_a_restore_that_was_killed_is_recognised_and_can_be_repeated(after_ms, backed_up, target):
    code = (
        "import sys; from pathlib import Path; from app.restore import restore; from app.settings import Settings; "
        "print('ready', flush=True); restore(Settings(data_dir=Path(sys.argv[1])), Path(sys.argv[2]))"
    )
    command = [sys.executable, "-c", code, str(target.data_dir), backed_up["path"]]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as process:
        process.stdout.readline()
        time.sleep(after_ms / 1000)
        process.kill()
    made = target.data_dir / "catalog.sqlite3"
    # It may be killed behind the end of the restore, before it ends itself.
    whole = made.exists() and not (target.data_dir / "restoring.json").exists()
    if (target.data_dir / "restoring.json").exists():
        with pytest.raises(DataDirectoryError, match="attune restore"), open_services(target):
            pass
    if not whole:
        restore(target, Path(backed_up["path"]))
    engine = open_engine(target.catalog_url)
    assert Catalog(engine).counts()[1] == backed_up["rows"]["chunks"]
    engine.dispose()
    assert len(list(Blobs(target.data_dir / "blobs"))) == backed_up["blobs"]


def attune(*arguments, data_dir):
    environment = {**os.environ, "ATTUNE_DATA_DIR": str(data_dir), "NO_COLOR": "1", "COLUMNS": "200"}  # noqa: TID251
    return subprocess.run(
        [ATTUNE, *map(str, arguments)], env=environment, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.mark.usefixtures("server")
def test_the_commands_say_what_they_did(backed_up, server_settings, target, tmp_path):
    checked_only = attune("restore", "--check", backed_up["path"], "--json", data_dir=tmp_path / "never")
    assert json.loads(checked_only.stdout)["sha256"] == backed_up["sha256"]
    assert not (tmp_path / "never").exists()
    restored = attune("restore", backed_up["path"], data_dir=target.data_dir)
    assert (restored.returncode, restored.stderr) == (0, "")
    assert "well" in restored.stdout
    again = attune("restore", backed_up["path"], data_dir=target.data_dir)
    assert (again.returncode, again.stdout) == (2, "")
    assert "not empty" in again.stderr
    # Through the server that runs on the directory:
    assert attune("doctor", data_dir=server_settings.data_dir).returncode == 0
    there = attune("backup", backed_up["path"], data_dir=server_settings.data_dir)
    assert (there.returncode, "already" in there.stderr) == (2, True)


def test_the_doctor_sees_open_folders_foreign_pointers_and_another_schema(tmp_path):
    settings = Settings(data_dir=tmp_path / "data", disk_reserve_bytes=0)
    with open_services(settings) as services:
        doctor = call_doctor(services)
        assert doctor.examine().ailments == ()
        settings.data_dir.chmod(0o755)
        (settings.data_dir / "attune.json").chmod(0o666)
        services.catalog.set_index_pointer("vectors:0123456789abcdef", "g" + "0" * 32)
        found = {ailment.code: ailment.mended for ailment in doctor.examine(repair=True).ailments}
        assert found == {"directory-open": 1, "file-open": 1, "index-pointer-lost": 1}
        assert settings.data_dir.stat().st_mode & 0o777 == 0o700
        assert doctor.examine().ailments == ()
        with services.catalog.engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        assert [ailment.code for ailment in doctor.examine().ailments] == ["schema-differs"]
        full = call_doctor(replace(services, settings=Settings(data_dir=settings.data_dir, disk_reserve_bytes=2**60)))
        assert "disk-low" in {ailment.code for ailment in full.examine().ailments}


def test_a_backup_that_fails_half_way_leaves_nothing(tmp_path):
    url = f"sqlite:///{tmp_path / 'c.sqlite3'}"
    upgrade(url)
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE sources"))
    with pytest.raises(OperationalError):
        back_up(Catalog(engine), Blobs(tmp_path / "blobs"), tmp_path / "b.tar", embedder="e", data_dir=tmp_path / "d")
    engine.dispose()
    assert [path.name for path in tmp_path.glob("b.tar*")] == []
