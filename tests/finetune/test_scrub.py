"""Personal data becomes pseudonyms that stay the same."""

import stat

import pytest

from finetune.scrub import KEY_FILE, Scrubber, pseudonym_key, scrubber
from retrieval.errors import DataDirectoryError

MAIL = "Has ann.berg@example.com been paid?"


def test_the_same_address_gets_the_same_pseudonym_and_another_another():
    scrub = Scrubber(b"k" * 32)
    said = scrub(MAIL)
    assert "ann.berg" not in said
    assert said.startswith("Has [email ")
    assert scrub("Write to ANN.BERG@example.com").split("[")[1] == said.split("[")[1].replace(" been paid?", "")
    assert scrub(MAIL.replace("ann", "bob")) != said


def test_another_key_gives_other_pseudonyms():
    assert Scrubber(b"k" * 32)(MAIL) != Scrubber(b"l" * 32)(MAIL)


def test_people_whom_the_server_knows_are_found_by_name(tmp_path):
    scrub = scrubber(tmp_path, ["Anna Berg", " "])
    assert "Anna" not in scrub("How much leave does Anna Berg get?")
    assert scrub("How much leave do I get?") == "How much leave do I get?"


def test_the_key_is_made_once_and_is_its_users_alone(tmp_path):
    folder = tmp_path / "learning"
    key = pseudonym_key(folder)
    assert pseudonym_key(folder) == key
    assert stat.S_IMODE((folder / KEY_FILE).stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == [KEY_FILE]


def test_a_key_that_was_cut_off_is_refused(tmp_path):
    (tmp_path / KEY_FILE).write_bytes(b"short")
    with pytest.raises(DataDirectoryError):
        pseudonym_key(tmp_path)
