"""A backup of any database restores into any: every table, whatever was written meanwhile, or not at all."""

import io
import json
import shutil
import tarfile
import threading
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count

import pytest
from alembic import command
from sqlalchemy import JSON, Boolean, Date, DateTime, Float, Integer, LargeBinary, insert, inspect, select, text
from sqlalchemy.exc import DBAPIError

from app.archive import Archive, ArchiveWriter, Manifest, TableRows
from app.audit_log import AuditLog
from app.audit_verify import verify
from app.backup import LEFT_OUT, back_up
from app.migrations import configuration, upgrade
from app.restore import restore
from app.settings import Settings
from app.tables import metadata
from ingestion.blobs import Blobs
from retrieval.catalog import Catalog
from retrieval.errors import ConflictError, DataDirectoryError, InvalidInputError
from tests.candidates import SET, candidate

NOON = datetime(2026, 11, 28, 12, 30, 15, 123456, tzinfo=UTC)
WORDS = "quotes \" ' \\ ; -- \n new lines, tabs\t, ümläuts, 漢字, \U0001f333, \u202e"

ALLOWED = {
    "state": "retired",
    "training_runs.state": "done",
    "trials.state": "won",
    "trials.kind": "share",
    "readings.kind": "copied",
    "via": "oidc",
    "right": "curate",
    "decision": "refused",
    "users.kind": "service",
    "erasures.kind": "document",
    "review_groups.state": "open",
    "review_tasks.kind": "abstained",
    "review_passages.origin": "answer",
    "review_ratings.outcome": "graded",
}
"""Of columns in which the database itself takes a few values only."""


@pytest.fixture
def blobs(tmp_path):
    return Blobs(tmp_path / "originals")


@pytest.fixture
def target(empty_database_url, tmp_path):
    """Settings of an empty place to restore into, once on each database."""
    url = None if empty_database_url.startswith("sqlite") else empty_database_url
    return Settings(data_dir=tmp_path / "restored", database_url=url)


@pytest.fixture
def take(catalog, blobs, tmp_path):
    numbers = count()

    def take():
        path = tmp_path / f"backup{next(numbers)}.tar"
        return back_up(catalog, blobs, path, embedder="words", data_dir=tmp_path / "elsewhere")

    return take


def value(column, row):
    """Something of the column's type that is another one in every row."""
    if column.foreign_keys:
        (key,) = column.foreign_keys
        return value(key.column, row)
    allowed = ALLOWED.get(f"{column.table.name}.{column.name}") or ALLOWED.get(column.name)
    if allowed:
        return allowed
    if column.nullable and row == 2:
        return None
    kinds = {
        JSON: {"row": row, "list": [1, 2.5, None, WORDS], "nul": "\u0000"},
        LargeBinary: bytes([row, 0, 255]) * 100,
        Boolean: row == 1,
        Float: row + 0.1,
        Integer: row,
    }
    if isinstance(column.type, Date):
        return date(2026, 11, 1 + row)
    if isinstance(getattr(column.type, "impl", column.type), DateTime):
        return NOON + timedelta(microseconds=row)
    made = next((entry for kind, entry in kinds.items() if isinstance(column.type, kind)), None)
    return f"{row}{WORDS}"[: getattr(column.type, "length", None) or None] if made is None else made


def fill(engine):
    for table in metadata.sorted_tables:
        with engine.begin() as connection:
            for row in range(3):
                connection.execute(insert(table), {column.name: value(column, row) for column in table.columns})


def contents(engine):
    with engine.connect() as connection:
        tables = [table for table in metadata.sorted_tables if table.name not in LEFT_OUT]
        return {table.name: sorted(map(repr, connection.execute(select(table)))) for table in tables}


@pytest.fixture
def restored(target, open_database):
    def restored(backup):
        restore(target, backup.path)
        return open_database(target.catalog_url)

    return restored


def test_every_table_comes_back_as_it_was(engine, blobs, tmp_path, restored):
    fill(engine)
    backup = back_up(Catalog(engine), blobs, tmp_path / "b.tar", embedder="words", data_dir=tmp_path / "elsewhere")
    there = restored(backup)
    before, after = contents(engine), contents(there)
    assert {name: len(rows) for name, rows in before.items()} == backup.manifest.rows
    # The restore itself is one more event.
    assert set(before.pop("audit_events")) < set(after.pop("audit_events"))
    assert after == before
    assert all(rows for rows in before.values())


def test_the_audit_log_goes_on_from_where_the_backup_ended(take, catalog, restored):
    log = AuditLog(catalog.engine)
    events = [log.append("document.open", f"document:{number}") for number in range(3)]
    backup = take()
    again = AuditLog(restored(backup))
    *before, last = again.events()
    assert before == events
    assert (last.action, last.object, last.previous) == ("backup.restore", f"backup:{backup.sha256}", events[-1].sha256)
    assert verify(again.rows(), heads=[log.head()]).holds
    with pytest.raises(DBAPIError, match="append-only"), again.engine.begin() as connection:
        connection.execute(text("DELETE FROM audit_events"))


def test_originals_come_back_with_those_that_wait_for_their_turn(take, blobs, target, shelf):
    revision = shelf.publish("a", "a line")
    blobs.put(io.BytesIO(b"a line"))
    blobs.put(io.BytesIO(b"nobody's"))
    backup = take()
    assert backup.manifest.blobs == 1
    done = restore(target, backup.path)
    assert done.blobs == 1
    kept = Blobs(target.data_dir / "blobs")
    assert kept.path(revision.content_sha256).read_bytes() == b"a line"


def test_originals_that_are_missing_or_damaged_are_named_and_keep_nothing_else_from_it(take, blobs, target, shelf):
    lost = shelf.publish("a", "lost")
    broken = shelf.publish("b", "broken")
    blobs.put(io.BytesIO(b"broken"))
    blobs.path(broken.content_sha256).write_bytes(b"brokem")
    backup = take()
    assert backup.manifest.missing_blobs == (lost.content_sha256,)
    assert backup.manifest.damaged_blobs == (broken.content_sha256,)
    assert restore(target, backup.path).blobs == 0


def test_originals_stay_while_a_backup_is_made(blobs):
    digest, _ = blobs.put(io.BytesIO(b"read meanwhile"))
    with blobs.kept():
        blobs.delete(digest)
        assert blobs.sweep((), older_than_s=-1) == 0
        assert digest in blobs
    blobs.delete(digest)
    assert digest not in blobs


def test_a_backup_under_write_load_is_one_moment(take, shelf, restored):
    stop = threading.Event()
    failed = []

    def write():
        try:
            for number in count():
                if stop.is_set():
                    return
                # Whoever has document n has all before it, each with its three chunks.
                shelf.publish(f"file:///{number:06d}", f"one {number}\ntwo\nthree")
        except BaseException as error:
            failed.append(error)
            raise

    thread = threading.Thread(target=write)
    thread.start()
    try:
        while shelf.catalog.counts()[0] < 20:
            time.sleep(0.01)
        backups = [take() for _ in range(5)]
    finally:
        stop.set()
        thread.join()
    assert not failed
    assert [b.manifest.rows["documents"] for b in backups] == sorted(b.manifest.rows["documents"] for b in backups)
    there = restored(backups[2])
    with there.connect() as connection:
        uris = sorted(connection.scalars(text("SELECT uri FROM documents WHERE live_revision_id IS NOT NULL")))
        epoch = connection.scalar(text("SELECT value FROM corpus_state"))
        whole = connection.scalar(text(
            "SELECT count(*) FROM (SELECT revision_id FROM chunks JOIN documents ON live_revision_id = revision_id "
            "GROUP BY revision_id HAVING count(*) = 3) AS complete"
        ))  # fmt: skip
    assert uris == [f"file:///{number:06d}" for number in range(len(uris))]
    assert (epoch, whole) == (len(uris), len(uris))
    assert len(uris) >= 20


def test_a_backup_of_an_older_schema_is_restored_and_brought_up_to_date(take, shelf, restored, open_database, tmp_path):
    shelf.publish("a", "one\ntwo")
    backup = take()
    older = at_schema(backup, "0002", open_database, tmp_path)
    there = restored(older)
    assert Catalog(there).counts() == (1, 2)
    with there.connect() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) > "0002"
        assert list(connection.scalars(text("SELECT name FROM collections"))) == ["default"]


def at_schema(backup, schema, open_database, tmp_path):
    """The backup as a version that knew only the tables of that schema would have written it."""
    old = open_database(f"sqlite:///{tmp_path / 'old.sqlite3'}")
    config = configuration()
    with old.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, schema)
    inspector = inspect(old)
    had = {name: {column["name"] for column in inspector.get_columns(name)} for name in inspector.get_table_names()}
    path = tmp_path / "old.tar"
    tables, rows = {}, {}
    for table, part in Archive.opened(backup.path).rows():
        if table.name in had:
            places = [i for i, column in enumerate(table.columns) if column.name in had[table.name]]
            tables[table.name] = TableRows(table.name, tuple(table.columns[i] for i in places), table.rows)
            rows.setdefault(table.name, []).extend([row[i] for i in places] for row in part)
    with path.open("w+b") as out:
        writer = ArchiveWriter(out)
        for name, lines in rows.items():
            writer.add_rows(name, 0, "".join(json.dumps(row) + "\n" for row in lines).encode())
        found = backup.manifest
        manifest = Manifest(schema, found.attune, found.created_at, "words", tuple(tables.values()), writer.members)
        writer.finish(manifest)
    return type(backup)(path, path.stat().st_size, manifest.sha256, manifest)


def test_only_its_owner_may_read_a_backup_and_none_is_overwritten(take, catalog, blobs, tmp_path):
    backup = take()
    assert backup.path.stat().st_mode & 0o777 == 0o600
    assert list(backup.path.parent.glob("*.part")) == []
    with pytest.raises(InvalidInputError, match="already"):
        back_up(catalog, blobs, backup.path, embedder="words", data_dir=tmp_path / "elsewhere")


@pytest.mark.parametrize(
    ("place", "said"), [("missing/b.tar", "no folder"), ("house/b.tar", "in the data directory"), (".", "already")]
)
def test_a_place_that_no_backup_can_lie_in_is_refused(place, said, tmp_path):
    (tmp_path / "house").mkdir()
    with pytest.raises(InvalidInputError, match=said):
        back_up(None, None, tmp_path / place, embedder="words", data_dir=tmp_path / "house")


def test_a_target_that_holds_something_is_refused(take, shelf, target, open_database):
    shelf.publish("a", "one")
    backup = take()
    restore(target, backup.path)
    before = contents(open_database(target.catalog_url))
    with pytest.raises(ConflictError, match=r"not empty|already"):
        restore(target, backup.path)
    assert contents(open_database(target.catalog_url)) == before


def test_a_database_that_holds_something_is_refused(take, tmp_path, postgres_cluster):
    url = postgres_cluster.create(f"full_{tmp_path.name.replace('-', '_')}", template="template0")
    upgrade(url)
    with pytest.raises(ConflictError, match="database holds"):
        restore(Settings(data_dir=tmp_path / "new", database_url=url), take().path)


def test_a_foreign_folder_is_refused(take, tmp_path):
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "letter.txt").write_text("Dear Ann")
    with pytest.raises(DataDirectoryError, match="not Attune's"):
        restore(Settings(data_dir=tmp_path / "letters"), take().path)


def cut_anywhere(content):
    # Not behind the seal: what follows is the padding of the tar.
    end = content.rindex(b"manifest.sha256")
    return [content[:at] for at in (0, 1, 511, 600, end // 3, end // 2, end - 600, end)]


def changed_anywhere(content):
    end = content.rindex(b"manifest.sha256") + 512
    for at in range(0, end + 64, max(1, end // 40)):
        yield content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


@pytest.mark.parametrize("spoil", [cut_anywhere, changed_anywhere])
def test_a_backup_that_was_cut_off_or_changed_is_refused_and_nothing_written(spoil, take, shelf, blobs, tmp_path):
    shelf.publish("a", "one line")
    blobs.put(io.BytesIO(b"one line"))
    content = take().path.read_bytes()
    path, target = tmp_path / "spoilt.tar", Settings(data_dir=tmp_path / "never")
    for spoilt in spoil(content):
        path.write_bytes(spoilt)
        try:
            manifest = Archive.opened(path).manifest
        except InvalidInputError:
            with pytest.raises(InvalidInputError):
                restore(target, path)
            assert not target.data_dir.exists()
        else:
            # A bit of the tar's own header that says nothing, as who owns a member: what counts is as it was.
            assert manifest == Archive.opened(path).manifest


def tar(path, *members):
    with tarfile.open(path, "w") as out:
        for name, content in members:
            info = tarfile.TarInfo(name)
            if content is None:
                info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
                out.addfile(info)
            else:
                info.size = len(content)
                out.addfile(info, io.BytesIO(content))


HEAD = ("attune-backup", b'{"format": "attune-backup", "version": 1}')


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ([("letter.txt", b"Dear Ann")], "not a backup"),
        ([("attune-backup", b"{}")], "not a backup"),
        ([("attune-backup", b'{"format": "attune-backup", "version": 99}')], "newer version"),
        ([HEAD], "cut off"),
        ([HEAD, ("../../etc/passwd", b"x")], "does not belong"),
        ([HEAD, ("blobs/" + "a" * 64, None)], "no plain file"),
        ([HEAD, ("manifest.json", b"[]"), ("manifest.sha256", b"0")], "damaged"),
    ],
)
def test_a_foreign_tar_is_refused_with_words(members, said, tmp_path):
    tar(tmp_path / "foreign.tar", *members)
    with pytest.raises(InvalidInputError, match=said):
        Archive.opened(tmp_path / "foreign.tar")


@pytest.mark.parametrize("content", [b"", b"not a tar at all" * 1000])
def test_a_file_that_is_no_tar_is_refused_with_words(content, tmp_path):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(InvalidInputError, match="cut off or is not a backup"):
        Archive.opened(tmp_path / "file")


def test_a_missing_file_is_refused_with_words(tmp_path):
    with pytest.raises(InvalidInputError, match="cannot be read"):
        Archive.opened(tmp_path / "missing.tar")


def test_a_backup_of_a_newer_schema_is_refused_before_anything_is_written(take, tmp_path):
    newer = replace(take().manifest, schema="9999", members={}, tables=())
    with (tmp_path / "newer.tar").open("w+b") as out:
        ArchiveWriter(out).finish(newer)
    with pytest.raises(InvalidInputError, match="9999"):
        restore(Settings(data_dir=tmp_path / "never"), tmp_path / "newer.tar")
    assert not (tmp_path / "never").exists()


@pytest.fixture
def learned(engine, tmp_path):
    """A training set and a candidate made of it, in a data directory; gives that, and the candidate's id."""
    data_dir = tmp_path / "elsewhere"
    candidate_id = candidate(engine, data_dir)
    rows = data_dir / "learning" / "sets" / f"{SET}.jsonl"
    rows.parent.mkdir()
    rows.write_text("{}\n")
    return data_dir, candidate_id


def everything_in(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_training_sets_and_candidates_come_back_as_they_were(learned, take, target):
    data_dir, candidate_id = learned
    before = everything_in(data_dir / "learning")
    assert any(candidate_id in name for name in before)
    backup = take()
    restore(target, backup.path)
    assert everything_in(target.data_dir / "learning") == before
    assert backup.manifest.missing_learning == ()


def test_a_candidate_whose_files_were_erased_is_named_and_keeps_nothing_else_from_the_backup(learned, take, target):
    data_dir, candidate_id = learned
    shutil.rmtree(data_dir / "learning" / "candidates" / candidate_id)
    backup = take()
    assert backup.manifest.missing_learning == (f"candidates/{candidate_id}",)
    restore(target, backup.path)
    assert not (target.data_dir / "learning" / "candidates").exists()
