import re
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from eval.golden import GoldenPassage, Question
from eval.perturb import CANARY, VARIATIONS, near_duplicate, near_title, vary
from eval.rephrase import CHARS_A_TYPO, negated
from retrieval.retrieve import MAX_QUESTION_CHARS, checked_question
from retrieval.types import Turn

QUESTIONS = [
    "How many vacation hours do I earn per pay period if I have been here for five years?",
    "What happens to time-off awards if I don't use them?",
    "How do I request leave?",
    "What's the default schedule for new staff?",
    "Who approves travel?",
    "Can I work from Berlin in March 2024?",
    "0-dimensional biomaterials show inductive properties.",
    "vacation policy",
    "ÄÖÜ?",
    "42?",
    "休暇を申請する方法を教えてください",
]
WRITTEN = Question(
    id="q1",
    text="How many days of leave do I get?",
    history=(Turn("user", "Hello"),),
    answer="30 days",
    evidence="Staff get 30 days of leave.",
    relevant={"leave.md": 1.0},
    passages=(GoldenPassage("leave.md", "Staff get 30 days of leave."),),
    tags={"department": "hr"},
)
REWORDING = [v for v in VARIATIONS.values() if v.rewords]
texts = st.one_of(
    st.sampled_from(QUESTIONS),
    st.lists(st.sampled_from(" ".join(QUESTIONS).split()), min_size=1, max_size=40).map(" ".join),
    st.text(min_size=1, max_size=300),
    st.integers(MAX_QUESTION_CHARS - 50, MAX_QUESTION_CHARS).map(lambda n: ("how do I " * 500)[:n]),
)


def said(name, text, seed=1, **known):
    varied = vary(replace(WRITTEN, text=text, **known), VARIATIONS[name], seed=seed)
    return varied and varied.text


def all_said(name, text, **known):
    return {said(name, text, seed, **known) for seed in range(200)}


@given(texts, st.sampled_from(sorted(VARIATIONS)), st.integers(0, 10**6))
def test_what_is_made_can_be_asked_and_is_unlike_the_original(text, name, seed):
    assume(text.strip())
    varied = vary(replace(WRITTEN, text=text), VARIATIONS[name], seed=seed)
    if varied is not None:
        assert varied.text.strip()
        assert len(varied.text) <= MAX_QUESTION_CHARS
        assert (varied.text != text) == VARIATIONS[name].rewords
        assert (varied.id, varied.history, varied.tags) == (WRITTEN.id, WRITTEN.history, WRITTEN.tags)


@given(texts, st.sampled_from(sorted(VARIATIONS)), st.integers(0, 10**6))
def test_the_same_seed_and_question_say_the_same(text, name, seed):
    question = replace(WRITTEN, text=text)
    assert vary(question, VARIATIONS[name], seed=seed) == vary(question, VARIATIONS[name], seed=seed)


@pytest.mark.parametrize("name", ["paraphrase", "typos", "casing", "other_languages", "injected_instructions"])
def test_seeds_and_questions_make_other_choices(name):
    text = QUESTIONS[0]
    assert len(all_said(name, text)) > 1
    assert len({said(name, text, id=f"q{n}") for n in range(40)}) > 1


@pytest.mark.parametrize("text", QUESTIONS[:7])
@pytest.mark.parametrize("variation", REWORDING, ids=lambda v: v.name)
def test_english_questions_can_be_said_in_every_way(text, variation):
    varied = vary(replace(WRITTEN, text=text), variation, seed=3)
    assert varied is not None
    checked_question(varied.text)


def test_a_way_to_do_something_is_asked_in_other_frames():
    made = all_said("paraphrase", "How do I request leave?")
    assert {"What's the way to request leave?", "What are the steps to request leave?"} <= made
    assert "How do I request leave?" in all_said("paraphrase", "What is the way to request leave?")


def test_small_words_have_synonyms_and_contractions():
    made = all_said("paraphrase", "What happens if I do not use them before May?")
    assert "What are the consequences in case I don't use them prior to May?" in made
    assert "What is the default schedule?" in all_said("paraphrase", "What's the default schedule?")


def test_keywords_are_a_paraphrase_too():
    assert "vacation hours earn per pay period here five years" in all_said("paraphrase", QUESTIONS[0])


def test_what_people_wrote_wins_over_rules():
    variants = {"paraphrase": "My days off?", "de": "Wie viele Tage Urlaub habe ich?"}
    assert all_said("paraphrase", "How do I ask?", variants=variants) == {"My days off?"}
    assert all_said("other_languages", "How do I ask?", variants=variants) == {"Wie viele Tage Urlaub habe ich?"}


@pytest.mark.parametrize("name", ["paraphrase", "negation", "other_languages"])
def test_rules_for_english_leave_other_languages_alone(name):
    assert said(name, "Wie viele Tage Urlaub habe ich?", tags={"language": "de"}) is None


@given(st.sampled_from(QUESTIONS[:8]), st.integers(0, 10**6))
def test_typing_errors_are_few_and_never_in_a_first_letter(text, seed):
    typed = said("typos", text, seed)
    words, mistyped = text.split(), typed.split()
    assert len(words) == len(mistyped)
    wrong = [(a, b) for a, b in zip(words, mistyped, strict=True) if a != b]
    assert 1 <= len(wrong) <= max(1, len(text) // CHARS_A_TYPO)
    for right, typo in wrong:
        assert right[0] == typo[0]
        assert abs(len(right) - len(typo)) <= 1
        # A swap moves two letters, a neighbour exchanges one, a loss takes one.
        assert (Counter(right) - Counter(typo)).total() <= 1
    assert re.findall(r"\d+", typed) == re.findall(r"\d+", text)


def test_figures_and_short_names_are_not_mistyped():
    assert said("typos", "May I pay 1234 at 18F?") is None


def test_casing_and_punctuation_change_and_words_do_not():
    assert all_said("casing", "Is 3.5 GB, per day, OK?") == {
        "IS 3.5 GB, PER DAY, OK?",
        "is 3.5 gb, per day, ok?",
        "Is 3.5 GB per day OK",
    }
    assert said("casing", "42") is None


@pytest.mark.parametrize(
    ("text", "opposite"),
    [
        ("How many sick hours can I borrow?", "How many sick hours can I not borrow?"),
        ("When does compensatory time run out?", "When doesn't compensatory time run out?"),
        ("Is the office open?", "Isn't the office open?"),
        ("I have a badge, do I need to tell anyone?", "I have a badge, do I not need to tell anyone?"),
        ("What's the default schedule?", "What isn't the default schedule?"),
        ("Who approves travel?", "Who never approves travel?"),
        ("Can't I go?", "Can I go?"),
        ("Why won't it load?", "Why will it load?"),
        ("What cannot be claimed?", "What can be claimed?"),
        ("What happens to hours I did not use?", "What happens to hours I did use?"),
        ("Biomaterials lack inductive properties.", "It is not true that Biomaterials lack inductive properties."),
        ("vacation policy", None),
    ],
)
def test_a_negated_question_asks_the_opposite_of_the_same(text, opposite):
    assert negated(text) == opposite


def test_a_negated_question_keeps_its_documents_but_not_its_answer():
    varied = vary(WRITTEN, VARIATIONS["negation"], seed=1)
    assert (varied.relevant, varied.evidence, varied.answer) == (WRITTEN.relevant, WRITTEN.evidence, None)


def test_without_a_translation_the_small_words_are_foreign_and_the_terms_stay():
    made = all_said("other_languages", "How do I request leave?")
    assert any("Wie tun ich request leave?" in text for text in made)
    assert any("Cómo hago yo request leave?" in text for text in made)
    assert any("Comment fais je request leave?" in text for text in made)


def test_an_injected_instruction_stands_behind_the_question_and_names_the_canary():
    for text in all_said("injected_instructions", WRITTEN.text):
        assert text.startswith(WRITTEN.text)
        assert CANARY in text[len(WRITTEN.text) :]
    assert said("injected_instructions", f"What is a {CANARY.lower()}?") is None


def test_a_question_whose_documents_are_hidden_has_no_right_answer():
    varied = vary(WRITTEN, VARIATIONS["unanswerable"], seed=1)
    assert VARIATIONS["unanswerable"].hides
    assert varied == replace(WRITTEN, answerable=False, answer=None, evidence=None, relevant={}, passages=())


@pytest.mark.parametrize("name", ["unanswerable", "near_duplicates"])
@pytest.mark.parametrize("known", [{"relevant": {}}, {"answerable": False, "relevant": {}}])
def test_only_documents_that_are_known_can_be_hidden_or_doubled(name, known):
    assert said(name, WRITTEN.text, **known) is None


def test_a_near_duplicate_has_other_figures_in_the_same_form():
    text = "1. Staff of 18F get 30 days, since March 2024.\n2. After 30 days, on Monday, ask for six more at 3.50 EUR."
    copy = near_duplicate(text, 5)
    first, second = copy.split("\n")
    other = re.fullmatch(r"1\. Staff of 18F get (\d\d) days, since (\w+) (20\d\d)\.", first).groups()
    again = re.fullmatch(r"2\. After (\d\d) days, on (\w+day), ask for (\w+) more at (\d)\.50 EUR\.", second).groups()
    assert all(new != old for new, old in zip(other, ("30", "March", "2024"), strict=True))
    assert all(new != old for new, old in zip(again, ("30", "Monday", "six", "3"), strict=True))
    assert again[0] == other[0]


@given(st.text(st.sampled_from("0129 ab.,-:\n#F"), max_size=60), st.integers(0, 1000))
def test_a_near_duplicate_differs_in_figures_only_and_is_the_same_for_the_same(text, seed):
    copy = near_duplicate(text, seed)
    assert copy == near_duplicate(text, seed)
    if copy is not None:
        assert copy != text
        assert re.sub(r"\d", "0", copy) == re.sub(r"\d", "0", text)


def test_a_text_without_figures_has_no_near_duplicate():
    assert near_duplicate("Ask your supervisor. You may not.", 1) is None


def test_a_near_duplicate_has_another_title():
    assert near_title("Leave {policy}", 1) != "Leave {policy}"
    assert "Leave {policy}" in near_title("Leave {policy}", 1)
