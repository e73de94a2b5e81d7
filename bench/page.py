"""The page in a real browser: what its first load weighs, when it can be used, when the first word is painted, and how
a conversation of 500 messages scrolls.

Run from the repository root, after ``make page``: ``python -m bench.page [--loads 7] [--answers 15] [--turns 250]``.
Chromium on the server's own machine, so that the network is none of it. Loads are cold: each in a context of its own,
signed in. The first word is the time from the moment the browser has the first ``token`` event of a language model's
answer to the frame that shows it. While the conversation is scrolled from its end to its beginning, older turns being
fetched on the way, a sentence is typed: every letter must arrive. The baseline of the loads is an empty document of
the same server; that of scrolling the same conversation without typing.
"""

import argparse
import shutil
import statistics
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from playwright.sync_api import APIResponse, Browser, BrowserContext, Page, sync_playwright

from bench.lines import print_figure
from bench.running import Server
from bench.xss import NO_NAMES, PASSWORD, Words

HANDBOOK = Path(__file__).resolve().parent.parent / "examples" / "handbook"
TYPED = "the quick brown fox jumps over the lazy dog"
_WAIT_MS = 60_000

PAINTED = """() => {
  const asked = window.fetch;
  window.fetch = async (...given) => {
    const response = await asked(...given);
    if (!response.headers.get("Content-Type")?.startsWith("text/event-stream")) return response;
    const [mine, theirs] = response.body.tee();
    void (async () => {
      const decoder = new TextDecoder();
      let text = "";
      for (const reader = mine.getReader();;) {
        const { done, value } = await reader.read();
        if (done) return;
        text += decoder.decode(value, { stream: true });
        if (text.includes("event: token")) { window.tokenAt ??= performance.now(); return; }
      }
    })();
    return new Response(theirs, { status: response.status, headers: response.headers });
  };
  const look = () => {
    const shown = [...document.querySelectorAll(".chat-answer")].at(-1)?.textContent?.trim();
    if (shown && window.tokenAt !== undefined) window.paintedAt ??= performance.now();
    else requestAnimationFrame(look);
  };
  addEventListener("DOMContentLoaded", () => requestAnimationFrame(look));
}"""
# A frame that takes longer than two at 60 a second is seen as a stutter.
FRAMES = """() => {
  window.gaps = [];
  let last = performance.now();
  const frame = (now) => { window.gaps.push(now - last); last = now; requestAnimationFrame(frame); };
  requestAnimationFrame(frame);
}"""


def _ok(response: APIResponse) -> Any:
    if not response.ok:
        sys.exit(f"{response.url}: {response.text()}")
    return response.json()


@contextmanager
def signed_in(browser: Browser, url: str) -> Iterator[BrowserContext]:
    """A browser that knows nothing but its session."""
    context = browser.new_context(base_url=url, viewport={"width": 1360, "height": 860})
    _ok(context.request.post("/v1/session", data={"name": "ada", "password": PASSWORD}))
    yield context
    context.close()


def load(browser: Browser, url: str) -> tuple[float, float, float]:
    """Load cold; gives bytes of script over the wire, milliseconds until one can type, and those of an empty page."""
    with signed_in(browser, url) as context:
        page = context.new_page()
        page.goto("/icon.svg")
        empty = page.evaluate("performance.now()")
        sizes: dict[str, float] = {}
        scripts: set[str] = set()
        client = context.new_cdp_session(page)
        client.send("Network.enable")
        client.on("Network.responseReceived", lambda e: e["type"] == "Script" and scripts.add(e["requestId"]))
        client.on("Network.loadingFinished", lambda e: sizes.update({e["requestId"]: e["encodedDataLength"]}))
        page.goto("/", wait_until="commit")
        page.get_by_label("Your question").press("a", timeout=_WAIT_MS)
        usable = page.evaluate("performance.now()")
        page.wait_for_load_state("networkidle")
        return sum(size for request, size in sizes.items() if request in scripts), usable, empty


def painted(page: Page, n: int) -> float:
    """Ask; gives milliseconds from the first token's arrival to the frame that shows it."""
    page.goto("/")
    words = page.get_by_label("Your question")
    words.fill(f"What of item number {n % 3:04d}?")
    words.press("Enter")
    # Not wait_for_function, which evaluates in the page: the policy forbids it.
    while page.evaluate("window.paintedAt === undefined"):
        page.wait_for_timeout(50)
    took: float = page.evaluate("window.paintedAt - window.tokenAt")
    page.locator(".chat-actions").first.wait_for(timeout=_WAIT_MS)
    return took


def conversation(context: BrowserContext, turns: int) -> str:
    """Make a conversation of so many turns; gives its id."""
    token = context.request.get("/v1/session").json()["csrf_token"]
    found = "new"
    for n in range(turns):
        body = {"question": f"Asked {n} times: what of item number {n % 3:04d}?", "conversation_id": found}
        answer = context.request.post("/v1/answers", data=body, headers={"X-CSRF-Token": token}, timeout=_WAIT_MS)
        found = _ok(answer)["conversation_id"]
    return found


def scrolled(page: Page, path: str, *, typed: str) -> dict[str, Any]:
    """Scroll from the end to the beginning, typing; gives what was typed and how long frames took."""
    page.goto(path)
    page.locator(".chat-turn").last.wait_for(timeout=_WAIT_MS)
    page.evaluate(FRAMES)
    words = page.get_by_label("Your question")
    words.focus()
    first = page.locator(".chat-turn").filter(has_text="Asked 0 times")  # the title says it too
    letters, steps = iter(typed), 0
    while steps < 400:
        steps += 1
        page.mouse.move(700, 400)
        page.mouse.wheel(0, -2500)
        if (letter := next(letters, None)) is not None:
            page.keyboard.press("Space" if letter == " " else letter)
        page.wait_for_timeout(30)
        if first.count() and steps > len(typed):
            break
    gaps: list[float] = page.evaluate("window.gaps.slice(5)")
    return {
        "typed": words.input_value(),
        "at the beginning": bool(first.count()),
        "longest_frame_ms": round(max(gaps), 1),
        "p99_frame_ms": round(sorted(gaps)[int(len(gaps) * 0.99)], 1),
        "turns": page.locator(".chat-turn").count(),
    }


def measure(server: Server, browser: Browser, given: argparse.Namespace) -> None:
    """Print every figure."""
    url = str(server.client.base_url).rstrip("/")
    loads = [load(browser, url) for _ in range(given.loads)]
    size, usable, empty = (statistics.median(column) for column in zip(*loads, strict=True))
    print_figure("page_first_load_script", round(size / 1000, 1), unit="kB compressed", goal="<= 250")
    baseline = {
        "empty_page_ms": round(empty, 1),
        "slowest": round(max(one[1] for one in loads), 1),
        "loads": len(loads),
    }
    print_figure("page_usable", round(usable, 1), unit="ms", goal="<= 1500", baseline=baseline)
    with signed_in(browser, url) as context:
        context.add_init_script(f"({PAINTED})()")
        page = context.new_page()
        took = [painted(page, n) for n in range(given.answers)]
        baseline = {"slowest": round(max(took), 1), "answers": len(took)}
        print_figure(
            "page_first_word_painted", round(statistics.median(took), 1), unit="ms", goal="<= 100", baseline=baseline
        )
    with signed_in(browser, url) as context:
        path = f"/c/{conversation(context, given.turns)}"
        page = context.new_page()
        still, found = scrolled(page, path, typed=""), scrolled(page, path, typed=TYPED)
        lost = len(TYPED) - len(found["typed"])
        print_figure(
            "page_letters_lost", lost, unit="letters", goal="0", baseline={"while typing": found, "without": still}
        )


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--loads", type=int, default=7)
    parser.add_argument("--answers", type=int, default=15)
    parser.add_argument("--turns", type=int, default=250)
    given = parser.parse_args()
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("this needs Debian's package chromium")
    Words.said, Words.bytewise = ("the first", "the second", "the third"), False
    model = ThreadingHTTPServer(("127.0.0.1", 0), Words)
    threading.Thread(target=model.serve_forever, daemon=True).start()
    settings = {"ATTUNE_LLM_URL": f"http://127.0.0.1:{model.server_port}/v1", "ATTUNE_ABSTAIN_BELOW": "0"}
    settings |= {"ATTUNE_USER_REQUESTS_PER_MINUTE": "0", "ATTUNE_CREDENTIAL_REQUESTS_PER_MINUTE": "0"}
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder) / "data", **settings) as server:
        server.ingest(HANDBOOK)
        person = {"name": "ada", "password": PASSWORD, "administrator": True}
        server.client.post("/v1/users", json=person).raise_for_status()
        with sync_playwright() as driver:
            measure(server, driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", NO_NAMES]), given)
    model.shutdown()


if __name__ == "__main__":
    main()
