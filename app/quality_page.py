"""The quality report of a collection as a page: no script, one stylesheet of our own."""

from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

from ingestion.findings.policy import KINDS, Policy
from retrieval.quality_report import QualityReport

if TYPE_CHECKING:
    from jinja2 import Template

KIND_WORDS = {
    "duplicate": "near-duplicates",
    "personal": "personal data",
    "secret": "keys and passwords",
    "instruction": "instructions to a model",
    "hidden_text": "hidden text",
    "language": "another language",
    "empty": "almost empty",
    "stale": "out of date",
    "needs_ocr": "pages that need OCR",
}


def quality_page(collection: str, report: QualityReport, *, policy: Policy, at: datetime) -> str:
    """Render a report.

    Returns:
        An HTML document that is readable without its stylesheet, too.
    """
    actions = {kind: policy.action(kind) for kind in KINDS}
    return _template().render(collection=collection, report=report, actions=actions, at=at, kinds=KIND_WORDS)


@cache
def _template() -> "Template":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("app", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("quality.html.j2")
