"""The short form of ``bench/two_worlds.py``: what is hidden changes no byte of a response."""

import pytest

from bench.two_worlds import EVERYONE, KINDS, Words, alike, compare, publish, shelve, two_worlds

SEED = 3


@pytest.fixture(scope="module")
def worlds(tmp_path_factory):
    with two_worlds(tmp_path_factory.mktemp("worlds"), Words(SEED)) as opened:
        yield opened


def test_what_is_hidden_changes_no_byte_of_a_response(worlds):
    compared = compare(*worlds, Words(SEED), pairs=125, a_round=25)
    assert set(compared.by_kind) == set(KINDS)
    assert compared.differing == 0, compared.first


def test_the_comparison_notices_what_is_not_hidden(worlds):
    _, other = worlds
    publish(other.services, shelve(other.services, "seen", ["The quokka takes annual leave."], EVERYONE))
    search = {"json": {"question": "quokka"}}
    said = [alike(world.ask("reader", "POST", "/v1/search", **search), world.port, set()) for world in worlds]
    assert said[0] != said[1]
