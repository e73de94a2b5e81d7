"""Keys and tokens are found, prose is not taken for them."""

import time

import pytest

from ingestion.findings.secrets import find_secrets

AWS = "AKIA" + "IOSFODNN7EXAMPLE"
GITHUB = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow" + "IBAAKCAQEA7\n" * 5 + "-----END RSA PRIVATE KEY-----"
CHARS = 150_000


def found(text):
    return [(spot.rule, text[spot.start : spot.end]) for spot in find_secrets(text)]


@pytest.mark.parametrize(
    ("text", "rule", "value"),
    [
        (f"key: {AWS}.", "AWSKeyDetector", AWS),
        (f"| token |\n| - |\n| {GITHUB} |", "GitHubTokenDetector", GITHUB),
        ("git clone https://ann:s3cretword@git.example.com/x", "BasicAuthDetector", "s3cretword"),
        (f"Use\n\n{KEY}\n\nfor it", "PrivateKeyDetector", KEY),
        ("glpat-" + "x" * 20, "GitLabTokenDetector", "glpat-" + "x" * 20),
        ("sk_live_" + "9" * 24, "StripeDetector", "sk_live_" + "9" * 24),
    ],
)
def test_a_secret_is_found_with_its_exact_span(text, rule, value):
    assert (rule, value) in found(text)


def test_a_private_key_that_is_cut_off_goes_to_its_last_line():
    text = "-----BEGIN PRIVATE KEY-----\nMIIEowIBAAKCAQEA7\nQmFzZTY0"
    assert found(text) == [("PrivateKeyDetector", text)]


def test_prose_about_secrets_holds_none():
    text = "Your password must have 12 letters. Never send an API key (AKIA...) or token by e-mail: ask the help desk."
    assert found(text) == []


@pytest.mark.parametrize(
    "unit",
    ["eyJ", "aws ", "://a:", "//_/:_authToken=", "BEGIN PRIVATE KEY ", "-us1", "xoxb-1-", "AKIA", "gl", "x", "("],
)
def test_near_misses_cost_time_in_proportion_to_the_text(unit):
    text = unit * (CHARS // len(unit))
    started = time.process_time()
    find_secrets(text)
    assert (
        time.process_time() - started < 5
    )  # a quarter of a second to a second on a free core; quadratic would be minutes
