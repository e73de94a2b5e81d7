"""How well findings are found, and what that costs.

Run from the repository root: ``python -m bench.findings [personal] [instructions] [cost] [hostile]``; all when none is
named. ``personal``: precision and recall by kind on labelled spans. ``instructions``: on the half of the attacks that
the signs were not chosen on, and false alarms on everything harmless. ``cost``: milliseconds a document of the
handbook, and what presidio's own engine takes for the same texts. ``hostile``: the slowest megabyte.
"""

import argparse
import json
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any

from bench.lines import data, print_figure
from ingestion.findings.instructions import find_instructions
from ingestion.findings.personal import find_personal
from ingestion.findings.policy import Policy
from ingestion.findings.secrets import find_secrets
from ingestion.parse import parse
from ingestion.quality import examine
from ingestion.types import ParsedDocument, SourceFile

PARTS = ("personal", "instructions", "cost", "hostile")
KINDS = {
    "EMAIL_ADDRESS": "email",
    "PHONE_NUMBER": "phone",
    "CREDIT_CARD": "credit_card",
    "IBAN_CODE": "iban",
    "IP_ADDRESS": "ip_address",
    "US_SSN": "us_ssn",
}
UNITS = (
    "a@", "a@a.a", "ab@cd.com ", "((", "1111 ", "1", "ssn 1 ", "1.", "a:", "+1 212 555 1234 ", "x",
    "GB29 NWBK 6016 1331 9268 19 ", "eyJ", "aws ", "://a:", "//_/:_authToken=", "BEGIN PRIVATE KEY ", "-us1",
    "ignore all ", "in your response ", "![", "system:\n",
)  # fmt: skip
MEGABYTE = 1_000_000


def personal() -> None:
    found, missed, wrong = Counter[str](), Counter[str](), Counter[str]()
    for row in _rows("pii.train.jsonl"):
        spots = find_personal(row["text"])
        spans = [(s["start"], s["end"], KINDS[s["type"]]) for s in row["spans"] if s["type"] in KINDS]
        for start, end, kind in spans:
            hit = any(spot.rule == kind and spot.start < end and start < spot.end for spot in spots)
            (found if hit else missed)[kind] += 1
        for spot in spots:
            wrong[spot.rule] += not any(k == spot.rule and spot.start < b and a < spot.end for a, b, k in spans)
    for kind in KINDS.values():
        labelled = found[kind] + missed[kind]
        alarms = found[kind] + wrong[kind]
        print_figure(f"recall of {kind}", found[kind] / labelled, unit="1", baseline={"spans": labelled})
        print_figure(f"precision of {kind}", found[kind] / max(alarms, 1), unit="1", baseline={"found": alarms})


def instructions() -> None:
    rows = [row for row in _rows("direct.train.jsonl") if int(row["_id"][1:]) % 2]
    _share("recall of direct attacks, other half", [row["text"] for row in rows if row["label"]])
    known = [
        row["text"] for row in rows if row["label"] and not row["category"].startswith("system_prompt_extraction_")
    ]
    _share("the same without those in Irish, Zulu, Gaelic, Albanian", known)
    hard = [row["text"] for row in rows if "NotInject" in row["source"]]
    _share("false alarms on hard harmless texts, other half", hard, goal="<= 0.02")
    harmless = [row["text"] for row in rows if not row["label"]]
    _share("false alarms on all harmless texts, other half", harmless, goal="<= 0.05")
    mails = [row for row in _rows("indirect.train.jsonl") if int(row["_id"].rsplit("-", 1)[1]) % 2]
    for kind in ("injected_canary", "injected_bipia"):
        _share(f"recall of e-mails with {kind}, other half", [m["document"] for m in mails if m["kind"] == kind])
    _share("false alarms on clean e-mails", [m["document"] for m in mails if m["kind"] == "clean"], goal="0")
    _share("false alarms on pages of the handbook", [d.text for d in _handbook()], goal="<= 0.01")
    _share("false alarms on passages of feedbackqa", list(_feedbackqa()), goal="<= 0.01")


def cost() -> None:
    documents = _handbook()
    policy, today = Policy(), date.today()
    examine(documents[0], policy=policy, today=today)
    for name, chosen in (
        ("examining a document", policy),
        ("examining and redacting a document", Policy(actions={"personal": "redact", "secret": "redact"})),
    ):
        started = time.process_time()
        for document in documents:
            examine(document, policy=chosen, today=today)
        spent = (time.process_time() - started) * 1000 / len(documents)
        print_figure(name, spent, unit="ms of processor", goal="<= 10", baseline=_presidio(documents[:40]))


def hostile() -> None:
    slowest: dict[str, float] = {}
    for unit in UNITS:
        text = unit * (MEGABYTE // len(unit))
        started = time.process_time()
        for find in (find_personal, find_secrets, find_instructions):
            find(text)
        slowest[unit] = time.process_time() - started
    worst = max(slowest, key=lambda unit: slowest[unit])
    print_figure(
        "slowest hostile megabyte", slowest[worst], unit="s of processor", goal="<= 15", baseline={"unit": worst}
    )
    text = "The canteen opens at noon. " * (5 * MEGABYTE // 27)
    started = time.process_time()
    for find in (find_personal, find_secrets, find_instructions):
        find(text)
    print_figure("a line of 5 MB", time.process_time() - started, unit="s of processor", goal="<= 15")


def _presidio(documents: list[ParsedDocument]) -> dict[str, object]:
    """What presidio's engine takes on a blank pipeline, with the recognizers that it brings for English."""
    import spacy
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import SpacyNlpEngine

    class Blank(SpacyNlpEngine):
        def __init__(self) -> None:
            super().__init__(models=[{"lang_code": "en", "model_name": "blank"}])
            self.nlp = {"en": spacy.blank("en")}

        def load(self) -> None:
            """Nothing to load."""

    registry = RecognizerRegistry()
    registry.load_predefined_recognizers(languages=["en"], nlp_engine=Blank())
    kept = {"CREDIT_CARD", "EMAIL_ADDRESS", "IBAN_CODE", "IP_ADDRESS", "PHONE_NUMBER", "US_SSN"}
    registry.recognizers = [
        r for r in registry.recognizers if set(r.supported_entities) & kept and r.name != "EmailRecognizer"
    ]
    engine = AnalyzerEngine(registry=registry, nlp_engine=Blank(), supported_languages=["en"])
    started = time.process_time()
    for document in documents:
        engine.analyze(document.text, "en", entities=sorted(kept - {"EMAIL_ADDRESS"}))
    spent = (time.process_time() - started) * 1000 / len(documents)
    return {"presidio's engine, five kinds of personal data alone, ms": round(spent, 1)}


def _share(figure: str, texts: list[str], *, goal: str | None = None) -> None:
    hits = sum(bool(find_instructions(text)) for text in texts)
    print_figure(figure, hits / len(texts), unit="1", goal=goal, baseline={"texts": len(texts), "flagged": hits})


def _rows(name: str) -> Iterator[dict[str, Any]]:
    with (data("guard") / name).open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _handbook() -> list[ParsedDocument]:
    files = sorted(data("tts-handbook").rglob("*.md"))
    return [parse(SourceFile(file, file.as_uri(), file.name)) for file in files]


def _feedbackqa() -> Iterator[str]:
    from eval.golden import read_beir

    for document in read_beir(data("feedbackqa"), "dev").documents:
        yield document.text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []])
    for part in parser.parse_args().parts or PARTS:
        {"personal": personal, "instructions": instructions, "cost": cost, "hostile": hostile}[part]()


if __name__ == "__main__":
    main()
