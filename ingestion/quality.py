"""Findings, not silent edits: what there is to know about a document, and what the policy of its collection does."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import groupby
from typing import Literal, NamedTuple

from ingestion.findings import instructions, people, personal, secrets
from ingestion.findings.duplicates import signature_of, text_sha256
from ingestion.findings.language import UNKNOWN, language_of
from ingestion.findings.policy import Policy
from ingestion.findings.redact import Redacted, Removal, redact, redact_line
from ingestion.findings.spots import Spot, touches
from ingestion.findings.staleness import SaidDates, said_dates
from ingestion.findings.words import MARKS, in_words
from ingestion.types import ParsedDocument
from retrieval.finding import Finding, Kind, Severity

Verdict = Literal["accept", "redact", "quarantine"]

_LITTLE_CHARS = 100
_NO_LETTERS = re.compile(r"[\W_]+")
_MAX_KEPT = 100  # findings of one rule in one document; the last one counts the rest
_MAX_PAGES_NAMED = 50


@dataclass(frozen=True, slots=True)
class Examined:
    """A document as its policy leaves it, and what was found in it.

    Attributes:
        document: To be chunked; with marks in the place of what was redacted.
        findings: Offsets are into the text of ``document``.
        verdict: ``quarantine`` keeps the document out until an administrator releases it.
        reason: In plain words, why it is quarantined; None otherwise.
        redacted: How often each rule replaced something.
        language: ISO 639 code, or ``unknown``.
        text_sha256: The same for texts that differ only in case and white space.
        signature: For finding near-duplicates; None for a text that is too short.
    """

    document: ParsedDocument
    findings: tuple[Finding, ...]
    verdict: Verdict = "accept"
    reason: str | None = None
    redacted: dict[str, int] = field(default_factory=dict)
    language: str = UNKNOWN
    dates: SaidDates = field(default_factory=SaidDates)
    text_sha256: str = ""
    signature: bytes | None = None


class _Hit(NamedTuple):
    kind: Kind
    spot: Spot
    hidden: bool = False
    in_title: bool = False


def examine(
    document: ParsedDocument, *, policy: Policy, today: date, accepted: frozenset[str] = frozenset()
) -> Examined:
    """Find what somebody should know about a document, and do what the policy says.

    Args:
        document: As it was parsed.
        policy: Of its collection.
        today: What staleness is counted from.
        accepted: Kinds of finding that an administrator accepted for this document: they are reported, no more.

    Returns:
        The document as the policy leaves it, the findings and the verdict.
    """
    hits = [hit for hit in _hits(document, policy) if policy.action(hit.kind, hit.spot.rule) != "off"]
    to_redact = [hit for hit in hits if policy.action(hit.kind, hit.spot.rule) == "redact" and hit.kind not in accepted]
    redacted = _redacted(document, to_redact)
    whole, language, dates = _about_the_whole(document, policy, today)
    findings = (*_findings(hits, redacted), *whole)
    reason = _reason(findings, policy, accepted)
    text = redacted.document.text
    return Examined(
        document=redacted.document,
        findings=findings,
        verdict="quarantine" if reason else "redact" if to_redact else "accept",
        reason=reason,
        redacted=_counted(to_redact),
        language=language,
        dates=dates,
        text_sha256=text_sha256(text),
        signature=signature_of(text) if policy.wants("duplicate") else None,
    )


def _hits(document: ParsedDocument, policy: Policy) -> Iterator[_Hit]:
    hidden = _hidden(document)
    for in_title, text in ((False, document.text), (True, document.title)):
        spots: list[tuple[Kind, Spot]] = []
        if policy.wants("personal"):
            spots += [("personal", spot) for spot in personal.find_personal(text)]
            spots += [("personal", spot) for spot in people.find_people(text, policy.names)]
        if policy.wants("secret"):
            spots += [("secret", spot) for spot in secrets.find_secrets(text)]
        if policy.wants("instruction"):
            found = instructions.find_instructions(text, () if in_title else hidden)
            spots += [("instruction", spot) for spot in found]
        for kind, spot in spots:
            unseen = not in_title and touches(hidden, spot.start, spot.end)
            yield _Hit(kind, spot, unseen, in_title)
    if policy.wants("hidden_text"):
        for start, end in hidden:
            yield _Hit("hidden_text", Spot(start, end, "hidden_text"), hidden=True)


def _hidden(document: ParsedDocument) -> list[tuple[int, int]]:
    """Where hidden text stands, neighbours as one."""
    runs = groupby(document.elements, key=lambda element: element.hidden)
    return [(run[0].start, run[-1].end) for is_hidden, elements in runs if is_hidden for run in [list(elements)]]


def _redacted(document: ParsedDocument, hits: Sequence[_Hit]) -> Redacted:
    if not hits:
        return Redacted(document, ())
    removals = [Removal(hit.spot.start, hit.spot.end, MARKS[hit.spot.rule]) for hit in hits if not hit.in_title]
    of_title = [Removal(hit.spot.start, hit.spot.end, MARKS[hit.spot.rule]) for hit in hits if hit.in_title]
    return redact(replace(document, title=redact_line(document.title, of_title)), removals)


def _findings(hits: Sequence[_Hit], redacted: Redacted) -> Iterator[Finding]:
    counted: dict[tuple[Kind, str], list[Finding]] = {}
    more: dict[tuple[Kind, str], int] = {}
    for hit in sorted(hits, key=lambda h: (not h.in_title, h.spot.start)):
        key = hit.kind, hit.spot.rule
        kept = counted.setdefault(key, [])
        if len(kept) < _MAX_KEPT:
            kept.append(_finding(hit, redacted))
        else:
            more[key] = more.get(key, 0) + 1
    for key, kept in counted.items():
        yield from kept[:-1]
        yield replace(kept[-1], count=1 + more.get(key, 0))


def _finding(hit: _Hit, redacted: Redacted) -> Finding:
    where = " in text that no reader of the original sees" if hit.hidden and hit.kind != "hidden_text" else ""
    message = f"{in_words(hit.spot.rule)}{where}"
    details = {"hidden": True} if where else {}
    if hit.in_title:
        details["title"] = True
        return Finding(hit.kind, hit.spot.rule, _severity(hit), f"{message} in the title", details=details)
    start, end = redacted.now_at(hit.spot.start, hit.spot.end)
    return Finding(hit.kind, hit.spot.rule, _severity(hit), message, start, end, details)


def _severity(hit: _Hit) -> Severity:
    if hit.kind == "secret" or hit.spot.rule in personal.SENSITIVE:
        return "high"
    if hit.kind == "instruction":
        return "high" if hit.hidden else "medium"
    return "medium" if hit.kind == "hidden_text" else "low"


def _about_the_whole(document: ParsedDocument, policy: Policy, today: date) -> tuple[list[Finding], str, SaidDates]:
    found: list[Finding] = []
    letters = len(_NO_LETTERS.sub("", document.text))
    if letters < _LITTLE_CHARS:
        found.append(Finding("empty", "little_text", "low", f"holds almost no text: {letters} letters and digits"))
    if unread := document.unread_pages:
        details = {"pages": list(unread[:_MAX_PAGES_NAMED]), "unread": len(unread)}
        message = f"{len(unread)} of its pages are pictures whose text could not be read"
        found.append(Finding("needs_ocr", "unread_pages", "medium", message, details=details))
    language = language_of(document.text)
    if policy.languages and language != UNKNOWN and language not in policy.languages:
        message = f"seems to be in {language}, which is not among the languages of its collection"
        found.append(Finding("language", "other_language", "low", message, details={"language": language}))
    dates = said_dates(document.text)
    found += _stale(dates, policy, today)
    return [finding for finding in found if policy.wants(finding.kind)], language, dates


def _stale(dates: SaidDates, policy: Policy, today: date) -> Iterator[Finding]:
    if dates.valid_until and dates.valid_until < today:
        message = f"says that it is valid until {dates.valid_until}, which is past"
        yield Finding("stale", "expired", "medium", message, details={"valid_until": str(dates.valid_until)})
    elif dates.updated_on and (today - dates.updated_on).days > policy.stale_after_days:
        message = f"says that it was last updated or reviewed on {dates.updated_on}"
        yield Finding("stale", "not_updated", "low", message, details={"updated_on": str(dates.updated_on)})


def _reason(findings: Sequence[Finding], policy: Policy, accepted: frozenset[str]) -> str | None:
    kept_out = [
        finding
        for finding in findings
        if policy.action(finding.kind, finding.rule) == "quarantine" and finding.kind not in accepted
    ]
    if not kept_out:
        return None
    words = list(dict.fromkeys(finding.message for finding in kept_out))
    more = f" and {len(words) - 3} more" if len(words) > 3 else ""
    return f"kept out by the policy of its collection: {'; '.join(words[:3])}{more}"


def _counted(hits: Sequence[_Hit]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for hit in hits:
        counts[hit.spot.rule] = counts.get(hit.spot.rule, 0) + 1
    return counts
