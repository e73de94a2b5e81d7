"""People sign in, and what they lose is gone at their next request."""

import threading
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from argon2 import PasswordHasher

from app.identity.passwords import outdated
from app.identity.users import Users
from app.owner import checked, serving
from app.settings import Settings
from retrieval.tables import open_engine

PASSWORD = "correct horse battery"
CSRF = "X-CSRF-Token"


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    # So many strangers from one address as these tests make are not what is tested here.
    return Settings(data_dir=tmp_path_factory.mktemp("identity") / "data", address_requests_per_minute=0)


@pytest.fixture(scope="module")
def local(settings):
    """A client with the loopback token, of a server without documents."""
    with serving(settings) as client:
        yield client


@pytest.fixture
def person(local, request):
    """A user of this test's own, with a password."""
    name = f"{request.node.originalname}"[:90]
    made = checked(local.post("/v1/users", json={"name": name, "password": PASSWORD}))
    yield made
    local.delete(f"/v1/users/{made['id']}")


@pytest.fixture
def browser(local):
    with httpx.Client(base_url=local.base_url, timeout=60) as client:
        yield client


def signed_in(browser, name, password=PASSWORD):
    body = checked(browser.post("/v1/session", json={"name": name, "password": password}))
    browser.headers[CSRF] = body["csrf_token"]
    return body


def with_key(local, key):
    return httpx.Client(base_url=local.base_url, headers={"Authorization": f"Bearer {key}"}, timeout=60)


def key_of(local, user, *scopes, **more):
    body = {"name": "test", "scopes": scopes or ["ask"], **more}
    return checked(local.post(f"/v1/users/{user['id']}/keys", json=body))


def test_a_password_gives_a_session_whose_cookie_no_script_can_read(browser, person):
    response = browser.post("/v1/session", json={"name": person["name"].upper(), "password": PASSWORD})
    assert response.status_code == 201
    cookie = response.headers["set-cookie"].lower()
    assert {"httponly", "samesite=lax", "path=/"} <= set(cookie.split("; "))
    assert "secure" not in cookie  # it came by HTTP
    mine = browser.get("/v1/session").json()
    assert (mine["user"]["id"], mine["role"], mine["credential"]) == (person["id"], "reader", "session")


def test_a_wrong_password_and_an_unknown_name_are_told_the_same(browser, local, person):
    tried = [(person["name"], "wrong password"), ("nobody-of-this-name", PASSWORD)]
    local.patch(f"/v1/users/{person['id']}", json={"suspended": True})
    tried.append((person["name"], PASSWORD))
    refused = [browser.post("/v1/session", json={"name": name, "password": word}) for name, word in tried]
    assert {response.status_code for response in refused} == {401}
    assert len({response.text for response in refused}) == 1
    assert not any("set-cookie" in response.headers for response in refused)


def test_signing_out_ends_the_session_for_whoever_kept_its_cookie(browser, person):
    signed_in(browser, person["name"])
    cookie = f"attune_session={browser.cookies['attune_session']}"
    assert browser.delete("/v1/session").status_code == 204
    assert not browser.cookies
    assert browser.get("/v1/session", headers={"Cookie": cookie}).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {CSRF: ""},
        {CSRF: "0" * 64},
        {CSRF: "\u00e4".encode()},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
    ],
)
def test_a_change_that_another_sites_page_may_have_sent_is_refused(browser, person, headers):
    signed_in(browser, person["name"])
    assert browser.post("/v1/keys", json={"name": "mine"}, headers=headers).status_code == 403
    own = {"Sec-Fetch-Site": "same-origin", "Origin": str(browser.base_url).rstrip("/")}
    assert browser.post("/v1/keys", json={"name": "mine"}, headers=own).status_code == 201


def test_a_page_of_another_site_signs_nobody_in(browser, person):
    body = {"name": person["name"], "password": PASSWORD}
    assert browser.post("/v1/session", json=body, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert browser.post("/v1/session", json=body, headers={"Origin": "https://elsewhere.example"}).status_code == 403


def test_a_new_password_ends_the_other_sessions_and_is_the_only_one_that_works(browser, local, person):
    with httpx.Client(base_url=local.base_url) as other:
        signed_in(other, person["name"])
        signed_in(browser, person["name"])
        body = {"current": PASSWORD, "new": "another long password"}
        assert browser.put("/v1/session/password", json={**body, "current": "wrong"}).status_code == 403
        assert browser.put("/v1/session/password", json=body).status_code == 204
        assert other.get("/v1/session").status_code == 401
    assert browser.get("/v1/session").status_code == 200
    assert browser.post("/v1/session", json={"name": person["name"], "password": PASSWORD}).status_code == 401
    signed_in(browser, person["name"], body["new"])


def test_people_see_where_they_are_signed_in_and_sign_out_there(browser, local, person):
    with httpx.Client(base_url=local.base_url) as other, httpx.Client(base_url=local.base_url) as third:
        for client in (other, third, browser):
            signed_in(client, person["name"])
        mine = checked(browser.get("/v1/sessions"))["sessions"]
        assert [session["current"] for session in mine] == [True, False, False]
        assert browser.delete(f"/v1/sessions/{mine[1]['id']}").status_code == 204
        assert [client.get("/v1/session").status_code for client in (other, third)] == [200, 401]
        assert browser.delete("/v1/sessions").status_code == 204
        assert [client.get("/v1/session").status_code for client in (other, browser)] == [401, 200]


def test_the_sessions_of_others_do_not_exist(browser, local, person):
    stranger = checked(local.post("/v1/users", json={"name": "stranger", "password": PASSWORD}))
    with httpx.Client(base_url=local.base_url) as other:
        signed_in(other, "stranger")
        (theirs,) = checked(local.get(f"/v1/users/{stranger['id']}/sessions"))["sessions"]
        signed_in(browser, person["name"])
        assert browser.delete(f"/v1/sessions/{theirs['id']}").status_code == 404
        assert other.get("/v1/session").status_code == 200


def test_who_has_no_password_is_told_so(browser, person, settings):
    signed_in(browser, person["name"])
    assert browser.get("/v1/session").json()["has_password"]
    users = Users(open_engine(settings.catalog_url))
    users.update(person["id"], password=None)
    body = {"current": PASSWORD, "new": "another long password"}
    assert browser.put("/v1/session/password", json=body).status_code == 409
    assert not browser.get("/v1/session").json()["has_password"]


def test_users_are_found_by_a_part_of_a_name_also_when_they_are_suspended(local, person):
    url = f"/v1/users/{person['id']}"
    checked(local.patch(url, json={"display_name": "Zoë 100%_sure", "suspended": True}))
    for words, there in (("100%_SURE", True), (person["name"][5:20], True), ("100%xsure", False), ("\x00", False)):
        found = checked(local.get("/v1/users", params={"q": words}))["users"]
        assert (person["id"] in {user["id"] for user in found}) == there


def test_a_list_of_users_says_their_groups_and_when_they_signed_in(browser, local, person):
    group = checked(local.post("/v1/groups", json={"name": "Listed"}))
    checked(local.put(f"/v1/groups/{group['id']}/members/{person['id']}"))
    (before,) = checked(local.get("/v1/users", params={"name": person["name"]}))["users"]
    signed_in(browser, person["name"])
    (after,) = checked(local.get("/v1/users", params={"q": person["name"]}))["users"]
    assert before["groups"] == after["groups"] == [{"id": group["id"], "name": "Listed"}]
    assert before["signed_in_at"] is None
    assert abs(datetime.fromisoformat(after["signed_in_at"]) - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_user_and_a_group_are_shown_with_what_lists_give_them(local, person):
    group = checked(local.post("/v1/groups", json={"name": "Granted"}))
    checked(local.put(f"/v1/groups/{group['id']}/members/{person['id']}"))
    mine, ours = f"u:{person['id']}", f"g:{group['id']}"
    checked(local.post("/v1/collections", json={"name": "granted", "readers": [ours], "curators": [mine]}))
    checked(local.post("/v1/collections", json={"name": "not-granted", "readers": ["u:local"]}))

    def granted(path):
        return {grant["name"]: grant for grant in checked(local.get(path))["collections"]}

    theirs = granted(f"/v1/users/{person['id']}")
    assert theirs["granted"] == {"name": "granted", "read_by": [ours], "curated_by": [mine]}
    assert theirs["default"]["read_by"] == ["g:everyone"]
    assert "not-granted" not in theirs
    assert granted(f"/v1/groups/{group['id']}")["granted"]["curated_by"] == []


def test_a_password_kept_with_older_parameters_is_hashed_anew_at_a_sign_in(browser, settings, person):
    engine = open_engine(settings.catalog_url)
    users = Users(engine)
    old = PasswordHasher(time_cost=1, memory_cost=8_192).hash(PASSWORD)
    users.update(person["id"], password=old)
    signed_in(browser, person["name"])
    kept = users.password(person["id"])
    engine.dispose()
    assert kept != old
    assert not outdated(kept)
    assert browser.get("/v1/session").status_code == 200


def test_guessing_is_slowed_down_by_name(browser, person):
    body = {"name": person["name"], "password": "wrong"}
    codes = [browser.post("/v1/session", json=body).status_code for _ in range(11)]
    assert codes == [401] * 10 + [429]
    response = browser.post("/v1/session", json={**body, "password": PASSWORD})
    assert response.status_code == 429
    assert 1 <= int(response.headers["retry-after"]) <= 60


@pytest.mark.parametrize("change", ["suspend", "remove", "end sessions", "set password"])
def test_what_an_administrator_takes_away_is_gone_at_the_next_request(browser, local, person, change):
    signed_in(browser, person["name"])
    path = f"/v1/users/{person['id']}"
    response = {
        "suspend": lambda: local.patch(path, json={"suspended": True}),
        "remove": lambda: local.delete(path),
        "end sessions": lambda: local.delete(f"{path}/sessions"),
        "set password": lambda: local.put(f"{path}/password", json={"password": "another long password"}),
    }[change]()
    assert response.is_success
    assert browser.get("/v1/session").status_code == 401


def test_a_suspended_user_who_is_restored_signs_in_anew(browser, local, person):
    signed_in(browser, person["name"])
    with with_key(local, key_of(local, person)["key"]) as mine:
        for suspended, status in ((True, 401), (False, 200)):
            checked(local.patch(f"/v1/users/{person['id']}", json={"suspended": suspended}))
            assert mine.get("/v1/session").status_code == status
    assert browser.get("/v1/session").status_code == 401


def test_a_revoked_key_is_refused_at_the_next_request(local, person):
    made = key_of(local, person)
    with with_key(local, made["key"]) as mine:
        assert mine.get("/v1/session").json()["scopes"] == ["ask"]
        assert mine.delete(f"/v1/keys/{made['id']}").status_code == 204
        assert mine.get("/v1/session").status_code == 401


def test_when_a_key_was_used_is_noted_to_the_minute(local, person):
    made = key_of(local, person)
    seen = []
    with with_key(local, made["key"]) as mine:
        for _ in range(2):
            mine.get("/v1/session")
            seen.append(checked(local.get(f"/v1/users/{person['id']}/keys"))["keys"][0]["seen_at"])
    assert seen[0] == seen[1] != made["seen_at"] is None


def test_a_key_is_shown_once(local, person):
    made = key_of(local, person)
    listed = checked(local.get(f"/v1/users/{person['id']}/keys"))["keys"]
    assert [key["id"] for key in listed] == [made["id"]]
    assert made["key"] not in str(listed)


def test_a_key_makes_no_key_worth_more_than_itself(local, person):
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    with with_key(local, key_of(local, person, "ask", expires_at=soon)["key"]) as mine:
        assert mine.post("/v1/keys", json={"name": "more", "scopes": ["ask", "curate"]}).status_code == 403
        made = checked(mine.post("/v1/keys", json={"name": "as much", "expires_in_days": 30}))
        assert datetime.fromisoformat(made["expires_at"]) == datetime.fromisoformat(soon)


def test_a_key_revokes_none_worth_more_than_itself(local, person):
    strong = key_of(local, person, "ask", "curate")
    with with_key(local, key_of(local, person)["key"]) as mine:
        assert mine.delete(f"/v1/keys/{strong['id']}").status_code == 403


def test_a_key_without_the_scope_does_not_administer(local):
    chief = checked(local.post("/v1/users", json={"name": "scoped-chief", "administrator": True}))
    with with_key(local, key_of(local, chief, "ask", "curate")["key"]) as weak:
        assert weak.get("/v1/users").status_code == 403
        assert weak.get("/v1/session").json()["role"] == "reader"
    with with_key(local, key_of(local, chief, "administer")["key"]) as strong:
        assert strong.get("/v1/users").status_code == 200
        assert strong.get("/v1/session").json()["role"] == "administrator"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/answers"),
        ("POST", "/v1/search"),
        ("GET", "/v1/conversations"),
        ("GET", "/v1/documents/x"),
        ("GET", "/v1/documents/x/original"),
        ("POST", "/v1/chat/completions"),
        ("POST", "/mcp"),
    ],
)
def test_a_key_without_the_scope_is_told_nothing_of_documents(local, person, method, path):
    with with_key(local, key_of(local, person, "curate")["key"]) as mine:
        response = mine.request(method, path, json={"question": "leave"})
        assert response.status_code == 403
        assert "the scope ask" in response.text
        assert mine.get("/v1/collections").status_code == 200


def test_the_keys_of_others_do_not_exist(browser, local, person):
    other = checked(local.post("/v1/users", json={"name": "owner-of-a-key"}))
    theirs = key_of(local, other)["id"]
    signed_in(browser, person["name"])
    foreign, unknown = browser.delete(f"/v1/keys/{theirs}"), browser.delete(f"/v1/keys/{'0' * 32}")
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.text.replace(theirs, "ID") == unknown.text.replace("0" * 32, "ID")


def test_a_header_counts_alone_whatever_the_cookie(browser, local, person):
    signed_in(browser, person["name"])
    assert browser.get("/v1/session", headers={"Authorization": "Bearer attune_wrong"}).status_code == 401
    assert browser.get("/v1/session", headers={"Authorization": ""}).status_code == 401
    other = checked(local.post("/v1/users", json={"name": "both-headers"}))
    headers = {"Authorization": f"Bearer {key_of(local, other)['key']}"}
    assert browser.get("/v1/session", headers=headers).json()["user"]["id"] == other["id"]


@pytest.mark.parametrize(
    "secret",
    ["", "x", "attune_", "attune_" + "A" * 43, "null", "\u00e4\u2028", "%00", "A" * 30_000, "../../etc/passwd"],
)
def test_a_forged_cookie_or_key_is_nobodys(browser, secret):
    cookie = f"attune_session={secret}".encode()
    assert browser.get("/v1/session", headers={"Cookie": cookie}).status_code == 401
    assert browser.get("/v1/session", headers={"Authorization": f"Bearer {secret}".strip().encode()}).status_code == 401


def test_a_truncated_cookie_or_key_is_nobodys(browser, local, person):
    signed_in(browser, person["name"])
    secret, key = browser.cookies["attune_session"], key_of(local, person)["key"]
    for cookie in (secret[:-1], secret + "A", secret.swapcase(), key):
        assert browser.get("/v1/session", headers={"Cookie": f"attune_session={cookie}"}).status_code == 401
    for given in (key[:-1], key + "A", key.swapcase(), secret, key.removeprefix("attune_")):
        assert browser.get("/v1/session", headers={"Authorization": f"Bearer {given}"}).status_code == 401


def test_a_user_is_found_by_a_curator_and_by_nobody_else(browser, local, person):
    signed_in(browser, person["name"])
    assert browser.get("/v1/directory", params={"q": person["name"]}).status_code == 403
    found = checked(local.get("/v1/directory", params={"q": person["name"][3:].upper()}))["entries"]
    assert [(entry["key"], entry["kind"]) for entry in found] == [(f"u:{person['id']}", "person")]


def test_who_leaves_a_group_is_out_of_it_at_the_next_request(browser, local, person):
    group = checked(local.post("/v1/groups", json={"name": "Legal"}))
    member = f"/v1/groups/{group['id']}/members/{person['id']}"
    assert local.put(member).status_code == local.put(member).status_code == 204
    signed_in(browser, person["name"])
    assert browser.get("/v1/session").json()["groups"] == [{"id": group["id"], "name": "Legal"}]
    assert checked(local.get(f"/v1/groups/{group['id']}/members"))["members"][0]["name"] == person["name"]
    checked(local.patch(f"/v1/groups/{group['id']}", json={"name": "Law", "claim": "law@example"}))
    assert browser.get("/v1/session").json()["groups"] == [{"id": group["id"], "name": "Law"}]
    assert local.delete(member).status_code == 204
    assert browser.get("/v1/session").json()["groups"] == []
    assert local.delete(member).status_code == 404


def test_a_group_made_again_is_another_one(local):
    first = checked(local.post("/v1/groups", json={"name": "Finance"}))
    assert local.post("/v1/groups", json={"name": "Finance"}).status_code == 409
    assert local.delete(f"/v1/groups/{first['id']}").status_code == 204
    assert checked(local.post("/v1/groups", json={"name": "Finance"}))["id"] != first["id"]
    assert local.get(f"/v1/groups/{first['id']}").status_code == 404


@pytest.mark.parametrize("path", ["/v1/users", "/v1/groups", "/v1/users/x/keys", "/v1/groups/x/members"])
def test_only_administrators_see_who_there_is(browser, person, path):
    signed_in(browser, person["name"])
    assert browser.get(path).status_code == 403


def test_the_first_administrator_comes_from_the_link_once(tmp_path):
    with serving(Settings(data_dir=tmp_path / "data")) as local, httpx.Client(base_url=local.base_url) as browser:
        assert browser.get("/v1/setup").json() == {"needed": True}
        old, token = (checked(local.post("/v1/setup/token"))["token"] for _ in range(2))
        body = {"token": token, "name": "chief", "password": PASSWORD}
        assert browser.post("/v1/setup/token").status_code == 401
        assert browser.post("/v1/setup", json={**body, "token": old}).status_code == 409
        assert browser.post("/v1/setup", json={**body, "password": "short"}).status_code == 422
        codes = []
        threads = [
            threading.Thread(target=lambda n=n: codes.append(_set_up(local.base_url, {**body, "name": f"chief-{n}"})))
            for n in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert codes.count(201) == 1
        assert set(codes) <= {201, 409, 503}  # 503: a busy server has no place for it
        assert browser.get("/v1/setup").json() == {"needed": False}
        assert checked(local.post("/v1/setup/token"))["token"] is None
        users = checked(local.get("/v1/users"))["users"]
        assert [user["administrator"] for user in users] == [True]
        assert local.patch(f"/v1/users/{users[0]['id']}", json={"administrator": False}).status_code == 409
        assert local.delete(f"/v1/users/{users[0]['id']}").status_code == 409


def _set_up(url, body):
    return httpx.post(f"{url}/v1/setup", json=body, timeout=60).status_code


def test_a_session_that_nobody_uses_is_over(tmp_path):
    settings = Settings(data_dir=tmp_path / "data", session_idle_minutes=0.1, secure_cookies=True)
    with serving(settings) as local, httpx.Client(base_url=local.base_url) as browser:
        checked(local.post("/v1/users", json={"name": "idle", "password": PASSWORD}))
        response = browser.post("/v1/session", json={"name": "idle", "password": PASSWORD})
        assert "; secure" in response.headers["set-cookie"].lower()
        headers = {"Cookie": response.headers["set-cookie"].split(";")[0]}
        assert browser.get("/v1/session", headers=headers).status_code == 200
        threading.Event().wait(6.2)
        assert browser.get("/v1/session", headers=headers).status_code == 401
