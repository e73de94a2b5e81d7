"""Pictures of every view of the page, light, dark and at the width of a phone, for ``docs/screenshots``.

Run from the repository root, after ``make page``: ``python -m bench.screenshots [--into docs/screenshots]``. It makes a
company that has used the page for a while (``bench/page_house.py``), opens every view as its administrator and writes
``VIEW-light.png``, ``VIEW-dark.png`` and ``VIEW-phone.png``. What a browser complains of on the way, and what axe calls
serious or critical, is printed; the figure is how many views have any of it. The pictures are to be looked at.
"""

import argparse
import io
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from bench.lines import print_figure
from bench.page_house import SETTINGS, House
from bench.running import Server
from bench.xss import NO_NAMES, PASSWORD

ROOT = Path(__file__).resolve().parent.parent
AXE = ROOT / "app" / "web" / "node_modules" / "axe-core" / "axe.min.js"
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1360, "height": 860}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1360, "height": 860}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light"},
}
VIEWS = {
    "chat": "/",
    "documents": "/documents?collection=default",
    "documents-failures": "/documents?collection=default&tab=failures",
    "documents-findings": "/documents?collection=default&tab=findings",
    "documents-sources": "/documents?collection=default&tab=sources",
    "documents-access": "/documents?collection=default&tab=access",
    "documents-rules": "/documents?collection=default&tab=rules",
    "assistants": "/assistants",
    "review-questions": "/review?tab=questions",
    "review-gaps": "/review?tab=gaps",
    "review-labelling": "/review?tab=labelling",
    "review-corrections": "/review?tab=corrections",
    "runs": "/runs",
    "quality": "/quality",
    "quality-golden": "/quality?tab=golden",
    "quality-golden-set": "/quality/golden/handbook",
    "quality-golden-drafts": "/quality/golden/drafts?tab=review",
    "quality-use": "/quality?tab=use",
    "quality-server": "/quality?tab=server",
    "learning": "/learning",
    "learning-candidates": "/learning?tab=candidates",
    "learning-approvals": "/learning?tab=approvals",
    "learning-feedback": "/learning?tab=feedback",
    "people": "/people",
    "people-groups": "/people?tab=groups",
    "people-audit": "/people?tab=audit",
    "people-erasures": "/people?tab=erasures",
    "account": "/account",
}


def taken(page: Page, file: Path) -> None:
    """Keep what a page looks like now; few colours suffice, at a third of the size."""
    picture = Image.open(io.BytesIO(page.screenshot()))
    picture.convert("RGB").quantize(128).save(file, optimize=True)


def settle(page: Page) -> None:
    """Wait until a view has what it shows."""
    page.locator("h1, .chat-turn, .chat-composer").first.wait_for(timeout=60_000)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(400)


def faults(page: Page) -> list[str]:
    """Return what axe calls serious or critical."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    grave = [one for one in found["violations"] if one["impact"] in {"serious", "critical"}]
    return [f"{one['id']}: {node['html'][:160]}" for one in grave for node in one["nodes"][:3]]


def look(browser: Browser, house: House, views: dict[str, str], into: Path, name: str) -> list[str]:
    """Take every view in one look; returns what was wrong, each with its view."""
    context = browser.new_context(base_url=house.url, **LOOKS[name])
    context.request.post("/v1/session", data={"name": "ada", "password": PASSWORD})
    page, wrong, view = context.new_page(), [], ""
    page.on("pageerror", lambda error: wrong.append(f"{view} {name}: {error}"))
    page.on("console", lambda said: said.type == "error" and wrong.append(f"{view} {name}: {said.text[:300]}"))
    for view, path in views.items():
        page.goto(path)
        settle(page)
        taken(page, into / f"{view}-{name}.png")
        wrong += [f"{view} {name}: {fault}" for fault in faults(page)]
    view = "source"
    page.goto(views["conversation"])
    settle(page)
    page.locator(".chat-source-title").first.click()
    settle(page)
    taken(page, into / f"source-{name}.png")
    wrong += [f"source {name}: {fault}" for fault in faults(page)]
    context.close()
    return wrong


def main() -> None:
    """Take them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=ROOT / "docs" / "screenshots")
    parser.add_argument("--handbook", type=Path, default=Path("/srv/handbook"), help="where its copy seems to lie")
    given = parser.parse_args()
    into, handbook = given.into, given.handbook
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("this needs Debian's package chromium")
    into.mkdir(parents=True, exist_ok=True)
    # The pictures show where documents come from.
    shutil.copytree(ROOT / "examples" / "handbook", handbook, dirs_exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder) / "data", **SETTINGS) as server:
        house = House(server, handbook)
        made = {name.replace(", ", "-"): path for name, path in house.furnish().items()}
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", NO_NAMES])
            wrong = [one for name in LOOKS for one in look(browser, house, VIEWS | made, into, name)]
    for one in wrong:
        print(one, file=sys.stderr)
    views = len(VIEWS | made) + 1
    print_figure(
        "page_views_with_faults",
        len({one.split(" ")[0] for one in wrong}),
        unit="views",
        goal="0",
        baseline={"views": views},
    )
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
