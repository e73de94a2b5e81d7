"""The log of a real process: an event a question, and no words of anybody."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ATTUNE = str(Path(sys.executable).parent / "attune")
QUESTION = "When are roses watered in Ülm?"


def run(data_dir, *arguments, **more):
    """Run a command that is its own server, so that its stderr is the server's log."""
    environment = {"ATTUNE_DATA_DIR": str(data_dir), "ATTUNE_LOG_LEVEL": "INFO", "ATTUNE_LOG_FORMAT": "json"}
    return subprocess.run(
        [ATTUNE, *arguments], env=environment | more, capture_output=True, text=True, timeout=120, check=True
    )


def events(done, name):
    return [event for line in done.stderr.splitlines() if (event := json.loads(line))["event"] == name]


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("logs") / "data"


@pytest.fixture(scope="module")
def ingested(data_dir, tmp_path_factory):
    page = tmp_path_factory.mktemp("pages") / "secret-roses.txt"
    page.write_text("Roses are watered every second morning.")
    return run(data_dir, "ingest", str(page.parent))


@pytest.fixture(scope="module")
def asked(data_dir, ingested):
    assert ingested.returncode == 0
    return run(data_dir, "ask", QUESTION, "--json")


def test_an_ingest_is_one_event_without_names_of_files(ingested):
    (event,) = events(ingested, "ingest")
    assert (event["documents"], event["added"], event["failed"], event["chunks"]) == (1, 1, 0, 1)
    assert "secret-roses" not in ingested.stderr


def test_a_question_is_one_event_that_says_how_it_went(asked):
    (event,) = events(asked, "answer")
    answer = json.loads(asked.stdout)
    assert event["interaction_id"] == answer["interaction_id"]
    assert event["timings_ms"] == answer["timings_ms"]
    assert event["abstained"] == answer["abstained"]
    assert (event["level"], event["person"], event["generator"]) == ("info", "u:local", "extractive")
    assert event["question_chars"] == len(QUESTION)
    assert event["citations"] == len(answer["citations"])


def test_the_words_of_a_question_are_not_in_the_log(asked):
    assert "watered" not in asked.stderr
    assert "lm?" not in asked.stderr


def test_feedback_is_one_event_without_its_words(data_dir, asked):
    key = json.loads(asked.stdout)["interaction_id"]
    done = run(data_dir, "feedback", key, "--down", "--reason", "unclear", "--answer", "Never on Sundays.")
    (event,) = events(done, "feedback")
    assert (event["interaction_id"], event["verdict"], event["reasons"]) == (key, "down", ["unclear"])
    assert event["corrected"] is True
    assert "Sundays" not in done.stderr


def test_the_words_of_a_question_are_logged_where_that_is_allowed(data_dir, asked):
    assert asked.returncode == 0
    done = run(data_dir, "ask", QUESTION, "--json", ATTUNE_LOG_QUESTIONS="true", ATTUNE_LOG_FORMAT="console")
    (line,) = [line for line in done.stderr.splitlines() if "answer " in line]
    assert QUESTION in line
    with pytest.raises(ValueError, match="Extra data"):
        json.loads(line)
