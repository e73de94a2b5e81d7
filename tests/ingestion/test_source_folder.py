"""A folder as a source."""

import os
import shutil

import pytest

from ingestion.sources.source import SourceLimits, open_source
from retrieval.errors import InvalidInputError, ResourceLimitError, SourceError, UnreadableError


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "papers"
    for name in ("b.md", "a.txt", "sub/c.pdf", "sub/.hidden", "~$a.docx", ".git/x.md", "sub/deep/ü ö.md"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"about {name}")
    return folder


def opened(folder, **arguments):
    return open_source("folder", {"path": str(folder), **arguments}, limits=SourceLimits())


def names(source):
    return [entry.name for entry in source.entries()]


def test_files_are_listed_in_the_order_of_their_paths(folder):
    (folder / "out.md").symlink_to("/etc/hostname")
    assert names(opened(folder)) == ["a.txt", "b.md", "c.pdf", "ü ö.md"]
    entry = list(opened(folder).entries())[-1]
    assert entry.uri == (folder / "sub/deep/ü ö.md").as_uri()
    assert entry.size_bytes == (folder / "sub/deep/ü ö.md").stat().st_size


def test_what_was_listed_can_be_fetched(folder):
    source = opened(folder)
    for entry in source.entries():
        with source.fetch(entry) as stream:
            assert stream.read().decode().startswith("about ")


@pytest.mark.parametrize(
    ("patterns", "listed"),
    [
        ({"include": ["*.md"]}, ["b.md", "ü ö.md"]),
        ({"include": ["sub/*"]}, ["c.pdf", "ü ö.md"]),
        ({"exclude": ["sub/deep/*", "*.txt"]}, ["b.md", "c.pdf"]),
        ({"include": ["*.md"], "exclude": ["b.*"]}, ["ü ö.md"]),
        ({"include": ["/b.md"]}, ["b.md"]),
    ],
)
def test_patterns_choose_by_name_or_by_path(folder, patterns, listed):
    assert names(opened(folder, **patterns)) == listed


def test_a_version_changes_with_the_file(folder):
    before = {entry.name: entry.version for entry in opened(folder).entries()}
    assert before == {entry.name: entry.version for entry in opened(folder).entries()}
    os.utime(folder / "b.md", ns=(1, 1))
    after = {entry.name: entry.version for entry in opened(folder).entries()}
    assert [name for name in before if before[name] != after[name]] == ["b.md"]


def test_a_folder_that_is_not_there_is_an_error_and_not_an_empty_folder(folder):
    source = opened(folder)
    shutil.rmtree(folder)
    with pytest.raises(SourceError, match="not there"):
        list(source.entries())
    folder.write_text("a file now")
    with pytest.raises(SourceError, match="no folder"):
        list(source.entries())


def test_a_folder_that_vanishes_while_it_is_listed_is_an_error(folder):
    listing = opened(folder).entries()
    assert next(listing).name == "a.txt"
    folder.rename(folder.with_name("elsewhere"))
    with pytest.raises(SourceError, match="not there"):
        list(listing)


def test_a_folder_that_became_a_link_is_not_followed(folder, tmp_path):
    source = opened(folder)
    folder.rename(tmp_path / "moved")
    folder.symlink_to("/etc")
    with pytest.raises(SourceError, match="another place"):
        list(source.entries())


def test_a_subfolder_that_cannot_be_read_is_unknown_not_gone(folder):
    # Deeper than a path may be long: even root cannot list it by its name.
    name, place = "d" * 250, os.open(folder / "sub", os.O_RDONLY)
    for _ in range(20):
        os.mkdir(name, dir_fd=place)
        below = os.open(name, os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = below
    os.close(place)
    source = opened(folder)
    assert names(source) == ["a.txt", "b.md", "c.pdf", "ü ö.md"]
    (unknown,) = source.unreadable
    assert unknown.startswith((folder / "sub" / name).as_uri())
    assert unknown.endswith("/")


def test_a_file_that_is_gone_or_leads_out_is_that_documents_problem(folder):
    source = opened(folder)
    first, second, *_ = source.entries()
    (folder / "a.txt").unlink()
    with pytest.raises(UnreadableError, match="No such file"), source.fetch(first):
        pass
    (folder / "b.md").unlink()
    (folder / "b.md").symlink_to("/etc/hostname")
    with pytest.raises(UnreadableError, match="leads out"), source.fetch(second):
        pass
    shutil.rmtree(folder)
    with pytest.raises(SourceError), source.fetch(first):
        pass


def test_a_file_that_is_too_large_is_refused(folder):
    source = open_source("folder", {"path": str(folder)}, limits=SourceLimits(document_max_bytes=3))
    with pytest.raises(ResourceLimitError), source.fetch(next(iter(source.entries()))):
        pass


@pytest.mark.parametrize("path", ["", "papers", "../papers", "/a\0b", 7, None])
def test_a_path_that_is_none_is_refused(path):
    with pytest.raises(InvalidInputError, match="path"):
        opened(path) if isinstance(path, str) else open_source("folder", {"path": path}, limits=SourceLimits())


def test_a_kind_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(InvalidInputError, match="folder, web, object_store, reader"):
        open_source("ftp", {}, limits=SourceLimits())
