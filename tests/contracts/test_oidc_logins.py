"""What any store of sign-ins that have begun must do, on both databases."""

import threading
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select, update

from app.identity import oidc_logins as module
from app.identity.oidc_logins import LASTS, OidcLogins
from app.tables import oidc_logins


@pytest.fixture
def logins(engine):
    return OidcLogins(engine)


def test_a_sign_in_comes_back_once_with_what_it_was_begun_with(logins):
    begun, browser = logins.begin()
    assert logins.spend(begun.state, browser) == begun
    assert logins.spend(begun.state, browser) is None


def test_a_state_is_worth_nothing_in_another_browser(logins):
    begun, browser = logins.begin()
    _, other = logins.begin()
    for secret in (other, "", "é", "\0"):
        assert logins.spend(begun.state, secret) is None
    assert logins.spend(begun.state, browser) == begun


@pytest.mark.parametrize("state", ["", "unheard-of", "\0", "é", "\ud800"])
def test_a_state_that_nobody_began_is_worth_nothing(logins, state):
    _, browser = logins.begin()
    assert logins.spend(state, browser) is None


def test_a_sign_in_ends_after_ten_minutes(logins, engine):
    begun, browser = logins.begin()
    with engine.begin() as connection:
        connection.execute(update(oidc_logins).values(created_at=datetime.now(UTC) - LASTS))
    assert logins.spend(begun.state, browser) is None


def test_old_ones_are_removed_and_there_are_never_more_than_so_many(logins, engine, monkeypatch):
    monkeypatch.setattr(module, "MOST_OPEN", 3)
    begun = [logins.begin() for _ in range(5)]
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(oidc_logins)) == 3
    assert [logins.spend(login.state, browser) is not None for login, browser in begun] == [False] * 2 + [True] * 3


def test_neither_state_nor_browser_is_kept(logins, engine):
    begun, browser = logins.begin()
    with engine.connect() as connection:
        kept = connection.execute(select(oidc_logins)).one()
    assert begun.state not in kept
    assert browser not in kept


def test_of_two_that_come_back_at_once_one_is_let_in(logins):
    begun, browser = logins.begin()
    found, barrier = [], threading.Barrier(4)

    def come_back():
        barrier.wait()
        found.append(logins.spend(begun.state, browser))

    threads = [threading.Thread(target=come_back) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(login is None for login in found) == [False, True, True, True]
