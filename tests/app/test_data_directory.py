"""What may be a data directory."""

import json
import stat
from pathlib import Path

import pytest

from app.data_directory import data_directory, open_data_directory
from app.owner import serving
from app.settings import Settings
from retrieval.errors import DataDirectoryError, OwnedElsewhereError


def test_a_new_directory_is_private(tmp_path):
    made = open_data_directory(tmp_path / "a" / "b")
    assert stat.S_IMODE(made.stat().st_mode) == 0o700


def test_a_directory_with_other_files_is_refused_and_left_alone(tmp_path):
    (tmp_path / "holiday.jpg").write_bytes(b"x")
    with pytest.raises(DataDirectoryError, match="ATTUNE_DATA_DIR"):
        open_data_directory(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["holiday.jpg"]


def test_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(DataDirectoryError, match="is a file"):
        open_data_directory(tmp_path / "file")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"other": 1}', json.dumps({"format": 99})])
def test_a_damaged_or_newer_directory_is_refused(tmp_path, content):
    (tmp_path / "attune.json").write_text(content)
    with pytest.raises(DataDirectoryError):
        open_data_directory(tmp_path)


def test_a_directory_is_made_whole_or_not_at_all(tmp_path, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            open_data_directory(tmp_path)
    assert not (tmp_path / "attune.json").exists()
    open_data_directory(tmp_path)
    assert json.loads((tmp_path / "attune.json").read_text()) == {"format": 1}


def test_a_directory_has_one_owner(tmp_path):
    with data_directory(tmp_path / "d"), pytest.raises(OwnedElsewhereError), data_directory(tmp_path / "d"):
        pass
    with data_directory(tmp_path / "d"):
        pass


def test_a_catalog_that_is_no_database_is_refused_with_what_to_do(tmp_path):
    open_data_directory(tmp_path / "d")
    (tmp_path / "d" / "catalog.sqlite3").write_bytes(b"this is not a database" * 100)
    with pytest.raises(DataDirectoryError), serving(Settings(data_dir=tmp_path / "d")):
        pass
