"""The short form of ``bench/access_oracle.py``, and that its oracle notices what it is there for."""

from dataclasses import replace

import pytest

from bench import access_oracle
from bench.access_oracle import House, run


def test_nobody_reads_what_they_may_not_and_everybody_finds_what_they_may():
    tally = run(examples=4, steps=25, number=7)
    assert tally.queries > 100
    assert (tally.leaks, tally.blocks) == (0, 0)


class Curious(House):
    """Takes everybody for a member of the first group there was."""

    def principal(self, key):
        found = super().principal(key)
        return replace(found, groups=found.groups | {f"g:{group.id}" for group in self.groups.all()})


class Deaf(House):
    """Takes everybody for a stranger."""

    def principal(self, key):
        return replace(super().principal(key), groups=frozenset())


@pytest.mark.parametrize(("house", "told"), [(Curious, "a leak"), (Deaf, "a false block")])
def test_the_oracle_notices_a_house_that_decides_otherwise(monkeypatch, house, told):
    monkeypatch.setattr(access_oracle, "House", house)
    with pytest.raises(AssertionError, match=told):
        run(examples=20, steps=25, number=7, shrinks=False)
