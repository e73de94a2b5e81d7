"""Hostile texts in every place where the server shows words, looked at with a real browser: does one of them act?

Run from the repository root: ``python -m bench.xss [--payloads 300]``. Each text is the name of a file, the text,
table and metadata of documents, the name of a user, a group, a key and a conversation, a question of a golden set with
its report, a question, feedback, and the answer of a language model, which comes character by character, sent byte by
byte. Chromium asks each question in the page, opens a source and every view of the page, and opens as documents of
their own the addresses that tell the words back. It does so twice: as the server has it, and with the
Content-Security-Policy switched off, so that escaping is measured and not the net below it. A text has acted when it
called a function, opened a dialog, asked for an address, or became an element that the page never makes. The baseline
is the same texts in a page that pastes them as HTML.
"""

import argparse
import json
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
from playwright.sync_api import Browser, BrowserContext, Error, Page, Request, Route, sync_playwright

from app.assistants import MAX_ASSISTANTS
from bench.lines import print_figure
from bench.running import Server
from bench.xss_payloads import payloads

NO_NAMES = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"  # or Chromium calls its maker
PASSWORD = "a long enough password"  # noqa: S105 - of a server that lives for this measurement
LISTS = (
    "/v1/users",
    "/v1/groups",
    "/v1/keys",
    "/v1/directory?q=",
    "/v1/documents?limit=1000",
    "/v1/conversations",
    "/v1/feedback?limit=1000",
    "/v1/audit",
    "/v1/collections",
    "/v1/collections/default/findings",
    "/v1/collections/default/quality",
    "/v1/collections/default/quality.html",
    "/v1/ingestions",
    "/metrics",
)
VIEWS = (
    "/documents",
    *(f"/documents?tab={tab}" for tab in ("failures", "findings", "sources", "access", "rules")),
    "/assistants",
    *(f"/review?tab={tab}" for tab in ("questions", "gaps", "labelling", "corrections")),
    "/runs",
    *(f"/quality?tab={tab}" for tab in ("evaluations", "golden", "use", "server")),
    "/quality/golden/texts",
    *(f"/learning?tab={tab}" for tab in ("overview", "candidates", "runs", "approvals", "feedback")),
    *(f"/people?tab={tab}" for tab in ("users", "groups", "audit", "erasures")),
    "/account",
)
_WAIT_MS = 60_000


class Words(BaseHTTPRequestHandler):
    """A language model that says the text whose number the question names, a character an event, a byte at a time."""

    protocol_version = "HTTP/1.1"
    said: tuple[str, ...] = ()
    bytewise = True

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
        number = int(asked.rpartition("item number ")[2][:4])
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for character in f"It says {self.said[number]} [1][2]. And {self.said[number]}":
            self._event({"choices": [{"index": 0, "delta": {"content": character}, "finish_reason": None}]})
        self._event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        self.wfile.write(b"data: [DONE]\n\n")

    def _event(self, chunk: dict[str, Any]) -> None:
        head = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "words"}
        sent = f"data: {json.dumps(head | chunk, ensure_ascii=False)}\n\n".encode(errors="replace")
        for n in range(len(sent)) if self.bytewise else ():
            self.wfile.write(sent[n : n + 1])
        if not self.bytewise:
            self.wfile.write(sent)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Watch:
    """What happened in a browser that must not."""

    def __init__(self, context: BrowserContext, origin: str) -> None:
        self.acted: list[str] = []
        self.violations: list[str] = []
        self._origin = origin
        context.expose_function("xss", lambda number=None: self.acted.append(f"called: {number}"))
        context.expose_function("violated", self._violated)
        context.add_init_script(
            "addEventListener('securitypolicyviolation', (e) => violated(`${e.violatedDirective} ${e.blockedURI}`))"
        )
        self._open: set[Request] = set()
        self._changed_at = time.monotonic()
        context.on("request", self._began)
        context.on("requestfinished", self._ended)
        context.on("requestfailed", self._ended)
        context.on("dialog", self._opened)

    def settle(self, page: Page) -> None:
        """Wait until nothing was under way for 150 ms: Playwright's own wait takes 500, and ends but once a page."""
        deadline = time.monotonic() + _WAIT_MS / 1000
        while self._open or time.monotonic() < self._changed_at + 0.15:
            if time.monotonic() > deadline:
                sys.exit(f"{page.url} goes on asking: {[request.url for request in self._open]}")
            page.wait_for_timeout(30)

    def _began(self, request: Request) -> None:
        self._open.add(request)
        self._changed_at = time.monotonic()
        self._asked_for(request.url)

    def _ended(self, request: Request) -> None:
        self._open.discard(request)
        self._changed_at = time.monotonic()

    def _asked_for(self, url: str) -> None:
        parts = urlsplit(url)
        foreign = f"{parts.scheme}://{parts.netloc}" != self._origin and parts.scheme not in {"data", "blob", "about"}
        if foreign or parts.path.startswith("/xss"):
            self.acted.append(f"asked for: {url}")

    def _violated(self, what: str) -> None:
        self.violations.append(what)

    def _opened(self, dialog: Any) -> None:
        self.acted.append(f"dialog: {dialog.message}")
        dialog.dismiss()


class House:
    """A server whose every name and text is hostile."""

    def __init__(self, server: Server, texts: list[str]) -> None:
        self.origin = str(server.client.base_url).rstrip("/")
        self.texts = texts
        self._local = server.client
        made = self._made("/v1/users", {"name": "chief", "password": PASSWORD, "administrator": True})
        self.user_id = made["id"]
        self.chief = httpx.Client(base_url=self.origin, timeout=300, trust_env=False)
        session = self.chief.post("/v1/session", json={"name": "chief", "password": PASSWORD}).raise_for_status()
        self.chief.headers["X-CSRF-Token"] = session.json()["csrf_token"]
        self.refused: list[int] = []
        self._documents: list[dict[str, Any]] = []
        self._people: dict[str, list[str]] = {}

    def _made(self, path: str, body: dict[str, Any]) -> Any:
        return self._local.post(path, json=body).raise_for_status().json()

    def cookie(self) -> str:
        """Return the session's cookie, for the browser."""
        return self.chief.cookies["attune_session"]

    def furnish(self) -> int:
        """Put every text in every place that takes it; returns how many documents there are."""
        runs = []
        for n, text in enumerate(self.texts):
            files = [("files", file) for file in _documents(n, text)]
            form = {"wait": "false", "metadata": json.dumps({"words": text[:200]})}
            sent = self.chief.post("/v1/documents", files=files, data=form)
            if sent.status_code == 422:  # no such metadata, then
                self.refused.append(422)
                sent = self.chief.post("/v1/documents", files=files, data={"wait": "false"})
            runs.append(sent.raise_for_status().json()["id"])
        while any(self._local.get(f"/v1/ingestions/{run}").json()["state"] in {"queued", "running"} for run in runs):
            time.sleep(1)
        for n, text in enumerate(self.texts):
            for path, body in (
                ("/v1/groups", {"name": f"{n:04d} {text}"}),
                ("/v1/keys", {"name": text[:100], "scopes": ["ask"]}),
                ("/v1/conversations", {"title": text[:200]}),
                ("/v1/collections", {"name": text[:64]}),
                ("/v1/users", {"name": f"user {n} {text}"[:100], "display_name": text[:200]}),
            ):
                status = self.chief.post(path, json=body).status_code
                if status >= 400:
                    self.refused.append(status)
        self._assist()
        self._evaluate()
        self._documents = self.chief.get("/v1/documents", params={"limit": 1000}).json()["documents"]
        users = self.chief.get("/v1/users", params={"limit": 1000}).json()["users"]
        named = [user for user in users if user["name"].startswith("user ")]
        self._people = {f"{int(user['name'].split()[1]):04d}": [user["id"]] for user in named}
        return len(self._documents)

    def _assist(self) -> None:
        for n, text in enumerate(self.texts[:MAX_ASSISTANTS]):
            said = {"description": text[:500], "instructions": text[:2000], "questions": [text[:300]]}
            body = {"name": f"{n:04d} {text}".replace("/", " ")[:64]} | said
            status = self.chief.post("/v1/assistants", json=body).status_code
            if status >= 400:
                self.refused.append(status)

    def _evaluate(self) -> None:
        questions = [
            {"_id": f"{n:04d} {text}"[:255], "text": f"{text}: item number {n:04d}?", "documents": [f"m{n:04d}.md"]}
            for n, text in enumerate(self.texts)
        ]
        self._made("/v1/golden-sets/texts", {"questions": questions, "note": self.texts[0]})
        self._local.post("/v1/evaluations", json={"set": "texts", "kind": "retrieval"}).raise_for_status()
        self.evaluation = self._local.get("/v1/evaluations").json()["runs"][0]["id"]

    def say(self, text: str) -> None:
        """Give feedback on the newest answer."""
        newest = self.chief.get("/v1/conversations", params={"limit": 1}).json()["conversations"][0]["id"]
        turns = self.chief.get(f"/v1/conversations/{newest}").raise_for_status().json()["turns"]
        said = {"verdict": "down", "answer": text, "evidence": text}
        self.chief.post(f"/v1/answers/{turns[-1]['interaction_id']}/feedback", json=said).raise_for_status()

    def views(self, n: int) -> list[str]:
        """Return views of the page that show the documents, the user and the group of a text."""
        mark = f"{n:04d}"
        ids = [one["id"] for one in self._documents if mark in one["uri"].rpartition("/")[2]]
        people = [f"/people/{one}" for one in self._people.get(mark, ())]
        return [*(f"/documents/{one}" for one in ids[:1]), *people]

    def name_me(self, text: str) -> None:
        """Give the user in the browser another name."""
        self.chief.patch(f"/v1/users/{self.user_id}", json={"display_name": text[:200]}).raise_for_status()


def _documents(number: int, text: str) -> Iterator[tuple[str, bytes, str]]:
    about = f"About item number {number:04d}"
    yield (
        f"{number:04d} {text}.txt",
        f"{about}\n\nItem number {number:04d} says {text} every day.".encode(),
        "text/plain",
    )
    yield f"t{number:04d} {text}.csv", f'item,words\n{number:04d},"{text.replace(chr(34), chr(34) * 2)}"\n'.encode(), ""
    yield f"m{number:04d}.md", f"# {about} {text}\n\n## {text}\n\n`{text}` is item number {number:04d}.".encode(), ""


def suspect(page: Page) -> list[str]:
    """Return what of a page a text has become."""
    found: list[str] = page.evaluate((Path(__file__).parent / "xss_suspect.js").read_text())
    return found


def ask(page: Page, watch: Watch, origin: str, question: str) -> list[str]:
    """Ask in the page and open a source; returns what is suspect."""
    page.goto(origin)
    words = page.get_by_label("Your question")
    words.wait_for(timeout=_WAIT_MS)
    words.fill(question)
    words.press("Enter")
    page.locator(".chat-source-title").first.wait_for(timeout=_WAIT_MS)
    found = suspect(page)
    page.locator(".chat-source-title").first.click()
    page.locator(".chat-source").wait_for(timeout=_WAIT_MS)
    watch.settle(page)
    return found + suspect(page)


def show(page: Page, watch: Watch, url: str) -> list[str]:
    """Open a view of the page and wait until it has what it shows; returns what is suspect."""
    page.goto(url)
    page.locator("h1").first.wait_for(timeout=_WAIT_MS)
    watch.settle(page)
    return suspect(page)


def visit(page: Page, url: str) -> None:
    """Open an address as a document of its own, or save what it gives."""
    try:
        page.goto(url, wait_until="load", timeout=_WAIT_MS)
    except Error as error:  # the driver has one class for everything
        if "Download is starting" not in str(error):
            raise


def look(browser: Browser, house: House, *, policy: bool, every: int = 1) -> Watch:
    """Look at everything, at each ``every``-th text alone too; returns what acted."""
    Words.bytewise = not policy  # which takes its time
    context = browser.new_context(bypass_csp=not policy)
    context.add_cookies([{"name": "attune_session", "value": house.cookie(), "url": house.origin}])
    watch = Watch(context, house.origin)
    page = context.new_page()
    for n, text in list(enumerate(house.texts))[::every]:
        house.name_me(text)
        found = ask(page, watch, house.origin, f"What of {text}? What does it say about item number {n:04d}?")
        for path in house.views(n):
            found += show(page, watch, house.origin + path)
        watch.acted += [f"element of {n}: {kind}" for kind in found]
        house.say(text)
        visit(page, f"{house.origin}/v1/documents/{quote(text, safe='')}")
        visit(page, f"{house.origin}/{quote(text)}?q={quote(text)}")
    for path in VIEWS:
        watch.acted += [f"element of {path}: {kind}" for kind in show(page, watch, house.origin + path)]
    for path in (*LISTS, f"/v1/evaluations/{house.evaluation}/report", "/v1/golden-sets/texts"):
        visit(page, house.origin + path)
    for conversation in house.chief.get("/v1/conversations").json()["conversations"]:
        visit(page, f"{house.origin}/v1/conversations/{conversation['id']}")
        visit(page, f"{house.origin}/v1/conversations/{conversation['id']}/export?format=markdown")
    page.wait_for_timeout(500)
    context.close()
    return watch


def naive(browser: Browser, texts: list[str]) -> int:
    """Count the texts that act in a page that pastes them as they are."""
    page_url, acted = "http://pasted.example/", 0
    for text in texts:
        context = browser.new_context()
        watch = Watch(context, page_url.rstrip("/"))
        markup = f"<!doctype html><title>{text}</title><p>{text}</p>"
        context.route("**/*", partial(_pasted, page_url, markup))
        page = context.new_page()
        visit(page, page_url)
        with suppress(Error):  # it may have gone elsewhere by itself
            page.evaluate("document.querySelectorAll('a, button').forEach((link) => link.click())")
        page.wait_for_timeout(30)
        acted += bool(watch.acted)
        context.close()
    return acted


def _pasted(page_url: str, markup: str, route: Route) -> None:
    is_page = route.request.url == page_url
    route.fulfill(body=markup if is_page else "", content_type="text/html" if is_page else "text/plain")


@contextmanager
def furnished(folder: Path, texts: list[str]) -> Iterator[House]:
    """Run a server with every text in it."""
    Words.said = tuple(texts)
    model = ThreadingHTTPServer(("127.0.0.1", 0), Words)
    threading.Thread(target=model.serve_forever, daemon=True).start()
    settings = {
        "ATTUNE_LLM_URL": f"http://127.0.0.1:{model.server_port}/v1",
        "ATTUNE_LLM_TIMEOUT_S": "120",
        "ATTUNE_ABSTAIN_BELOW": "0",
        "ATTUNE_USER_REQUESTS_PER_MINUTE": "0",
        "ATTUNE_CREDENTIAL_REQUESTS_PER_MINUTE": "0",
    }
    with Server(folder / "data", **settings) as server:
        yield House(server, texts)
    model.shutdown()


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--payloads", type=int, default=300)
    parser.add_argument("--policy-every", type=int, default=1, help="with the policy ask by each such text only")
    options = parser.parse_args()
    texts = payloads(options.payloads)
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("this needs Debian's package chromium")
    with tempfile.TemporaryDirectory() as folder, furnished(Path(folder), texts) as house, sync_playwright() as driver:
        documents = house.furnish()
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", NO_NAMES])
        with_policy = look(browser, house, policy=True, every=options.policy_every)
        without = look(browser, house, policy=False)
        baseline = {"payloads": len(texts), "documents": documents, "acted_when_pasted": naive(browser, texts)}
        browser.close()
    baseline |= {"names_refused": len(house.refused), "policy_violations": len(with_policy.violations)}
    for what in (*with_policy.acted, *with_policy.violations, *without.acted):
        print(what, file=sys.stderr)
    acted = len(with_policy.acted) + len(without.acted)
    print_figure("xss_executed", acted, unit="texts", goal="0", baseline=baseline)
    sys.exit(acted + len(with_policy.violations) > 0)


if __name__ == "__main__":
    main()
