"""Who can be named in an access list: users and groups by name or key."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Select, func, literal, select

from app.identity.names import normal_name
from app.identity.users import has_name
from app.tables import groups, users
from retrieval.rows import storable
from retrieval.store import Store, listed, one_of

Kind = Literal["person", "service", "group"]


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody, or a group.

    Attributes:
        key: What access lists name: ``u:<id>`` or ``g:<id>``.
        name: What they sign in with; of a group its name.
    """

    key: str
    kind: Kind
    name: str
    display_name: str


class Directory(Store):
    """Names of users who are not suspended and of groups; for administrators and curators.

    Args:
        engine: Made by ``open_engine``, its database brought up to date by the migrations.
    """

    def find(self, words: str, *, limit: int) -> list[Entry]:
        """Return entries with these words in a name, sorted by name; no words find everybody."""
        normal = normal_name(words)
        if not storable(normal):
            return []
        people = _PEOPLE.where(users.c.suspended_at.is_(None), has_name(words)).order_by(users.c.name)
        of_groups = func.lower(groups.c.name).contains(normal, autoescape=True)
        found = self._entries(_GROUPS.where(of_groups).order_by(groups.c.name).limit(limit))
        return sorted(found + self._entries(people.limit(limit)), key=lambda entry: (entry.name, entry.key))[:limit]

    def named(self, keys: Iterable[str]) -> list[Entry]:
        """Return the entries of keys, suspended users too, sorted by name; keys of nobody are left out."""
        given = set(keys)
        ids = {mark: listed(key[2:] for key in given if key.startswith(mark)) for mark in ("u:", "g:")}
        people = self._entries(_PEOPLE.where(one_of(users.c.id, "ids")), ids=ids["u:"])
        sets = self._entries(_GROUPS.where(one_of(groups.c.id, "ids")), ids=ids["g:"])
        return sorted(people + sets, key=lambda entry: (entry.name, entry.key))

    def _entries(self, statement: Select[Any], **parameters: str) -> list[Entry]:
        with self._reading() as connection:
            return [Entry(*row) for row in connection.execute(statement, parameters)]


_PEOPLE = select(literal("u:") + users.c.id, users.c.kind, users.c.name, users.c.display_name)
_GROUPS = select(literal("g:") + groups.c.id, literal("group"), groups.c.name, groups.c.name)
