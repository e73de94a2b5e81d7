"""Users, groups, keys, sessions and the set-up token, on each database."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from time import sleep

import pytest
from sqlalchemy import text

from app.identity.directory import Directory
from app.identity.groups import Groups
from app.identity.keys import ApiKeys
from app.identity.sessions import Sessions
from app.identity.setup import SetupTokens
from app.identity.users import NewUser, Users, administrators
from retrieval.access import readable_keys
from retrieval.errors import ConflictError, InvalidInputError, NotFoundError
from retrieval.types import EVERYONE

SOON = timedelta(hours=1)
UNSTORABLE = ("\x00", "a\x00b", "\ud800")


@pytest.fixture
def users(engine):
    return Users(engine)


@pytest.fixture
def groups(engine):
    return Groups(engine)


@pytest.fixture
def keys(engine):
    return ApiKeys(engine)


@pytest.fixture
def sessions(engine):
    return Sessions(engine)


@pytest.fixture
def setup(engine):
    return SetupTokens(engine)


@pytest.fixture
def ada(users):
    return users.create(NewUser("ada", "Ada L."))


def together(*works):
    """Run works at the same time; gives what each returned or raised."""
    ready = Barrier(len(works), timeout=30)

    def run(work):
        ready.wait()
        try:
            return work()
        except ConflictError as error:
            return error

    with ThreadPoolExecutor(len(works)) as pool:
        return [future.result() for future in [pool.submit(run, work) for work in works]]


def test_a_user_is_kept_as_made(users):
    made = users.create(NewUser("Grace", "Grace H.", administrator=True))
    assert users.get(made.id) == users.named("GRACE") == made
    assert (made.name, made.display_name, made.administrator) == ("grace", "Grace H.", True)


def test_a_name_is_given_once_in_whatever_form_it_is_written(users):
    users.create(NewUser("Åsa"))
    for same in ("ÅSA", "A\u030asa", " åsa "):
        with pytest.raises(ConflictError):
            users.create(NewUser(same))
        assert users.named(same).name == "åsa"
    assert users.create(NewUser("straße")).name == "strasse"


@pytest.mark.parametrize(
    "name",
    ["", " ", "a b", "a\u00a0b", "a\tb", "a\u200bb", "a\u202eb", "\ufeffa", "a\x7f", "x" * 101, "ﷺ" * 6, *UNSTORABLE],
)
def test_a_name_that_could_deceive_is_refused(users, name):
    with pytest.raises(InvalidInputError):
        users.create(NewUser(name))
    assert users.named(name) is None


def test_a_user_made_again_under_the_same_name_is_somebody_else(users, ada):
    users.delete(ada.id)
    again = users.create(NewUser("ada"))
    assert again.id != ada.id
    assert users.principal(ada.id) is None


def test_ids_that_no_database_holds_are_nobodys(users, groups, keys, ada):
    for odd in UNSTORABLE:
        for asked in (users.get, groups.get, keys.get):
            with pytest.raises(NotFoundError):
                asked(odd)
        for change in (groups.add, groups.remove):
            with pytest.raises(NotFoundError):
                change(odd, ada.id)


def test_users_are_listed_page_by_page(users):
    for name in ("c", "a", "b"):
        users.create(NewUser(name))
    assert [user.name for user in users.page(limit=2)] == ["a", "b"]
    assert [user.name for user in users.page(after="b", limit=2)] == ["c"]


def test_a_suspended_user_is_no_principal(users, ada):
    assert users.principal(ada.id).groups == frozenset({EVERYONE})
    users.update(ada.id, suspended_at=datetime.now(UTC))
    assert users.principal(ada.id) is None
    users.update(ada.id, suspended_at=None)
    assert users.principal(ada.id) is not None


@pytest.mark.parametrize("loss", [{"administrator": False}, {"suspended_at": datetime.now(UTC)}, None])
def test_the_last_administrator_stays(users, loss):
    chief = users.create(NewUser("chief", administrator=True))
    users.create(NewUser("robot", kind="service", administrator=True))
    with pytest.raises(ConflictError):
        users.delete(chief.id) if loss is None else users.update(chief.id, **loss)
    assert users.principal(chief.id).administrator
    users.create(NewUser("second", administrator=True))
    users.delete(chief.id) if loss is None else users.update(chief.id, **loss)
    assert users.has_administrator()


def test_where_nobody_administers_yet_users_can_be_changed(users, ada):
    assert users.update(ada.id, display_name="Ada").display_name == "Ada"
    users.delete(ada.id)


def test_of_two_administrators_who_demote_each_other_one_stays(users):
    first, second = (users.create(NewUser(name, administrator=True)) for name in ("first", "second"))
    with ThreadPoolExecutor(1) as pool:
        with users._writing() as connection:
            administrators(connection)
            connection.execute(text("UPDATE users SET administrator = false WHERE id = :id"), {"id": first.id})
            late = pool.submit(users.update, second.id, administrator=False)
            # It must wait for us: both would see the other as an administrator still.
            sleep(0.3)
            assert not late.done()
        with pytest.raises(ConflictError):
            late.result(timeout=30)
    assert users.has_administrator()


def test_of_many_who_set_up_at_once_one_is_the_administrator(users, setup):
    token = setup.renew()
    works = [lambda n=n: setup.spend(token, NewUser(f"chief-{n}")) for n in range(6)]
    said = together(*works)
    assert sum(isinstance(outcome, ConflictError) for outcome in said) == 5
    assert [user.administrator for user in users.page()] == [True]
    assert not setup.is_valid(token)


def test_a_set_up_token_is_good_until_the_next_or_until_it_worked(setup):
    old, token = setup.renew(), setup.renew()
    assert not setup.is_valid(old)
    for wrong in (old, "", "\x00", "\ud800", token + "x"):
        with pytest.raises(ConflictError):
            setup.spend(wrong, NewUser("chief"))
    with pytest.raises(InvalidInputError):
        setup.spend(token, NewUser("no name"))
    assert setup.is_valid(token)
    assert setup.spend(token, NewUser("chief")).administrator
    with pytest.raises(ConflictError):
        setup.spend(setup.renew(), NewUser("second"))


def test_a_password_is_exchanged_only_for_the_one_that_was_looked_at(users):
    user = users.create(NewUser("ada", password="old"))
    assert users.replace_password(user.id, "old", "rehashed")
    assert not users.replace_password(user.id, "old", "late")
    assert users.password(user.id) == "rehashed"
    assert users.password("nobody") is None


def test_a_group_keeps_its_id_and_is_another_when_made_again(users, groups, ada):
    legal = groups.create("Legal", claim="legal")
    groups.add(legal.id, ada.id)
    groups.add(legal.id, ada.id)
    assert groups.rename(legal.id, name="Law", claim=None).id == legal.id
    assert users.principal(ada.id).groups == {EVERYONE, legal.key}
    groups.delete(legal.id)
    again = groups.create("Law", claim="legal")
    assert again.id != legal.id
    assert (groups.get(again.id).members, groups.of_user(ada.id)) == (0, [])
    assert users.principal(ada.id).groups == {EVERYONE}


def test_a_group_made_again_reads_nothing_of_the_one_before(users, groups, ada, shelf):
    legal = groups.create("Legal")
    groups.add(legal.id, ada.id)
    revision = shelf.publish("file:///contract", "secret", acl=frozenset({legal.key}))
    assert shelf.seen(revision, users.principal(ada.id)) == ["secret"]
    groups.rename(legal.id, name="Law", claim=None)
    assert shelf.seen(revision, users.principal(ada.id)) == ["secret"]
    groups.delete(legal.id)
    assert shelf.seen(revision, users.principal(ada.id)) == []
    for name in ("Legal", "Law"):
        groups.add(groups.create(name).id, ada.id)
    assert shelf.seen(revision, users.principal(ada.id)) == []


def test_a_user_made_again_reads_nothing_of_the_one_before(users, ada, shelf):
    revision = shelf.publish("file:///letter", "private", acl=frozenset({ada.principal_id}))
    assert shelf.seen(revision, users.principal(ada.id)) == ["private"]
    users.delete(ada.id)
    again = users.create(NewUser("ada"))
    assert shelf.seen(revision, users.principal(again.id)) == []


def test_a_name_or_claim_stands_for_one_group(groups):
    groups.create("Legal", claim="legal")
    other = groups.create("Sales")
    for name, claim in (("Legal", None), ("Sales", "legal")):
        with pytest.raises(ConflictError):
            groups.rename(other.id, name=name, claim=claim)
    with pytest.raises(ConflictError):
        groups.create("Lawyers", claim="legal")


def test_what_people_set_stays_beside_what_the_provider_says(groups, ada):
    legal, sales = groups.create("Legal", claim="legal"), groups.create("Sales", claim="sales")
    groups.add(legal.id, ada.id)
    assert groups.set_claimed(ada.id, ["legal", "sales", "unknown", "\x00"]) == sorted([legal.id, sales.id])
    assert groups.members(legal.id) == {ada.id: ("local", "oidc")}
    assert groups.set_claimed(ada.id, []) == []
    assert [group.name for group in groups.of_user(ada.id)] == ["Legal"]
    groups.remove(legal.id, ada.id)
    assert groups.of_user(ada.id) == []


def test_of_many_sign_ins_of_one_user_at_once_each_sets_the_groups_whole(groups, ada):
    made = [groups.create(f"Group {n}", claim=f"claim-{n}") for n in range(20)]
    everything, nothing = [group.claim for group in made], []
    for _ in range(5):
        ended = together(
            *[lambda: len(groups.set_claimed(ada.id, everything)), lambda: len(groups.set_claimed(ada.id, nothing))] * 3
        )
        assert ended == [20, 0] * 3
        assert len(groups.of_user(ada.id)) in {0, 20}


def test_of_many_who_put_somebody_into_a_group_at_once_nobody_is_refused(groups, ada):
    group = groups.create("Legal")
    assert together(*[lambda: groups.add(group.id, ada.id)] * 6) == [None] * 6
    assert groups.members(group.id) == {ada.id: ("local",)}


def test_who_is_gone_is_claimed_by_nobody(groups):
    with pytest.raises(NotFoundError):
        groups.set_claimed("nobody", [])


def test_a_user_in_a_thousand_groups_has_a_key_of_each(users, groups, ada):
    made = [groups.create(f"Group {n}", claim=f"claim-{n}") for n in range(1_000)]
    groups.set_claimed(ada.id, [group.claim for group in made])
    principal = users.principal(ada.id)
    assert set(readable_keys(principal)) == {ada.principal_id, EVERYONE} | {group.key for group in made}
    assert len(groups.of_user(ada.id)) == 1_000


def test_nobody_joins_what_does_not_exist(groups, ada):
    group = groups.create("Legal")
    for group_id, user_id in (("0" * 32, ada.id), (group.id, "0" * 32)):
        with pytest.raises(NotFoundError):
            groups.add(group_id, user_id)


def test_a_key_is_found_by_its_secret_until_it_expires_or_is_revoked(keys, ada):
    made, secret = keys.create(ada.id, "test", scopes=["curate", "ask"], expires_at=None, created_by="u:x")
    assert keys.find(secret) == made
    assert made.scopes == ("ask", "curate")
    for wrong in (secret[:-1], secret + "A", secret.swapcase(), "attune_", "", *UNSTORABLE):
        assert keys.find(wrong) is None
    keys.revoke(made.id)
    assert keys.find(secret) is None
    assert keys.of_user(ada.id) == []
    moment = datetime.now(UTC) + timedelta(milliseconds=200)
    _, brief = keys.create(ada.id, "brief", scopes=["ask"], expires_at=moment, created_by="u:x")
    while datetime.now(UTC) <= moment:
        pass
    assert keys.find(brief) is None


def test_with_a_key_go_the_keys_that_it_made_for_its_user(keys, users, ada):
    grace = users.create(NewUser("grace"))
    good = {"scopes": ["ask"], "expires_at": None, "created_by": ada.principal_id}
    found, _ = keys.create(ada.id, "found", **good)
    child, _ = keys.create(ada.id, "child", made_with=found.id, **good)
    keys.create(ada.id, "grandchild", made_with=child.id, **good)
    other, _ = keys.create(ada.id, "other", **good)
    graces, _ = keys.create(grace.id, "of another user", made_with=found.id, **good)
    keys.revoke(found.id)
    assert [[key.id for key in keys.of_user(user.id)] for user in (ada, grace)] == [[other.id], [graces.id]]
    with pytest.raises(NotFoundError):
        keys.create(ada.id, "late", made_with=found.id, **good)


def test_a_key_that_makes_no_sense_is_not_made(keys, ada):
    good = {"scopes": ["ask"], "expires_at": None, "created_by": "u:x"}
    past = datetime.now(UTC) - SOON
    for name, more in (
        ("", {}),
        ("a\nb", {}),
        ("k", {"scopes": []}),
        ("k", {"scopes": ["root"]}),
        ("k", {"expires_at": past}),
    ):
        with pytest.raises(InvalidInputError):
            keys.create(ada.id, name, **good | more)
    with pytest.raises(NotFoundError):
        keys.create("0" * 32, "k", **good)


def test_scopes_only_take_away(keys, users, ada):
    chief = users.create(NewUser("chief", administrator=True))
    for user, scopes, administers, curates in (
        (chief, ["administer"], True, True),
        (chief, ["ask", "curate"], False, True),
        (chief, ["ask"], False, False),
        (ada, ["ask", "curate", "administer"], False, True),
    ):
        made, _ = keys.create(user.id, "k", scopes=scopes, expires_at=None, created_by="u:x")
        limited = made.limits(users.principal(user.id))
        assert (limited.administrator, limited.curator) == (administers, curates)


def test_a_session_is_found_until_it_is_over(sessions, ada):
    made, secret = sessions.begin(ada.id, lasts=SOON, address="192.0.2.1")
    assert sessions.find(secret, idle=SOON) == sessions.get(made.id) == made
    for wrong in (secret[:-1], secret + "A", made.id, "", *UNSTORABLE):
        assert sessions.find(wrong, idle=SOON) is None
    assert sessions.find(secret, idle=timedelta(0)) is None
    _, over = sessions.begin(ada.id, lasts=timedelta(0), address="")
    assert sessions.find(over, idle=SOON) is None
    assert sessions.tidy(idle=SOON) == 1
    sessions.end(made.id)
    assert sessions.find(secret, idle=SOON) is None


def test_all_sessions_end_but_the_one_that_is_named(sessions, ada):
    mine, kept = sessions.begin(ada.id, lasts=SOON, address="")
    _, other = sessions.begin(ada.id, lasts=SOON, address="")
    assert sessions.end_all(ada.id, but=mine.id) == 1
    assert sessions.find(kept, idle=SOON)
    assert sessions.find(other, idle=SOON) is None


def test_sessions_keys_and_memberships_go_with_their_user(users, groups, keys, sessions, ada):
    group = groups.create("Legal")
    groups.add(group.id, ada.id)
    _, key = keys.create(ada.id, "k", scopes=["ask"], expires_at=None, created_by="u:x")
    _, session = sessions.begin(ada.id, lasts=SOON, address="")
    users.delete(ada.id)
    assert keys.find(key) is None
    assert sessions.find(session, idle=SOON) is None
    assert groups.members(group.id) == {}


def test_the_directory_finds_by_part_of_a_name_and_takes_no_pattern(engine, users, groups, ada):
    directory = Directory(engine)
    legal = groups.create("Legal_team")
    gone = users.create(NewUser("adam"))
    users.update(gone.id, suspended_at=datetime.now(UTC))
    assert [entry.key for entry in directory.find("ADA", limit=10)] == [ada.principal_id]
    assert [entry.key for entry in directory.find("l_t", limit=10)] == [legal.key]
    assert directory.find("%", limit=10) == directory.find("\x00", limit=10) == []
    assert len(directory.find("", limit=1)) == 1
    named = directory.named([gone.principal_id, legal.key, "u:unknown", "g:\x00", "x"])
    assert [entry.name for entry in named] == ["Legal_team", "adam"]
