import pytest

from ingestion.parsers.text import text_elements


def test_hard_wrapped_lines_are_joined_and_short_ones_are_not():
    wrapped = (
        "This line was broken by an editor because it was long\nand so it goes on here.\n\n"
        "Ann Smith\n12 High Street\nRome"
    )
    assert [e.text for e in text_elements(wrapped)] == [
        "This line was broken by an editor because it was long and so it goes on here.",
        "Ann Smith\n12 High Street\nRome",
    ]


def test_only_unmistakable_headings_are_headings():
    text = "Leave\n=====\nDays off.\n\nSICK LEAVE\n\nCall us.\n\nA Title Case Line\n\nNO!\n\nIBM, GE AND SAP,\n"
    assert [(e.kind, e.text, e.level) for e in text_elements(text)] == [
        ("heading", "Leave", 1),
        ("paragraph", "Days off.", None),
        ("heading", "SICK LEAVE", 2),
        ("paragraph", "Call us.", None),
        ("paragraph", "A Title Case Line", None),
        ("paragraph", "NO!", None),
        ("paragraph", "IBM, GE AND SAP,", None),
    ]


def test_list_items_are_parted_and_places_are_lines():
    elements = text_elements("To do:\n- one\n  more\n- two\n\n\n(a) three\n", places=True)
    assert [(e.kind, e.text, e.place) for e in elements] == [
        ("paragraph", "To do:", "line 1"),
        ("list_item", "- one more", "line 1"),
        ("list_item", "- two", "line 1"),
        ("list_item", "(a) three", "line 7"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_text_is_read_in_any_encoding(read, encoding):
    assert read("a.txt", "Für Urlaub gilt: überall".encode(encoding)).text == "Für Urlaub gilt: überall"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_tables_of_values_are_read_whatever_separates_them(read, delimiter):
    content = f'Staff list\n\nName{delimiter}Note\nAnn{delimiter}"a, b; c"\n'
    caption, table = read("staff.csv", content).elements
    assert (caption.text, caption.place) == ("Staff list", "row 1")
    assert table.text == "| Name | Note |\n| --- | --- |\n| Ann | a, b; c |"
    assert table.place == "row 3"


def test_json_is_text_by_entry_and_broken_json_is_plain_text(read):
    assert [(e.text, e.place) for e in read("a.json", '{"a": {"b": 1}, "c": "é"}').elements] == [
        ('"a": {\n  "b": 1\n}', "entry a"),
        ('"c": "é"', "entry c"),
    ]
    assert read("a.json", '{"a": ').text == '{"a":'
