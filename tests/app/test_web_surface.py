"""What browsers are told with every response, and what no response does."""

import re
import socket
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import anyio
import httpx
import pytest
from fastapi import FastAPI

import app.routes.page
from app import errors
from app.admission import Admission
from app.limit_settings import LimitSettings
from app.rim import Rim

WEB = Path(app.routes.page.__file__).parents[1] / "web" / "dist"
SCRIPT = next((f"/assets/{path.name}" for path in WEB.glob("assets/index-*.js")), "/assets/the-page-was-not-built.js")
HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
RESPONSES = {
    "the page": ("GET", "/", 200),
    "its script": ("GET", SCRIPT, 200),
    "an asset that is not there": ("GET", "/assets/passwd", 404),
    "the description": ("GET", "/openapi.json", 200),
    "a page that is not there": ("GET", "/nothing/here", 404),
    "a slash too many": ("GET", "/v1/documents/", 404),
    "a document that is not there": ("GET", "/v1/documents/none", 404),
    "a list": ("GET", "/v1/documents", 200),
    "a page of the API": ("GET", "/v1/collections/default/quality.html", 200),
    "bad input": ("POST", "/v1/answers", 422),
    "a method that is not there": ("DELETE", "/v1/answers", 405),
    "HEAD": ("HEAD", "/v1/documents", 405),
    "OPTIONS": ("OPTIONS", "/v1/documents", 405),
    "TRACE": ("TRACE", "/v1/documents", 405),
    "CONNECT": ("CONNECT", "/v1/documents", 400),
    "a method of other servers": ("PURGE", "/v1/documents", 405),
    "a method of nobody": ("BREW", "/v1/documents", 400),
    "MCP by the wrong method": ("GET", "/mcp", 405),
    "health": ("GET", "/v1/health/live", 200),
    "metrics": ("GET", "/metrics", 200),
}


@pytest.fixture(scope="module")
def api(server, token):
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=server.base_url, headers=headers, timeout=60, trust_env=False) as client:
        yield client


def assert_guarded(headers):
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "*" not in policy
    assert ("sandbox" in policy) != headers.get("content-type", "").startswith("text/html")
    assert {name: headers.get(name) for name in HEADERS} == HEADERS
    assert "camera=()" in headers["permissions-policy"]
    assert "cache-control" in headers
    assert "server" not in headers
    assert not [name for name in headers if name.startswith("access-control-")]


@pytest.mark.parametrize("what", RESPONSES)
def test_every_response_is_guarded(api, what):
    method, path, status = RESPONSES[what]
    response = api.request(method, path)
    assert response.status_code == status
    assert_guarded(response.headers)


def test_what_is_refused_before_it_reaches_a_route_is_guarded(api, server):
    too_large = api.post("/v1/answers", content=b"x" * (9 * 2**20), headers={"Content-Type": "application/json"})
    too_large_for_openai = api.post("/v1/embeddings", content=b"x" * (9 * 2**20))
    unknown = httpx.get(server.base_url.join("/v1/documents"), trust_env=False)
    of_mcp = httpx.post(server.base_url.join("/mcp"), json={}, trust_env=False)
    answers = (too_large, too_large_for_openai, unknown, of_mcp)
    assert [answer.status_code for answer in answers] == [413, 413, 401, 401]
    for answer in answers:
        assert_guarded(answer.headers)
    assert set(too_large_for_openai.json()) == {"error"}


def test_streams_and_what_mcp_says_are_guarded(api):
    with api.stream(
        "POST", "/v1/answers", json={"question": "annual leave"}, headers={"Accept": "text/event-stream"}
    ) as response:
        assert response.status_code == 200
        assert_guarded(response.headers)
    accepts = {"Accept": "application/json, text/event-stream"}
    response = api.post("/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, headers=accepts)
    assert response.status_code == 200
    assert_guarded(response.headers)


def test_what_is_no_http_is_refused_and_guarded(api):
    address = (api.base_url.host, api.base_url.port)
    for sent in (b"\x16\x03\x01\x02\x00", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"):
        with socket.create_connection(address, timeout=10) as connection:
            connection.sendall(sent + b"\r\n\r\n")
            said = b"".join(iter(lambda: connection.recv(65536), b""))
        head = said.partition(b"\r\n\r\n")[0].decode().split("\r\n")
        assert head[0] == "HTTP/1.1 400 Bad Request"
        assert_guarded(httpx.Headers([line.split(": ", 1) for line in head[1:]]))


def rimmed(app):
    telemetry = SimpleNamespace(request=lambda *_: None)
    return Rim(app, SimpleNamespace(observing=SimpleNamespace(telemetry=telemetry)))


def asked(app, *paths):
    """Ask all at once, without a server around the application."""

    async def all_of_them():
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        answers = []
        async with httpx.AsyncClient(transport=transport, base_url="http://attune") as client:

            async def one(path):
                answers.append(await client.get(path))

            async with anyio.create_task_group() as group:
                for path in paths:
                    group.start_soon(one, path)
        return answers

    return anyio.run(all_of_them)


def test_an_error_that_nobody_knows_is_guarded():
    broken = FastAPI()
    errors.install(broken)

    @broken.get("/broken")
    def raising():
        raise ZeroDivisionError

    broken.add_middleware(rimmed)
    (answer,) = asked(broken, "/broken")
    assert answer.status_code == 500
    assert "ZeroDivision" not in answer.text
    assert_guarded(answer.headers)


def test_a_refusal_of_a_full_server_is_guarded():
    async def slow(_scope, _receive, send):
        await anyio.sleep(0.3)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    full = rimmed(Admission(slow, LimitSettings(requests_at_once=4, requests_waiting=0)))
    answers = asked(full, *["/v1/documents"] * 6)
    assert sorted(answer.status_code for answer in answers) == [200] * 4 + [503] * 2
    for answer in answers:
        assert_guarded(answer.headers)


def test_browsers_stay_on_https_where_they_came_by_it(api):
    assert "strict-transport-security" not in api.get("/").headers
    behind_a_proxy = api.get("/", headers={"X-Forwarded-Proto": "https"})
    assert behind_a_proxy.headers["strict-transport-security"] == "max-age=31536000"


def test_nothing_private_is_kept_on_the_way(api):
    for path in ("/v1/documents", "/v1/session", "/v1/collections/default/quality.html", "/v1/documents/none"):
        assert "no-store" in api.get(path).headers["cache-control"]
    # The document names its scripts by what is in them: it is looked at again, they are not.
    assert api.get("/").headers["cache-control"] == "no-cache"
    assert "immutable" in api.get(SCRIPT).headers["cache-control"]


def test_pages_of_other_sites_are_let_in_nowhere(api):
    preflight = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    for origin in ("https://evil.example", "null", str(api.base_url)):
        for method, path in (("GET", "/v1/documents"), ("OPTIONS", "/v1/answers"), ("OPTIONS", "/mcp")):
            response = api.request(method, path, headers={"Origin": origin} | preflight)
            assert not [name for name in response.headers if name.startswith("access-control-")]


def test_a_host_that_the_client_made_up_is_told_nowhere(api):
    for path in ("/", "/v1/documents/", "/v1/documents", "/assets/", "/v1/uploads/", "/mcp/", "//evil.example/v1"):
        response = api.get(path, headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
        assert not response.is_redirect
        said = response.text + str(response.headers)
        assert "evil.example" not in said.replace("//evil.example/v1", "")


def test_a_trace_gives_nothing_of_the_request_back(api):
    assert "secret-mark" not in api.request("TRACE", "/", headers={"X-Own": "secret-mark"}).text


def test_an_original_is_saved_and_not_shown(api):
    page = b"<html><script>fetch('/xss')</script><p>Oaks are never watered.</p></html>"
    sent = api.post("/v1/documents", files={"files": ('a"b.html', page, "text/html")}, data={"access": "everyone"})
    assert sent.status_code == 200, sent.text
    found = next(d for d in api.get("/v1/documents?limit=1000").json()["documents"] if d["uri"].endswith("b.html"))
    response = api.get(f"/v1/documents/{found['id']}/original")
    assert response.content == page
    assert_guarded(response.headers)
    assert response.headers["content-type"] == "application/octet-stream"
    assert response.headers["content-disposition"].startswith("attachment;")
    assert "sandbox" in response.headers["content-security-policy"]
    api.delete(f"/v1/documents/{found['id']}")


class Read(HTMLParser):
    """What a page asks a browser to load, and what it would run or apply in place."""

    def __init__(self, text):
        super().__init__()
        self.loaded, self.in_place, self._within = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self._within = tag
        for name, value in attributes:
            if name in {"src", "href", "action", "formaction", "data"}:
                self.loaded.append(value)
            if name == "style" or name.startswith("on"):
                self.in_place.append((tag, name))

    def handle_data(self, text):
        if self._within in {"script", "style"} and text.strip():
            self.in_place.append((self._within, text))

    def handle_endtag(self, _tag):
        self._within = ""


def test_pages_run_and_apply_nothing_in_place_and_load_only_from_here(api):
    for path in ("/", "/v1/collections/default/quality.html"):
        page = Read(api.get(path).text)
        assert page.in_place == []
        assert page.loaded
        assert [where for where in page.loaded if not re.match(r"/(?!/)", where)] == []


def sources():
    """What we wrote of the page; its libraries are held by the policy, and that by tests in a browser."""
    web = WEB.parent
    of_code = (p for p in (web / "src").rglob("*.*") if ".test." not in p.name and p.name != "schema.d.ts")
    return sorted([web / "index.html", *(web / "public").iterdir(), *of_code])


@pytest.mark.parametrize("path", sources(), ids=lambda path: path.name)
def test_what_the_page_is_made_of_names_no_other_host_and_writes_no_html(path):
    text = path.read_text().replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert re.findall(r"https?://\w|(?<=[\"'(])//\w|@import|\bdata:\w+/", text) == []
    html = r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\(|new Function|srcdoc|rehype-raw|<style"
    assert re.findall(html, text) == []
