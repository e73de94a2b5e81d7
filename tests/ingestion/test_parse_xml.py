import pytest

from retrieval.errors import ResourceLimitError, UnreadableError


def test_records_become_a_table_and_titles_headings(read):
    document = read(
        "a.xml",
        '<?xml version="1.0"?>\n<x:store xmlns:x="urn:x" name="Main">\n<title>Stock</title>\n'
        "<items><item id='1'><name>Chair</name><price>4</price></item>\n"
        "<item id='2'><name>Desk &amp; lamp</name></item></items>"
        "<note>A <b>bold</b> word.</note><phone type='work'>123</phone></x:store>",
    )
    assert [(e.kind, e.text, e.place) for e in document.elements] == [
        ("paragraph", "store: name Main", "line 2"),
        ("heading", "Stock", "line 3"),
        ("table", "| id | name | price |\n| --- | --- | --- |\n| 1 | Chair | 4 |\n| 2 | Desk & lamp |  |", "line 4"),
        ("paragraph", "A bold word.", "line 5"),
        ("paragraph", "phone: 123 — type work", "line 5"),
    ]


@pytest.mark.parametrize(
    "feed",
    [
        "<rss><channel><title>News</title><item><title>Leave</title><pubDate>Mon</pubDate>"
        "<description>&lt;p&gt;Six &lt;b&gt;hours&lt;/b&gt;&lt;/p&gt;</description></item></channel></rss>",
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>News</title><entry><title>Leave</title><updated>Mon</updated>'
        '<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Six <b>hours</b></p></div></content>'
        "</entry></feed>",
    ],
    ids=["RSS", "Atom"],
)
def test_feeds_are_read_entry_by_entry(read, feed):
    document = read("a.xml", '<?xml version="1.0"?>' + feed)
    assert document.title == "News"
    assert [(e.kind, e.text.rpartition(": ")[2]) for e in document.elements] == [
        ("heading", "News"),
        ("heading", "Leave"),
        ("paragraph", "Mon"),
        ("paragraph", "Six hours"),
    ]


def test_a_workbook_in_xml_is_read_as_sheets(read):
    cell = '<Cell><Data ss:Type="String">{}</Data></Cell>'
    row = "<Row>" + cell.format("Item") + '<Cell ss:Index="3"><Data ss:Type="String">Cost</Data></Cell></Row>'
    document = read(
        "report.xls",
        '<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"'
        ' xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="Budget"><Table>'
        f"{row}<Row>{cell.format('Chair')}{cell.format('new')}{cell.format('4')}</Row></Table></Worksheet></Workbook>",
    )
    assert [e.text for e in document.elements] == [
        "Budget",
        "| Item |  | Cost |\n| --- | --- | --- |\n| Chair | new | 4 |",
    ]


def test_other_encodings_are_read(read):
    assert (
        read("a.xml", '<?xml version="1.0" encoding="utf-16"?><a><b>Größe</b></a>'.encode("utf-16")).text == "b: Größe"
    )


def test_entities_are_never_fetched_or_multiplied(read):
    bomb = '<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(10)
    )
    foreign = '<!ENTITY x SYSTEM "file:///etc/hostname">'
    with pytest.raises(ResourceLimitError, match="entity bomb"):
        read("a.xml", f'<?xml version="1.0"?>{bomb}]><d><t>a &k; b</t></d>')
    assert read("a.xml", f'<?xml version="1.0"?><!DOCTYPE d [{foreign}]><d><t>a &x; b</t></d>').text == "t: a b"


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        ("<?xml version='1.0'?><a><b></a>", UnreadableError, "damaged"),
        ("<?xml version='1.0'?>" + "<a>" * 5_000 + "</a>" * 5_000, ResourceLimitError, "nested too deeply"),
    ],
)
def test_broken_xml_says_why(read, content, error, words):
    with pytest.raises(error, match=words):
        read("a.xml", content)
