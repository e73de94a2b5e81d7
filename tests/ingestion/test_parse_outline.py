def _elements(document) -> list[tuple[str, str, int | None]]:
    return [(e.kind, e.text, e.level) for e in document.elements]


def test_org_keeps_headings_tables_and_text_and_drops_marks(read):
    document = read(
        "a.org",
        "#+TITLE: Leave rules\n# a comment\n* TODO Leave :hr:\n:PROPERTIES:\n:ID: 1\n:END:\nYou earn *six* hours, see"
        " [[http://x][the page]].\n| Who | Hours |\n|-----+-------|\n| Staff | 4 |\n"
        "** Sick\n#+BEGIN_SRC sh\nls\n#+END_SRC\n",
    )
    assert document.title == "Leave rules"
    assert _elements(document) == [
        ("heading", "Leave", 1),
        ("paragraph", "You earn six hours, see the page.", None),
        ("table", "| Who | Hours |\n| --- | --- |\n| Staff | 4 |", None),
        ("heading", "Sick", 2),
        ("paragraph", "ls", None),
    ]


def test_rst_levels_are_those_of_the_order_of_their_marks(read):
    document = read(
        "a.rst",
        "=====\nLeave\n=====\n\n.. a comment\n   that goes on\n\nYou earn **six** ``hours``, see `the page <http://x>`_.\n\n"
        "Sick\n----\n\n.. note::\n   :class: x\n\n   Stay home.\n\n.. image:: a.png\n\nMore\n----\n\n- one\n- two\n",
    )
    assert _elements(document) == [
        ("heading", "Leave", 1),
        ("paragraph", "You earn six hours, see the page.", None),
        ("heading", "Sick", 2),
        ("paragraph", "Stay home.", None),
        ("heading", "More", 2),
        ("list_item", "- one", None),
        ("list_item", "- two", None),
    ]
    assert [e.place for e in document.elements[:3]] == ["line 1", "line 8", "line 10"]


def test_calendars_and_cards_are_read_entry_by_entry(read):
    calendar = read(
        "a.ics",
        "BEGIN:VCALENDAR\r\nX-WR-CALNAME:Team\r\nBEGIN:VEVENT\r\nSUMMARY:Planning\\, part two\r\n"
        "DTSTART;TZID=Europe/Berlin:20260302T090000\r\nORGANIZER;CN=Ann:mailto:ann@example.com\r\n"
        "DESCRIPTION:Long li\r\n ne.\\nNext\r\nUID:1\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
    )
    assert calendar.title == "Team"
    assert [e.text for e in calendar.elements] == [
        "Planning, part two",
        "Start: 2026-03-02 09:00\nOrganiser: Ann <ann@example.com>\nDescription: Long line.\nNext",
    ]
    card = read("a.vcf", "BEGIN:VCARD\nVERSION:3.0\nFN:Ann Müller\nORG:Acme;Sales\nTEL;TYPE=work:123\nEND:VCARD\n")
    assert card.text == "Ann Müller\n\nOrganisation: Acme, Sales\nTelephone: 123"


def test_lines_of_json_and_settings_stay_code(read):
    lines = read("a.jsonl", '{"a": 1}\n\nnot json\n')
    assert [(e.kind, e.text, e.place) for e in lines.elements] == [
        ("code", '{\n  "a": 1\n}', "line 1"),
        ("code", "not json", "line 3"),
    ]
    settings = read("a.yaml", "a:\n  b: 1\n\nc: 2\n")
    assert [(e.text, e.place) for e in settings.elements] == [("a:\n  b: 1", "line 1"), ("c: 2", "line 4")]
