"""The audit log on each database: what is in it stays as it is, and whoever changed it all the same is found out."""

import json
import subprocess
import sys
import threading
from datetime import datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.audit_log import GENESIS, AuditLog, Head, Wanted, seal
from app.audit_verify import noted_heads, verify
from app.auth import Caller
from retrieval.errors import InvalidInputError
from retrieval.types import Principal

ANN = Caller(Principal("u:ann"), "key:k1", "192.0.2.7")

APPEND = """
import sys
from app.audit_log import AuditLog
from retrieval.tables import open_engine
log = AuditLog(open_engine(sys.argv[1]))
for number in range(25):
    log.append("document.open", f"document:{sys.argv[2]}-{number}")
"""


@pytest.fixture
def log(engine):
    return AuditLog(engine)


@pytest.fixture
def tamper(engine):
    """Run statements as somebody who owns the database and has taken the triggers off for a moment."""

    def tamper(*statements, **values):
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(text("SET LOCAL session_replication_role = replica"))
                for statement in statements:
                    connection.execute(text(statement), values)
                return
            made = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")).all()
            for name, _ in made:
                connection.execute(text(f"DROP TRIGGER {name}"))
            for statement in statements:
                connection.execute(text(statement), values)
            for _, sql in made:
                connection.execute(text(sql))

    return tamper


def faults(log, *heads):
    found = verify(log.rows(), heads=heads)
    assert found.holds is not bool(found.faults)
    return [(fault.kind, fault.seq) for fault in found.faults]


def five(log):
    return [log.append("document.open", f"document:{number}", caller=ANN) for number in range(5)]


def test_an_event_holds_who_did_what_to_what_from_where(log):
    log.append("key.create", "key:k2", caller=ANN, details={"scopes": ["ask"], "n": 1})
    log.append("session.refused", "session")
    first, second = log.events()
    assert (first.seq, first.actor, first.credential, first.address) == (1, "u:ann", "key:k1", "192.0.2.7")
    assert (first.action, first.object, first.details) == ("key.create", "key:k2", {"scopes": ["ask"], "n": 1})
    assert (first.previous, second.previous) == (GENESIS, first.sha256)
    assert (second.actor, second.credential, second.sha256) == ("", "", second.sealed())


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_events SET actor = 'u:bob' WHERE seq = 2",
        "UPDATE audit_events SET seq = 9 WHERE seq = 5",
        "DELETE FROM audit_events",
        "DELETE FROM audit_events WHERE seq = 5",
    ],
)
def test_the_database_refuses_to_change_or_delete_an_event(log, engine, statement):
    before = five(log)
    with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
        connection.execute(text(statement))
    assert list(log.events()) == before


def test_an_event_cannot_be_replaced_by_another_of_its_number(log, engine):
    before = five(log)
    columns = "seq, at, actor, credential, address, action, object, details, previous, sha256"
    values = f"SELECT 5, at, 'u:bob', credential, address, action, object, details, previous, '{'0' * 64}'"
    statement = {
        "sqlite": f"INSERT OR REPLACE INTO audit_events ({columns}) {values} FROM audit_events WHERE seq = 5",
        "postgresql": f"INSERT INTO audit_events ({columns}) {values} FROM audit_events WHERE seq = 5 "
        "ON CONFLICT (seq) DO UPDATE SET actor = 'u:bob'",
    }
    with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
        connection.execute(text(statement[engine.dialect.name]))
    assert list(log.events()) == before


def test_the_log_cannot_be_emptied_at_one_stroke(postgres_url, open_database):
    engine = open_database(postgres_url)
    before = five(AuditLog(engine))
    with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
        connection.execute(text("TRUNCATE audit_events"))
    assert list(AuditLog(engine).events()) == before


def test_events_of_many_threads_and_processes_stand_one_behind_the_other(log, catalog_url):
    command = [sys.executable, "-c", APPEND, catalog_url]
    children = [subprocess.Popen([*command, name]) for name in ("one", "two")]
    threads = [
        threading.Thread(target=lambda n=n: [log.append("test.run", f"thread:{n}") for _ in range(25)])
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [child.wait(timeout=60) for child in children] == [0, 0]
    found = verify(log.rows())
    assert (found.holds, found.events, found.head.seq) == (True, 250, 250)
    assert len({event.object for event in log.events()}) == 8 + 50


def test_an_untouched_log_holds_against_any_head_it_had(log):
    heads = [Head(event.seq, event.sha256) for event in five(log)]
    assert faults(log) == faults(log, *heads) == []
    assert verify([]).holds


@pytest.mark.parametrize("column", ["at", "actor", "credential", "address", "action", "object", "details", "sha256"])
def test_a_changed_event_is_named(log, tamper, column):
    five(log)
    tamper(f"UPDATE audit_events SET {column} = 'x' WHERE seq = 3")  # noqa: S608 - names of columns
    assert ("changed", 3) in faults(log)
    assert [event.seq for event in log.events()] == [1, 2, 3, 4, 5]


def test_a_changed_event_with_a_new_seal_is_found_by_the_one_behind_it(log, tamper):
    _, _, third, *_ = five(log)
    row = next(row for row in log.rows() if row["seq"] == 3) | {"actor": "u:bob"}
    tamper("UPDATE audit_events SET actor = 'u:bob', sha256 = :sha WHERE seq = 3", sha=seal(row))
    assert faults(log) == [("detached", 4)]
    assert faults(log, Head(3, third.sha256)) == [("rewritten", 3), ("detached", 4)]


@pytest.mark.parametrize("gone", [1, 3])
def test_a_deleted_event_is_named(log, tamper, gone):
    five(log)
    tamper("DELETE FROM audit_events WHERE seq = :gone", gone=gone)
    assert faults(log) == [("missing", gone)]


def test_a_deleted_event_whose_gap_was_closed_is_found(log, tamper):
    five(log)
    tamper(
        "DELETE FROM audit_events WHERE seq = 3",
        "UPDATE audit_events SET seq = 3 WHERE seq = 4",
        "UPDATE audit_events SET seq = 4 WHERE seq = 5",
    )
    assert faults(log) == [("changed", 3), ("changed", 4)]


def test_events_that_changed_places_are_named(log, tamper):
    five(log)
    tamper(
        "UPDATE audit_events SET seq = 99 WHERE seq = 2",
        "UPDATE audit_events SET seq = 2 WHERE seq = 3",
        "UPDATE audit_events SET seq = 3 WHERE seq = 99",
    )
    assert faults(log) == [("changed", 2), ("changed", 3), ("detached", 4)]


def test_an_event_that_was_put_in_is_named(log, tamper):
    five(log)
    tamper(
        "UPDATE audit_events SET seq = 6 WHERE seq = 5",
        "INSERT INTO audit_events SELECT 5, at, actor, credential, address, action, object, details, previous, :sha "
        "FROM audit_events WHERE seq = 4",
        sha="1" * 64,
    )
    assert ("changed", 5) in faults(log)


def test_an_end_that_was_cut_off_is_found_with_a_head_noted_before(log, tamper):
    *_, last = five(log)
    tamper("DELETE FROM audit_events WHERE seq > 3")
    assert faults(log) == []
    assert faults(log, Head(last.seq, last.sha256)) == [("cut_off", 5)]
    log.append("test.more", "x")
    log.append("test.more", "y")
    assert faults(log, Head(last.seq, last.sha256)) == [("rewritten", 5)]


def test_the_head_is_noted_in_its_file_and_compared(engine, tamper, tmp_path):
    log = AuditLog(engine, head_file=tmp_path / "audit.head")
    log.note_head()
    assert noted_heads(tmp_path) == []
    five(log)
    log.note_head()
    assert noted_heads(tmp_path) == [log.head()]
    assert (tmp_path / "audit.head").stat().st_mode & 0o777 == 0o600
    tamper("DELETE FROM audit_events WHERE seq = 5")
    assert faults(log, *noted_heads(tmp_path)) == [("cut_off", 5)]


def test_a_head_that_the_log_does_not_hold_any_more_stays_noted(engine, tamper, tmp_path):
    log = AuditLog(engine, head_file=tmp_path / "audit.head")
    five(log)
    log.note_head()
    tamper("DELETE FROM audit_events WHERE seq = 5")
    five(log)
    log.note_head()
    assert faults(log, *noted_heads(tmp_path)) == [("rewritten", 5)]


def test_the_head_is_noted_by_itself_every_hundred_events(engine, tmp_path):
    log = AuditLog(engine, head_file=tmp_path / "audit.head")
    for _ in range(101):
        log.append("test.run", "x")
    assert noted_heads(tmp_path)[0].seq == 100


@pytest.mark.parametrize("words", ["", "5", "5:abc", f"x:{'0' * 64}", f"{'0' * 64}:5"])
def test_what_is_no_head_is_refused(words, tmp_path):
    with pytest.raises(InvalidInputError, match="SEQ:SHA256"):
        noted_heads(tmp_path, words)


def test_events_are_found_by_who_what_and_when(log):
    log.append("document.open", "document:d1", caller=ANN)
    log.append("document.delete", "document:d1")
    log.append("documents.list", "collection:c")
    log.append("document.open", "document:d2", caller=ANN)

    def found(**wanted):
        return [event.seq for event in log.page(Wanted(**wanted))]

    assert found() == [4, 3, 2, 1]
    assert found(actor="u:ann") == found(action="document.open") == [4, 1]
    assert found(action="document") == [4, 2, 1]
    assert found(object="document:d1") == [2, 1]
    assert found(action="doc%") == found(actor="u:\x00") == []
    moment = datetime.fromisoformat(next(log.events()).at)
    assert found(since=moment) == [4, 3, 2, 1]
    assert found(until=moment) == []
    assert [event.seq for event in log.page(Wanted(), before=3, limit=1)] == [2]
    with pytest.raises(InvalidInputError):
        log.page(Wanted(), limit=0)


def test_details_are_plain_and_hostile_words_are_kept_as_they_can_be(log):
    event = log.append("x.y", "document:\x00\ud800", details={"ü": "漢字\u0000"})
    assert next(log.events()) == event
    assert json.loads(json.dumps(dict(event.details))) == {"ü": "漢字\u0000"}
    assert faults(log) == []
