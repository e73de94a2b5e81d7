import os
from pathlib import Path

import pytest

from ingestion.load import collect
from retrieval.errors import InvalidInputError


def _touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("text")
    return path


def test_a_folder_gives_its_files_in_order_without_hidden_and_lock_files(tmp_path):
    for name in ("b.md", "a.md", "sub/c.md", ".hidden", ".git/config", ".DS_Store", "~$a.docx", "sub/.x/y.md"):
        _touch(tmp_path / name)
    collected = collect([tmp_path])
    assert [Path(f.path).relative_to(tmp_path.resolve()).as_posix() for f in collected.files] == [
        "a.md",
        "b.md",
        "sub/c.md",
    ]
    assert collected.folders == (tmp_path.resolve(),)


def test_a_file_that_is_named_twice_or_lies_in_a_named_folder_is_taken_once(tmp_path):
    file = _touch(tmp_path / "a.md")
    assert len(collect([file, tmp_path, file, tmp_path / "." / "a.md"]).files) == 1


def test_a_hidden_file_that_is_named_itself_is_taken(tmp_path):
    assert [f.name for f in collect([_touch(tmp_path / ".notes.md")]).files] == [".notes.md"]


def test_uris_are_percent_encoded(tmp_path):
    file = _touch(tmp_path / "Über uns #1?.md")
    (source,) = collect([file]).files
    assert source.uri == tmp_path.resolve().as_uri() + "/%C3%9Cber%20uns%20%231%3F.md"
    assert source.name == "Über uns #1?.md"


def test_links_that_lead_out_of_the_folder_are_not_followed(tmp_path):
    _touch(tmp_path / "outside" / "secret.md")
    inside = tmp_path / "inside"
    _touch(inside / "a.md")
    (inside / "out.md").symlink_to(tmp_path / "outside" / "secret.md")
    (inside / "outdir").symlink_to(tmp_path / "outside")
    (inside / "same.md").symlink_to(inside / "a.md")
    (inside / "nowhere.md").symlink_to(inside / "gone.md")
    (inside / "loop").symlink_to(inside)
    assert [f.name for f in collect([inside]).files] == ["a.md"]


def test_special_files_are_passed_over(tmp_path):
    os.mkfifo(tmp_path / "pipe.md")
    assert collect([tmp_path]).files == ()


@pytest.mark.parametrize("name", ["missing.md", "nul\0.md", "a" * 300])
def test_a_path_that_does_not_exist_is_named_in_the_error(tmp_path, name):
    with pytest.raises(InvalidInputError, match=name[:3]):
        collect([tmp_path / name])


def test_a_device_is_refused():
    with pytest.raises(InvalidInputError, match="neither a file nor a folder"):
        collect([Path("/dev/null")])


def test_a_name_for_people_has_no_bytes_that_are_no_text_and_no_direction_marks(tmp_path):
    raw = os.fsencode(tmp_path) + b"/evil\xff\xe2\x80\xaefdp.md"
    with open(raw, "wb") as file:
        file.write(b"x")
    (source,) = collect([tmp_path]).files
    assert source.name == "evil\ufffdfdp.md"
    assert source.path.read_bytes() == b"x"
    assert source.uri.endswith("/evil%FF%E2%80%AEfdp.md")
