"""Another reader in place of a parser of ours, chosen by media type."""

import importlib.util

import pytest

from ingestion.parse import parse
from retrieval.errors import UnsupportedError

INSTALLED = importlib.util.find_spec("unstructured") is not None


@pytest.mark.skipif(INSTALLED, reason="unstructured is installed here")
def test_a_reader_that_is_chosen_but_not_installed_says_so(write):
    with pytest.raises(UnsupportedError, match="unstructured, which is not installed"):
        parse(write("a.html", "<p>words</p>"), backends={"text/html": "unstructured"})


@pytest.mark.skipif(not INSTALLED, reason="unstructured, an extra of its own size, is not installed")
def test_the_chosen_reader_gives_elements_of_the_same_kind(write):
    page = "<h1>Leave</h1><p>You earn six hours a month.</p><table><tr><td>a</td><td>b</td></tr></table>"
    document = parse(write("a.html", page), backends={"text/html": "unstructured"})
    assert [e.kind for e in document.elements] == ["heading", "paragraph", "table"]
    assert document.text.startswith("Leave\n\nYou earn")


def test_other_kinds_are_read_as_always(write):
    assert parse(write("a.md", "# Leave"), backends={"text/html": "unstructured"}).text == "Leave"
