"""Signing in with an OpenID Connect provider: a real one in a process of its own, and one that lies."""

import base64
import json
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from socket import create_server
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from app.owner import checked, serving
from app.settings import Settings

PROVIDER = Path(__file__).resolve().parents[1] / "oidc_server.py"
CLIENT_ID, CLIENT_SECRET = "attune", "s3cret-of-the-client"


def free_port():
    with create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@contextmanager
def provider_process(redirect_uri):
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen((sys.executable, PROVIDER, str(port), redirect_uri))
    try:
        with httpx.Client(base_url=url, trust_env=False) as client:
            for _ in range(300):
                try:
                    client.get("/")
                    break
                except httpx.ConnectError:
                    assert process.poll() is None
                    time.sleep(0.1)
            yield client
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    """A server, and the provider its people sign in with."""
    port = free_port()
    public_url = f"http://127.0.0.1:{port}"
    with provider_process(f"{public_url}/v1/oidc/callback") as provider:
        settings = Settings(
            data_dir=tmp_path_factory.mktemp("oidc") / "data",
            public_url=public_url,
            oidc_issuer=str(provider.base_url).rstrip("/"),
            oidc_client_id=CLIENT_ID,
            oidc_client_secret=CLIENT_SECRET,
            oidc_name="Example Ltd",
            address_requests_per_minute=0,
        )
        with serving(settings, port=port) as server:
            yield server, provider


@pytest.fixture
def browser_of():
    """Make browsers that are closed in the end."""
    opened = []

    def browser_of(server):
        opened.append(httpx.Client(base_url=server.base_url, trust_env=False))
        return opened[-1]

    yield browser_of
    for browser in opened:
        browser.close()


@pytest.fixture
def sign_in(company, browser_of):
    """Sign a person in; gives the browser that holds the session, and the session."""
    server, provider = company

    def sign_in(person, **claims):
        provider.put(f"/people/{person}", json={"preferred_username": person, "name": person.title()} | claims)
        browser = browser_of(server)
        response = come_back(browser, provider, person)
        assert (response.status_code, response.headers["location"]) == (302, "/"), response.text
        return browser, checked(browser.get("/v1/session"))

    return sign_in


def come_back(browser, provider, person):
    """Go to the provider as a person and follow it back; gives the server's last response."""
    sent = browser.get("/v1/oidc/login")
    assert sent.status_code == 302
    at_provider = provider.get(sent.headers["location"] + f"&login_as={person}")
    assert at_provider.status_code == 302, at_provider.text
    return browser.get(at_provider.headers["location"])


def refusals(server):
    events = checked(server.get("/v1/audit", params={"action": "session.refused"}))["events"]
    return [(event["details"]["oidc"], event["object"]) for event in events]


def test_the_page_is_told_that_there_is_a_provider(company, browser_of):
    server, _ = company
    assert checked(browser_of(server).get("/v1/oidc")) == {"enabled": True, "name": "Example Ltd"}


def test_a_person_is_made_a_user_and_has_a_session(company, sign_in):
    server, _ = company
    browser, session = sign_in("ann")
    assert (session["user"]["name"], session["user"]["display_name"]) == ("ann", "Ann")
    assert (session["role"], session["credential"]) == ("reader", "session")
    assert "attune_oidc" not in browser.cookies
    events = checked(server.get("/v1/audit", params={"object": f"user:{session['user']['id']}"}))["events"]
    assert [event["action"] for event in events] == ["group.claimed", "session.begin", "user.create"]


def test_the_same_person_is_the_same_user_also_under_another_name(sign_in):
    _, before = sign_in("bea")
    _, after = sign_in("bea", preferred_username="bea-married", email="other@example.org")
    assert after["user"]["id"] == before["user"]["id"]


def test_a_name_that_is_taken_is_nobodys_way_in(company, sign_in):
    server, _ = company
    local = checked(server.post("/v1/users", json={"name": "carl", "administrator": True}))
    _, session = sign_in("carl", email="carl@example.org")
    assert session["user"]["id"] != local["id"]
    assert session["user"]["name"].startswith("carl-")
    assert session["role"] == "reader"


def test_claimed_groups_are_joined_and_left(company, sign_in):
    server, _ = company
    legal = checked(server.post("/v1/groups", json={"name": "Legal", "claim": "/legal"}))
    crew = checked(server.post("/v1/groups", json={"name": "Crew"}))
    _, session = sign_in("dora", groups=["/legal", "/unheard-of", "Crew", crew["id"]])
    assert [group["id"] for group in session["groups"]] == [legal["id"]]
    checked(server.put(f"/v1/groups/{crew['id']}/members/{session['user']['id']}"))
    _, session = sign_in("dora", groups=[])
    assert [group["id"] for group in session["groups"]] == [crew["id"]]


def test_a_key_that_the_provider_changed_is_known_at_the_next_sign_in(company, sign_in):
    _, provider = company
    sign_in("emil")
    provider.post("/rotate")
    sign_in("emil")


def test_who_is_suspended_stays_out(company, browser_of, sign_in):
    server, provider = company
    browser, session = sign_in("finn")
    user = session["user"]["id"]
    checked(server.patch(f"/v1/users/{user}", json={"suspended": True}))
    assert browser.get("/v1/session").status_code == 401
    fresh = browser_of(server)
    response = come_back(fresh, provider, "finn")
    assert (response.status_code, response.json()["detail"]) == (403, "this account is suspended")
    assert "attune_session" not in fresh.cookies
    assert refusals(server)[0] == ("suspended", f"user:{user}")


def test_a_sign_in_is_good_once(company, browser_of):
    server, provider = company
    provider.put("/people/gil", json={"preferred_username": "gil"})
    browser = browser_of(server)
    sent = browser.get("/v1/oidc/login")
    kept = browser.cookies["attune_oidc"]
    back = provider.get(sent.headers["location"] + "&login_as=gil").headers["location"]
    assert browser.get(back).status_code == 302
    again = browser_of(server).get(back, headers={"Cookie": f"attune_oidc={kept}"})
    assert again.status_code == 403
    assert refusals(server)[0] == ("state", "user:")


def test_a_sign_in_is_good_only_in_the_browser_that_began_it(company, browser_of):
    server, provider = company
    provider.put("/people/hal", json={"preferred_username": "hal"})
    sent = browser_of(server).get("/v1/oidc/login")
    back = provider.get(sent.headers["location"] + "&login_as=hal").headers["location"]
    other = browser_of(server)
    other.get("/v1/oidc/login")
    assert other.get(back).status_code == 403
    assert browser_of(server).get(back).status_code == 403


def test_the_provider_is_asked_with_a_challenge_a_state_and_a_nonce(company, browser_of):
    server, _ = company
    asked = [parse_qs(urlsplit(browser_of(server).get("/v1/oidc/login").headers["location"]).query) for _ in range(2)]
    assert asked[0]["code_challenge_method"] == ["S256"]
    assert asked[0]["redirect_uri"] == [f"{str(server.base_url).rstrip('/')}/v1/oidc/callback"]
    for name in ("state", "nonce", "code_challenge"):
        assert asked[0][name] != asked[1][name]


def test_a_code_without_its_verifier_is_worth_nothing_to_the_provider(company, browser_of):
    server, provider = company
    provider.put("/people/ida", json={})
    sent = browser_of(server).get("/v1/oidc/login")
    back = provider.get(sent.headers["location"] + "&login_as=ida").headers["location"]
    stolen = {
        "grant_type": "authorization_code",
        "code": parse_qs(urlsplit(back).query)["code"][0],
        "redirect_uri": back.partition("?")[0],
    }
    assert provider.post("/token", data=stolen, auth=(CLIENT_ID, CLIENT_SECRET)).status_code == 400


def test_who_says_no_at_the_provider_is_not_signed_in_and_reads_it_on_a_page(company, browser_of):
    server, _ = company
    browser = browser_of(server)
    state = parse_qs(urlsplit(browser.get("/v1/oidc/login").headers["location"]).query)["state"][0]
    given = {"error": "<script>alert(1)</script>", "state": state}
    response = browser.get("/v1/oidc/callback", params=given, headers={"Accept": "text/html,*/*"})
    assert (response.status_code, response.headers["content-type"]) == (403, "text/html; charset=utf-8")
    assert "The provider did not sign you in" in response.text
    assert "script>" not in response.text


def unsigned(**claims):
    parts = [json.dumps(part).encode() for part in ({"alg": "none"}, claims)]
    return ".".join([*(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts), ""])


@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [
        ({"access_token": "a", "id_token": unsigned(sub="ann")}, 403, "id_token"),
        ({"access_token": "a", "id_token": "a.b.c"}, 403, "id_token"),
        ({"access_token": "a", "id_token": 5}, 403, "id_token_form"),
        ({"access_token": "a"}, 403, "id_token_form"),
        ({"error": "invalid_grant", "error_description": "sensitive words"}, 502, "provider"),
        ({"access_token": "a", "expires_in": [5]}, 502, "provider"),
        ([], 502, "provider"),
        ({"access_token": "a" * 600_000}, 502, "provider"),
    ],
)
def test_a_provider_that_lies_signs_nobody_in_and_it_is_noted(company, browser_of, answer, status, reason):
    server, provider = company
    provider.put("/people/jo", json={"preferred_username": "jo"})
    provider.put("/next", json=answer)
    browser = browser_of(server)
    response = come_back(browser, provider, "jo")
    assert response.status_code == status, response.text
    assert "sensitive" not in response.text
    assert "attune_session" not in browser.cookies
    assert refusals(server)[0] == (reason, "user:")
