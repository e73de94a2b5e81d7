"""A report as a page: what it shows, and that nothing that people wrote can act in it."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from lxml import etree

from eval import plots
from eval.compare import compare
from eval.figures import MEASURES
from eval.html import change, is_share, meaning, page, shown, worst_questions
from eval.plots import Row, coverage_curve, intervals
from eval.report import Detail, Provenance, Report, measured, report_of_record
from eval.robustness import Strain
from ingestion.report import Failure

HOSTILE = """<script>alert(1)</script>]]><img src=x onerror=alert(2)>"' $\\frac{1$ \u202e \u6f22\u5b57 {{ 7*7 }}"""


def answer_row(hit, confidence, *, answerable=True, abstained=False):
    """What ``score_answer`` says of a question with evidence; wrong as ``hit`` is 0."""
    return {
        "evidence_hit@1": hit if answerable else None,
        "evidence_hit@3": hit if answerable else None,
        "answerable": float(answerable),
        "confidence": confidence,
        "abstained": float(abstained),
        "abstention_right": float(abstained != answerable),
        "right": hit if answerable else 0.0,
        "total_ms": 10 + 100 * confidence,
    }


def report(rows, *, kind="answers", tags=None, run="a" * 32, **changes):
    provenance = Provenance(
        id=run,
        started_at=datetime(2026, 3, 4, 5, 6, tzinfo=UTC),
        golden="handbook",
        golden_version=3,
        golden_sha256="e" * 64,
        corpus_epoch=17,
        seed=7,
        versions={"python": "3.11.2"},
    )
    fields = {
        "kind": kind,
        "provenance": provenance,
        "figures": {},
        "scores": rows,
        "tags": tags or {key: {"department": "people" if key < "q5" else "it"} for key in rows},
        "counts": {"questions": len(rows)},
        "fingerprint": "fingerprint-9",
        "settings": {"dense_weight": 0.61},
        "details": {key: Detail(f"text of {key}", ("a.md",), ("b.md",), f"answer {key}", "27 days.") for key in rows},
    }
    return measured(Report(**(fields | changes)))


@pytest.fixture(scope="module")
def answers():
    # Ten questions: q0-q4 (people) all right, of q5-q9 (it) only q9; q8 is refused; q9 is unanswerable and refused.
    rows = {f"q{i}": answer_row(1.0, 0.95 - i / 20) for i in range(5)}
    rows |= {f"q{i}": answer_row(0.0, 0.95 - i / 20, abstained=i == 8) for i in range(5, 9)}
    rows["q9"] = answer_row(0.0, 0.05, answerable=False, abstained=True)
    rows["qa"] = answer_row(0.0, 0.5)
    return report(rows)


@pytest.fixture(scope="module")
def text(answers):
    return page(answers)


class Page(HTMLParser):
    """Tags with their attributes, ids, and the text of the page."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.words = [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.handle_endtag(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag):
        if tag not in {"bdi", "wbr"}:  # they part no words
            self.words.append(" ")

    def handle_data(self, data):
        self.words.append(data)

    def tags(self, name):
        return [attributes for tag, attributes in self.elements if tag == name]

    @property
    def text(self):
        return " ".join("".join(self.words).split())


def test_the_coverage_curve_by_hand():
    # Most confident first: right, wrong, right -> 1/1, 1/2, 2/3 of the answered are right.
    scores = {
        "a": {"confidence": 0.9, "right": 1.0},
        "b": {"confidence": 0.5, "right": 0.0},
        "c": {"confidence": 0.1, "right": 1.0},
    }
    assert coverage_curve(scores) == [pytest.approx(point) for point in ((1 / 3, 1.0), (2 / 3, 0.5), (1.0, 2 / 3))]


def test_questions_of_one_confidence_are_answered_together():
    # No threshold parts b and c: the curve has no point at 2/3, whatever their order.
    b, c = {"confidence": 0.5, "right": 0.0}, {"confidence": 0.5, "right": 1.0}
    for scores in ({"b": b, "c": c}, {"c": c, "b": b}):
        curve = coverage_curve({"a": {"confidence": 0.9, "right": 1.0}, **scores})
        assert curve == [pytest.approx(point) for point in ((1 / 3, 1.0), (1.0, 2 / 3))]


def test_a_question_that_nobody_can_judge_is_not_on_the_curve():
    scores = {"a": {"confidence": 0.9, "right": None}, "b": {"confidence": 0.5, "right": 1.0}, "c": {"ms": 3.0}}
    assert coverage_curve(scores) == [(1.0, 1.0)]
    assert coverage_curve({}) == []


def test_the_worst_questions_come_first_and_say_why(answers):
    # Refused q8 before the merely wrong ones of the same score; of the right ones none.
    worst = worst_questions(answers)
    assert [(one.id, one.score, one.why) for one in worst] == [
        ("q8", 0.0, "refused, though the documents answer it"),
        ("q5", 0.0, ""),
        ("q6", 0.0, ""),
        ("q7", 0.0, ""),
        ("qa", 0.0, ""),
    ]


def test_an_answer_to_an_unanswerable_question_went_wrong():
    rows = {"good": answer_row(1.0, 0.9), "made up": answer_row(0.0, 0.8, answerable=False)}
    assert [(one.id, one.why) for one in worst_questions(report(rows))] == [
        ("made up", "answered, though no document does")
    ]


def test_at_most_fifty_questions_are_named():
    rows = {f"q{i:02}": answer_row(0.0, 0.5) for i in range(60)}
    assert len(worst_questions(report(rows))) == 50


def test_the_page_says_what_was_measured_and_how_to_repeat_it(text):
    said = Page(text).text
    # 5 of the 10 answerable questions hit; 17 and 7 stand for the corpus and the seed.
    for words in ("handbook, version 3", "Answers of 11 questions, 04 March 2026, 05:06 UTC", "0.500", "dense_weight"):
        assert words in said
    for words in ("0.61", "fingerprint-9", "e" * 64, "corpus epoch 17", "seed 7", "python 3.11.2", "a" * 32):
        assert words in said


def test_what_is_not_measured_is_listed_with_the_reason(text):
    said = Page(text).text
    section = said[said.index("Not measured") :]
    assert 'exact_match, token_f1, rouge_l, bleu; no answerable question has a reference "answer"' in section


def test_the_worst_slice_stands_first(text):
    said = Page(text).text
    assert said.index("department = it") < said.index("department = people")


def test_what_was_left_out_is_told(answers):
    left = replace(
        answers, failed=(Failure("scan.pdf", "it is broken"),), skipped={"drafts": 4}, notes=("Watch the weather.",)
    )
    said = Page(page(left)).text
    for words in ("scan.pdf it is broken", "drafts 4", "Watch the weather."):
        assert words in said


def test_nothing_that_people_wrote_can_act(answers):
    rows = {f"{HOSTILE} {key}": row for key, row in answers.scores.items()}
    hostile = report(
        rows,
        tags={key: {HOSTILE: f"{HOSTILE} {place % 2}", "odd": "\x00\x0b\ud800"} for place, key in enumerate(rows)},
        details={key: Detail(HOSTILE, (HOSTILE,), ("caf\udce9.md",), HOSTILE, HOSTILE) for key in rows},
        settings={HOSTILE: HOSTILE},
        counts={HOSTILE: HOSTILE},
        skipped={HOSTILE: 1},
        failed=(Failure(HOSTILE, HOSTILE),),
        notes=(HOSTILE, f"not measured: {HOSTILE}"),
        fingerprint=HOSTILE,
    )
    other = replace(hostile, provenance=replace(hostile.provenance, golden=HOSTILE, id=HOSTILE))
    strain = Strain(HOSTILE, "evidence_hit@3", None, None, None, 0, HOSTILE)
    text = page(other, comparison=compare(hostile, other, seed=1), robustness=[strain])
    text.encode("utf-8")
    read = Page(text)
    assert not read.tags("script")
    assert not read.tags("img")
    assert not [attributes for _, attributes in read.elements if any(key.startswith("on") for key in attributes)]
    assert HOSTILE.split(maxsplit=1)[0] in read.text  # shown as words
    assert "49" not in read.text.replace("7*7", "")


def test_the_page_loads_nothing(text):
    read = Page(text)
    (policy,) = [meta["content"] for meta in read.tags("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert "://" not in text
    assert not {"script", "link", "img", "iframe", "object", "image"} & {tag for tag, _ in read.elements}
    links = [value for _, attributes in read.elements for key, value in attributes.items() if key in {"href", "src"}]
    assert links
    assert all(link.startswith("#") for link in links)


def test_ids_are_distinct_and_all_that_is_pointed_at_is_there(text):
    ids = re.findall(r'\sid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    targets = re.findall(r'(?:href="#|url\(#|aria-labelledby=")([^")]+)', text)
    assert len(targets) > 20
    assert set(targets) <= set(ids)


def test_tables_and_pictures_can_be_read_out(text):
    read = Page(text)
    tables = read.tags("table")
    assert len(tables) == len(read.tags("caption")) > 3
    assert all(head.get("scope") in {"row", "col"} for head in read.tags("th"))
    pictures = read.tags("svg")
    assert len(pictures) == len(read.tags("figure")) >= 6
    assert all(picture["role"] == "img" and picture["aria-label"] for picture in pictures)
    assert read.tags("html")[0]["lang"] == "en"


def test_pictures_take_the_colours_of_the_page(text):
    pictures = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    styles = " ".join(re.findall(r'style="([^"]*)"', " ".join(pictures)))
    for colour in ("--ink", "--soft", "--line", "--accent", "--other"):
        assert f"var({colour})" in styles
    painted = set(re.findall(r"(?:fill|stroke): (#\w+)", styles))
    assert not painted
    assert "font-family" not in styles


def luminance(colour):
    shares = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [share / 12.92 if share <= 0.03928 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_letters_stand_out_in_light_and_dark(text):
    # WCAG 2.2, 1.4.3: (lighter + .05) / (darker + .05) is at least 4.5.
    schemes = [dict(re.findall(r"--(\w+): (#\w{6})", rules)) for rules in re.findall(r":root {([^}]*)}", text)]
    assert len(schemes) == 2
    for colours in schemes:
        for letters in ("ink", "soft", "accent", "other"):
            for ground in ("ground", "raised"):
                dark, light = sorted((luminance(colours[letters]), luminance(colours[ground])))
                assert (light + 0.05) / (dark + 0.05) >= 4.5, (letters, ground)


def test_the_same_report_makes_the_same_page(answers, text):
    assert text == page(report_of_record(answers.record()))


def test_a_comparison_shows_changes_and_the_questions_behind_them(answers):
    # q5-q7, qa become right: 5 of 10 -> 9 of 10, and each of them from 0 to 1.
    better = {**answers.scores, **{key: answer_row(1.0, 0.9) for key in ("q5", "q6", "q7", "qa")}}
    after = report(better, run="b" * 32)
    said = Page(page(after, comparison=compare(answers, after, seed=1))).text
    start = said.index("What changed From run aaaaaaaa to run bbbbbbbb")
    section = said[start : said.index("Weak spots", start)]
    assert "evidence_hit@3 0.500 0.900 +0.400" in section
    assert "text of q5 0.000 1.000" in section
    assert "text of q8" not in section


def test_strains_are_shown_with_their_notes(answers):
    worse = report({key: answer_row(0.0, 0.5) for key in answers.scores}, run="b" * 32)
    found = compare(answers, worse, seed=1).figures["evidence_hit@3"]
    strains = [
        Strain("typos", "evidence_hit@3", found.before, found.after, found, 10, "three words a question"),
        Strain("casing", "evidence_hit@3", None, None, None, 0, "no question can be asked this way"),
    ]
    said = Page(page(answers, robustness=strains)).text
    assert "typos evidence_hit@3 0.500 0.000 -0.500" in said
    assert "three words a question" in said
    assert "not measured 0 no question can be asked this way" in said


def test_retrieval_has_a_page_of_its_own():
    rows = {f"q{i}": {"ndcg@10": i / 10, "recall@10": 1.0, "ms": 5.0 + i} for i in range(10)}
    details = {key: Detail(f"text of {key}", ("a.md",), ("b.md",)) for key in rows}
    read = Page(page(report(rows, kind="retrieval", details=details)))
    # (0 + .1 + ... + .9) / 10 = .45
    assert "ndcg@10 0.450" in read.text
    assert "Retrieval of 10 questions" in read.text
    assert "Confidence" not in read.text


@pytest.mark.parametrize(
    "rows", [{}, {"q": answer_row(1.0, 0.5)}, {"q": {"total_ms": 0.0}}], ids=["none", "one", "odd"]
)
def test_a_report_of_next_to_nothing_has_a_page(rows):
    assert "</html>" in page(report(rows))


@pytest.mark.parametrize("values", [[5.0], [0.0, 0.0], [1.0, 2.0, 4000.0], [0.0, 1.0, 4000.0]])
def test_any_times_can_be_drawn(values):
    etree.fromstring(plots.histogram("h", values, unit="ms", about="times", marks={"p50": values[0]}))


def test_a_label_is_shown_as_it_is_written():
    # Mathematics, a script that the font lacks, marks of XML, a placeholder of ours, and a change of direction.
    labels = ["$\\frac$", "\u6f22\u5b57", "<b>&", "label-0", "a\u202eb"]
    drawn = etree.fromstring(intervals("i", [Row(label, 0.5, 0.4, 0.6) for label in labels], about="x"))
    texts = [text.text for text in drawn.iter("text")]
    assert [text for text in texts if text in {*labels, "a b"}] == [*labels[:4], "a b"]


def test_every_figure_is_explained():
    for measures in MEASURES.values():
        assert not [name for name in measures if not meaning(name)]


def test_figures_are_written_with_their_units():
    assert (shown(0.84849, "ndcg@10"), shown(12.34, "p95_ms"), shown(1234.5, "p95_ms")) == (
        "0.848",
        "12.3 ms",
        "1,234 ms",
    )
    assert (shown(1512.0, "prompt_tokens"), shown(0.00123, "cost"), shown(None, "bleu")) == ("1,512", "0.00123", "")
    assert (change(-0.25, "bleu"), change(0.25, "bleu"), change(0.0, "bleu")) == ("-0.250", "+0.250", "0.000")
    assert is_share("judged_correctness")
