"""Files are looked through without harm to the databases among them."""

import sqlite3
import subprocess
import sys

from app.erasure_files import left_in_files

OPEN_AND_CLOSE = (
    "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT * FROM t').fetchall(); c.close()"
)


def test_each_file_is_told_with_how_many_of_its_needles_it_holds(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a").write_bytes(b"x" * (4 << 20) + b"\xff the zebra crosses")
    (tmp_path / "deep" / "across").write_bytes(b"x" * ((4 << 20) - 3) + b"zebra")
    (tmp_path / "catalog.sqlite3-wal").write_text("zebra, and the id")
    (tmp_path / "clean").write_text("nothing")
    (tmp_path / "link").symlink_to(tmp_path / "deep" / "a")
    found = left_in_files([tmp_path], {"catalog.sqlite3": ["zebra"], "": ["zebra", "crosses", "id"]})
    assert found == {
        str(tmp_path / "deep" / "a"): 2,
        str(tmp_path / "deep" / "across"): 1,
        str(tmp_path / "catalog.sqlite3-wal"): 1,
    }


def test_a_database_that_this_process_uses_keeps_its_log_when_another_lets_go_of_it(tmp_path):
    path = tmp_path / "catalog.sqlite3"
    mine = sqlite3.connect(path, isolation_level=None)
    mine.execute("PRAGMA journal_mode = WAL")
    mine.execute("CREATE TABLE t (n INTEGER)")
    mine.execute("INSERT INTO t VALUES (1)")
    log = tmp_path / "catalog.sqlite3-wal"
    before = log.stat().st_ino
    left_in_files([tmp_path], {"": ["zebra"]})
    subprocess.run([sys.executable, "-c", OPEN_AND_CLOSE, str(path)], check=True)
    assert log.stat().st_ino == before
    mine.execute("INSERT INTO t VALUES (2)")
    read = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute('SELECT n FROM t ORDER BY n').fetchall())"
    told = subprocess.run([sys.executable, "-c", read, str(path)], check=True, capture_output=True, text=True)
    assert told.stdout.strip() == "[(1,), (2,)]"
    mine.close()
