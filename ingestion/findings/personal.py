"""Personal data, by presidio's recognizers without a model, each asked only about places that look like its kind.

Over a whole text the recognizers do tens of kilobytes a second. So one cheap expression a kind, without nested
repetition, finds candidates, and a recognizer judges a stretch of at most a few hundred characters around each.
"""

import re
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from importlib import import_module
from importlib.abc import MetaPathFinder
from typing import TYPE_CHECKING, NamedTuple, cast

from ingestion.findings.spots import Spot, without_overlaps

if TYPE_CHECKING:
    from presidio_analyzer import LocalRecognizer
    from presidio_analyzer.nlp_engine import NlpArtifacts

_COUNTRY = "presidio_analyzer.predefined_recognizers.country_specific"


class _Id(NamedTuple):
    """A national number: who recognizes it, and words of which one must stand near.

    Most are digits with a checksum that one number in ten or twenty passes: without a word near they are anything.
    """

    module: str
    recognizer: str
    words: str


_IDS = {
    "us_ssn": _Id("us.us_ssn_recognizer", "UsSsnRecognizer", "ssn|social security"),
    "us_itin": _Id("us.us_itin_recognizer", "UsItinRecognizer", "itin|taxpayer"),
    "uk_nhs": _Id("uk.uk_nhs_recognizer", "NhsRecognizer", "nhs|national health service"),
    "uk_nino": _Id("uk.uk_nino_recognizer", "UkNinoRecognizer", "nino|national insurance|ni number"),
    "ca_sin": _Id("canada.ca_sin_recognizer", "CaSinRecognizer", "sin|social insurance"),
    "au_tfn": _Id("australia.au_tfn_recognizer", "AuTfnRecognizer", "tfn|tax file number"),
    "au_medicare": _Id("australia.au_medicare_recognizer", "AuMedicareRecognizer", "medicare"),
    "de_tax_id": _Id(
        "germany.de_tax_id_recognizer", "DeTaxIdRecognizer", "steuer-?id|idnr|steueridentifikationsnummer"
    ),
    "de_social_security": _Id(
        "germany.de_social_security_recognizer",
        "DeSocialSecurityRecognizer",
        "rentenversicherung\\w{0,10}|sozialversicherung\\w{0,10}|sv-?nummer|rvnr",
    ),
    "es_nif": _Id("spain.es_nif_recognizer", "EsNifRecognizer", "nif|dni"),
    "es_nie": _Id("spain.es_nie_recognizer", "EsNieRecognizer", "nie"),
    "it_fiscal_code": _Id("italy.it_fiscal_code_recognizer", "ItFiscalCodeRecognizer", "codice fiscale|c\\.f\\.|cf"),
    "pl_pesel": _Id("poland.pl_pesel_recognizer", "PlPeselRecognizer", "pesel"),
    "se_personnummer": _Id(
        "sweden.se_personnummer_recognizer", "SePersonnummerRecognizer", "personnummer|samordningsnummer"
    ),
    "fi_hetu": _Id(
        "finland.fi_personal_identity_code_recognizer",
        "FiPersonalIdentityCodeRecognizer",
        "hetu|henkilötunnus|personbeteckning",
    ),
    "in_aadhaar": _Id("india.in_aadhaar_recognizer", "InAadhaarRecognizer", "aadhaar|aadhar|uidai"),
    "in_pan": _Id("india.in_pan_recognizer", "InPanRecognizer", "pan|permanent account number"),
    "sg_nric": _Id("singapore.sg_fin_recognizer", "SgFinRecognizer", "nric|fin"),
    "kr_rrn": _Id("korea.kr_rrn_recognizer", "KrRrnRecognizer", "rrn|주민등록번호|resident registration"),
    "tr_national_id": _Id("turkey.tr_national_id_recognizer", "TrNationalIdRecognizer", "tckn|t\\.?c\\.? kimlik"),
}
_RULE_OF = {"labelled_phone": "phone"}
RULES = ("email", "phone", "credit_card", "iban", "ip_address", "person", *_IDS)

# Their values do much harm in wrong hands; the others are on every business card.
SENSITIVE = frozenset(RULES) - {"email", "phone", "ip_address", "person"}

_ID_WORD = re.compile(r"(?<!\w)(?:" + "|".join(f"(?P<{name}>{i.words})" for name, i in _IDS.items()) + r")(?!\w)", re.I)
# What a national number may look like: six digits or more with at most one character between, or an Indian PAN.
_ID_DIGITS = re.compile(r"\d(?:[ ./:+A-Za-z-]?\d){5,40}|\d{4}(?<=[A-Za-z]{5}\d{4})[A-Za-z]")
_ID_WINDOW_CHARS = 90
_SSN = re.compile(r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])")
_LOCAL_CHARS, _DOMAIN_CHARS = 64, 255  # RFC 5321
_BLANK = re.compile(r"[\s<>()\[\]{},;:\"|]")
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}[ -]?[A-Za-z0-9]{4}[ -]?[A-Za-z0-9]{4}[ -]?[A-Za-z0-9 -]{0,27}")
# By issuer and length: MasterCard, Visa, American Express, Diners, Discover, JCB, Maestro.
_CARD = re.compile(r"(?<![\w.,-])[1-6]\d(?:[ -]?\d){10,17}(?![\d.,-]\d|\w)")
_ISSUED = re.compile(
    r"(?:5[1-5]\d\d|2(?:2[2-9]|[3-6]\d|7[0-2])\d)\d{12}|4\d{15}|3[47]\d{13}|6(?:011|5\d\d|4[4-9]\d)\d{12}"
    r"|35\d{14}|(?:2131|1800)\d{11}"
)
_ISSUED_RARELY = re.compile(r"4(?:\d{12}|\d{18})|3[0689]\d{12}|(?:50|5[6-9]|6\d)\d{10,17}")
_CARD_WORD = re.compile(r"(?i)card|karte|carte|tarjeta|carta|visa|maestro|diners|\bcc\b")
_IPV4 = re.compile(r"(?<![\w.])\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?![\w.]\w|\w)")
_IPV6 = re.compile(r"(?<![\w:.])(?=[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]{0,4}:)[0-9A-Fa-f:]{6,39}(?![\w:])")
_PHONE = re.compile(r"(?<![\w.,/$€£%#=+-])(?:\+|\(\+?|00)?\d[\d ()./-]{5,20}\d(?: ?x\d{1,6})?(?![\w%]|[.,:/-]\d)")
_PHONE_WORD = re.compile(
    r"(?i)phone|\btel\b|call|mobile|\bcell|fax|\bdial|contact|hotline|reach|number|telefon|handy|rufnummer|téléphone"
)
# Directly before a number, as on a card or in a form: then a local number that is valid nowhere else is one, too.
_PHONE_LABEL = re.compile(
    r"(?i)(?:phone|tel|telefon|téléphone|mobile|mobil|cell|fax|desk|handy)(?: ?no)?[.:]{1,2} {0,2}$"
)
_NO_PHONE = re.compile(
    r"\d{4}([-./])\d{1,2}\1\d{1,2}\b|\d{1,2}([-./])\d{1,2}\2\d{4}\b|\d{4} ?- ?\d{4}$|\d+\.\d+$|\d{1,3}(?:\.\d{3})+$"
)
_THOUSANDS = re.compile(r"\d{1,3}(?: \d{3})+$")
_PHONE_REGIONS = ("US", "GB", "DE", "FR", "ES", "IT", "IN", "AU")
_PHONE_DIGITS = range(7, 16)
_BEFORE_CHARS = 40
# A document with more candidates of a kind than this is a directory of them: the rest is taken for what it looks
# like, unjudged, because a recognizer takes up to a millisecond and one document must not take a minute.
_MAX_JUDGED = 4_000


def find_personal(text: str) -> list[Spot]:
    """Find e-mail addresses, phone, card and account numbers, IP addresses and national numbers.

    Returns:
        In order of the text, none overlapping.
    """
    # Checked kinds first: of two that take the same characters the first is kept.
    spots: list[Spot] = []
    for finder in (_emails, _cards, _ibans, _addresses):
        spots += _judged(finder(text), text)
    spots += _national(text)
    spots += _judged(_phones(text), text)
    return without_overlaps(spots)


def _emails(text: str) -> Iterator[Spot]:
    at = text.find("@")
    while at >= 0:
        following = text.find("@", at + 1)
        # Cut at the neighbours, so that no character is looked at more than twice.
        start = max(text.rfind("@", max(at - _LOCAL_CHARS, 0), at) + 1, at - _LOCAL_CHARS, 0)
        end = min(following if following >= 0 else len(text), at + 1 + _DOMAIN_CHARS)
        start = at - len(_BLANK.split(text[start:at])[-1])
        blank = _BLANK.search(text, at + 1, end)
        end = blank.start() if blank else end
        if start < at and "." in text[at + 2 : end]:
            yield Spot(start, end, "email")
        at = following


def _cards(text: str) -> Iterator[Spot]:
    for match in _CARD.finditer(text):
        digits = match.group().replace(" ", "").replace("-", "")
        likely = _ISSUED.fullmatch(digits)
        if likely or (_ISSUED_RARELY.fullmatch(digits) and _CARD_WORD.search(_before(text, match.start()))):
            yield Spot(*match.span(), "credit_card")


def _ibans(text: str) -> Iterator[Spot]:
    for match in _IBAN.finditer(text):
        yield Spot(*match.span(), "iban")


def _addresses(text: str) -> Iterator[Spot]:
    for expression in (_IPV4, _IPV6):
        for match in expression.finditer(text):
            yield Spot(*match.span(), "ip_address")


def _phones(text: str) -> Iterator[Spot]:
    for match in _PHONE.finditer(text):
        number = match.group()
        if sum(c.isdigit() for c in number.split("x")[0]) not in _PHONE_DIGITS or _NO_PHONE.match(number):
            continue
        before = _before(text, match.start())
        written_as_one = number[0] in "+(" or sum(c in " .-/" for c in number) >= 2
        if _PHONE_LABEL.search(before):
            yield Spot(*match.span(), "labelled_phone")
        elif _PHONE_WORD.search(before) or (written_as_one and not _THOUSANDS.match(number)):
            yield Spot(*match.span(), "phone")


def _before(text: str, at: int) -> str:
    return text[max(at - _BEFORE_CHARS, 0) : at]


def _national(text: str) -> Iterator[Spot]:
    for match in _SSN.finditer(text):
        yield from _judge(Spot(*match.span(), "us_ssn"), text)
    done = 0
    for match in _ID_DIGITS.finditer(text):
        if match.end() <= done:
            continue
        start, end = max(match.start() - _ID_WINDOW_CHARS, 0), min(match.end() + _ID_WINDOW_CHARS, len(text))
        for name in {word.lastgroup or "" for word in _ID_WORD.finditer(text, start, end)}:
            yield from _judge(Spot(start, end, name), text)
        done = match.end() + _ID_WINDOW_CHARS // 2


def _judged(candidates: Iterator[Spot], text: str) -> Iterator[Spot]:
    for number, spot in enumerate(candidates):
        if number < _MAX_JUDGED:
            yield from _judge(spot, text)
        else:
            yield spot._replace(rule=_RULE_OF.get(spot.rule, spot.rule))


def _judge(spot: Spot, text: str) -> Iterator[Spot]:
    stretch = text[spot.start : spot.end]
    rule = _RULE_OF.get(spot.rule, spot.rule)
    for start, end in _recognized(spot.rule, stretch):
        yield Spot(spot.start + start, spot.start + end, rule)


@lru_cache(maxsize=4096)  # the same address stands at the foot of every page
def _recognized(rule: str, stretch: str) -> tuple[tuple[int, int], ...]:
    if rule == "iban" and stretch.isascii():
        stretch = stretch.upper()
    no_artifacts = cast("NlpArtifacts", None)  # none of these looks at them
    for recognizer in _recognizers(rule):
        if found := recognizer.analyze(stretch, recognizer.supported_entities, no_artifacts):
            return tuple((result.start, result.end) for result in found)
    return ()


@cache
def _recognizers(rule: str) -> "tuple[LocalRecognizer, ...]":
    """Who judges a rule; the first that says yes is believed."""
    with _without_transformers():
        from presidio_analyzer import Pattern
    from presidio_analyzer.predefined_recognizers import (
        CreditCardRecognizer,
        IbanRecognizer,
        IpRecognizer,
        PhoneRecognizer,
    )

    if rule in _IDS:
        module = import_module(f"{_COUNTRY}.{_IDS[rule].module}")
        return (getattr(module, _IDS[rule].recognizer)(),)
    general: dict[str, Callable[[], Iterable[LocalRecognizer]]] = {
        "email": lambda: [_email_recognizer()],
        # Its own pattern knows fewer issuers than ours; the checksum is its part here.
        "credit_card": lambda: [CreditCardRecognizer([Pattern("issued", r"\d(?:[ -]?\d)+", 0.3)])],
        "iban": lambda: [IbanRecognizer()],
        "ip_address": lambda: [IpRecognizer()],
        "phone": lambda: [PhoneRecognizer(supported_regions=(region,)) for region in _PHONE_REGIONS],
        "labelled_phone": lambda: [PhoneRecognizer(supported_regions=_PHONE_REGIONS[:3], leniency=0)],
    }
    return tuple(general[rule]())


class _Hidden(MetaPathFinder):
    """Hides transformers from one thread."""

    def __init__(self) -> None:
        self._thread = threading.get_ident()

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:
        del path, target
        if fullname == "transformers" and threading.get_ident() == self._thread:
            raise ModuleNotFoundError(f"no {fullname} here", name=fullname)


@contextmanager
def _without_transformers() -> Iterator[None]:
    """Import presidio without its engines for models, of which none is used: they take seconds and 200 MB."""
    hidden = _Hidden()
    sys.meta_path.insert(0, hidden)
    try:
        yield
    finally:
        sys.meta_path.remove(hidden)


def _email_recognizer() -> "LocalRecognizer":
    from presidio_analyzer.predefined_recognizers import EmailRecognizer
    from tldextract import TLDExtract

    # The list of suffixes that the package brings; by itself it would fetch a newer one.
    suffixes = TLDExtract(cache_dir=None, suffix_list_urls=(), fallback_to_snapshot=True)

    class OfflineEmailRecognizer(EmailRecognizer):
        def validate_result(self, pattern_text: str) -> bool:
            return bool(suffixes(pattern_text).suffix)

    return OfflineEmailRecognizer()
