"""The page as its users meet it: a real server with the built page, in a real browser."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from app.owner import checked, events, serving
from app.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
HANDBOOK = ROOT / "examples" / "handbook"
WEB = ROOT / "app" / "web"
PASSWORD = "a long enough password"
# Or Chromium calls its maker.
ARGUMENTS = ("--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1360, "height": 860}
# A machine that runs other tests besides takes its time.
expect.set_options(timeout=20_000)
# Nothing fades in: what is half there has half the contrast.
STILL = {"viewport": DESK, "reduced_motion": "reduce"}
# A browser says this of every answer of 4xx, which are part of some tests.
_NO_FAULT = ("Failed to load resource",)


@dataclass(frozen=True)
class Site:
    """A running server.

    Attributes:
        client: Of a command on the server's own machine, who may do everything.
        url: Where the page is.
        ids: User ids by name.
    """

    client: httpx.Client
    url: str
    ids: dict[str, str] = field(default_factory=dict)

    def person(self, name: str, *, administrator: bool = False) -> str:
        """Make a user who signs in with ``PASSWORD``; gives the id."""
        body = {"name": name, "password": PASSWORD, "administrator": administrator}
        self.ids[name] = checked(self.client.post("/v1/users", json=body))["id"]
        return self.ids[name]

    def signed_in(self, name: str) -> httpx.Client:
        """Return a client of a user's own session, for what a test needs to be there before the page is looked at."""
        client = httpx.Client(base_url=self.url, timeout=120, trust_env=False)
        session = checked(client.post("/v1/session", json={"name": name, "password": PASSWORD}))
        client.headers["X-CSRF-Token"] = session["csrf_token"]
        return client


def furnished(client: httpx.Client) -> Site:
    """Make ada (administrator), cora (curator of default) and rex (reader)."""
    site = Site(client, str(client.base_url).rstrip("/"))
    site.person("ada", administrator=True)
    cora = site.person("cora")
    site.person("rex")
    version = checked(client.get("/v1/collections/default/access"))["version"]
    body = {"readers": "everyone", "curators": [f"u:{cora}"], "version": version}
    checked(client.put("/v1/collections/default/access", json=body))
    return site


@pytest.fixture(scope="session")
def handbook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory into which the handbook was taken, to be copied: that takes ten seconds."""
    folder = tmp_path_factory.mktemp("handbook") / "data"
    with serving(Settings(data_dir=folder, disk_reserve_bytes=0), ingests=True) as client:
        run = checked(client.post("/v1/ingestions", json={"paths": [str(HANDBOOK)]}))
        with client.stream("GET", f"/v1/ingestions/{run['id']}/events") as response:
            assert list(events(response))[-1][1]["state"] == "done"
    return folder


@pytest.fixture(scope="module")
def site(handbook: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server with the page, the example handbook and three people; one for each file of tests."""
    settings = Settings(
        data_dir=shutil.copytree(handbook, tmp_path_factory.mktemp("site") / "data"),
        disk_reserve_bytes=0,
        user_requests_per_minute=0,
        credential_requests_per_minute=0,
    )
    with serving(settings) as client:
        yield furnished(client)


@pytest.fixture(scope="module")  # its driver's event loop is in the way of what runs one of its own
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, one for each file of tests."""
    if not (WEB / "dist" / "index.html").exists():
        pytest.fail("the page was not built: run `make page`", pytrace=False)
    path = shutil.which("chromium")
    if path is None:
        pytest.fail("Chromium is not installed: run `make system`", pytrace=False)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


@dataclass
class _Watch:
    """What went wrong in a browser."""

    wrong: list[str] = field(default_factory=list)

    def over(self, context: BrowserContext) -> None:
        context.expose_function("cspViolated", lambda what: self.wrong.append(f"policy: {what}"))
        context.add_init_script(
            "addEventListener('securitypolicyviolation', (e) => cspViolated(`${e.violatedDirective} ${e.blockedURI}`))"
        )
        context.on("page", self._page)

    def _page(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        page.on("console", lambda said: self._said(said.type, said.text))

    def _said(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"} and not text.startswith(_NO_FAULT):
            self.wrong.append(f"console: {text}")


@pytest.fixture
def page_of(site: Site, chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Open the page signed in as somebody; what the browser complained of meanwhile fails the test at its end."""
    watch, contexts = _Watch(), []

    def opened(name: str | None, path: str = "/", **options: Any) -> Page:
        """Open a page.

        Args:
            name: Who is signed in; None for nobody.
            path: Where.
            options: Of Playwright's context, such as ``viewport=PHONE`` or ``color_scheme="dark"``.
        """
        context = chromium.new_context(base_url=site.url, **(STILL | options))
        context.set_default_timeout(20_000)
        contexts.append(context)
        watch.over(context)
        if name is not None:
            signed_in = context.request.post("/v1/session", data={"name": name, "password": PASSWORD})
            assert signed_in.ok, signed_in.text()
        page = context.new_page()
        page.goto(path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert watch.wrong == []


@pytest.fixture(scope="session")
def axe() -> Callable[[Page], list[dict[str, Any]]]:
    """Say which serious and critical faults of accessibility a page has, by axe-core."""
    source = (WEB / "node_modules" / "axe-core" / "axe.min.js").read_text()

    def faults(page: Page) -> list[dict[str, Any]]:
        page.evaluate(source)  # by the debugger, which no policy holds back
        found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
        return [
            {"id": fault["id"], "where": [json.dumps(node["target"]) + node["html"][:160] for node in fault["nodes"]]}
            for fault in found["violations"]
            if fault["impact"] in {"serious", "critical"}
        ]

    return faults
