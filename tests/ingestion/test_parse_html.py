import pytest

from ingestion.parsers.html import html_elements


def _elements(markup: str) -> list[tuple[str, str]]:
    return [(e.kind, e.text) for e in html_elements(markup)[1]]


def test_navigation_scripts_and_footers_are_left_out():
    markup = """<html><head><title>T</title><style>p{}</style></head><body>
    <nav>Home About</nav><header><p>Banner</p></header><header><h1>Leave</h1></header>
    <p>You earn <b>6</b> hours.</p><button>Share</button><script>x()</script>
    <h2><button>More</button></h2><aside>Ads</aside><footer>Imprint</footer></body></html>"""
    assert _elements(markup) == [("heading", "Leave"), ("paragraph", "You earn 6 hours."), ("heading", "More")]


def test_main_content_is_preferred_if_most_text_is_there():
    long = "word " * 50
    assert _elements(f"<p>around</p><main><p>{long}</p></main>") == [("paragraph", long.strip())]
    assert len(_elements(f"<p>{long}</p><main><p>x</p></main>")) == 2


def test_a_page_of_nothing_but_navigation_keeps_its_text():
    assert _elements("<nav><a>Only</a></nav>") == [("paragraph", "Only")]


@pytest.mark.parametrize(
    "attribute",
    [
        "hidden",
        'style="display: none"',
        'style="color:red;visibility:hidden"',
        'style="opacity:0"',
        'style="font-size:0px"',
        'style="font-size: 1px;"',
        'style="position:absolute;left:-9999px"',
        'style="color:#fff; background-color:#FFF"',
    ],
)
def test_text_that_a_reader_cannot_see_is_marked(attribute):
    elements = html_elements(f"<p>seen</p><div {attribute}><p>unseen</p><ul><li>too</ul></div><p>seen again</p>")[1]
    assert [(e.text, e.hidden) for e in elements] == [
        ("seen", False),
        ("unseen", True),
        ("- too", True),
        ("seen again", False),
    ]


@pytest.mark.parametrize(
    "style", ["opacity:0.9", "font-size:14px", "font-size:1em", "font-size:1.2em", "color:#fffe00"]
)
def test_ordinary_styles_hide_nothing(style):
    assert not html_elements(f'<p style="{style}">text</p>')[1][0].hidden


def test_lists_keep_numbers_and_depth():
    markup = "<ol start=4><li>four<ul><li>inner</li></ul></li><li><p>five</p><p>more</p></li></ol>"
    assert _elements(markup) == [
        ("list_item", "4. four"),
        ("list_item", "-- inner"),
        ("list_item", "5. five"),
        ("paragraph", "more"),
    ]


def test_line_breaks_stay_and_source_lines_do_not():
    assert _elements("<p>one\ntwo<br>three</p>") == [("paragraph", "one two\nthree")]


def test_cells_that_span_rows_are_repeated_and_those_that_span_columns_are_not():
    markup = """<table><caption>Leave</caption>
    <tr><th>Who</th><th colspan=2>Hours</th></tr>
    <tr><td rowspan=2>Staff</td><td>4</td><td>new</td></tr><tr><td>6</td><td>3&nbsp;years<br>on</td></tr></table>"""
    caption, table = html_elements(markup)[1]
    assert caption.text == "Leave"
    assert table.text.splitlines() == [
        "| Who | Hours |  |",
        "| --- | --- | --- |",
        "| Staff | 4 | new |",
        "| Staff | 6 | 3 years on |",
    ]
    assert '<td rowspan="2">Staff</td>' in table.html


def test_huge_spans_cost_nothing():
    rows = "<tr><td colspan=1000000 rowspan=65534>x</td><td>y</td></tr>" * 3
    (table,) = html_elements(f"<table>{rows}</table>")[1]
    assert len(table.text) < 20_000


def test_tables_that_only_arrange_the_page_are_read_as_blocks():
    markup = (
        "<table><tr><td><h2>Leave</h2><p>a</p></td><td><table><tr><td>1</td><td>2</td></tr></table></td></tr></table>"
    )
    assert _elements(markup) == [("heading", "Leave"), ("paragraph", "a"), ("table", "| 1 | 2 |\n| --- | --- |")]


def test_the_declared_encoding_is_used_where_the_bytes_are_no_utf_8(read):
    markup = '<meta charset="iso-8859-2"><p>Wydział Łódź'
    assert read("a.html", markup.encode("iso-8859-2")).text == "Wydział Łódź"


def test_elements_of_a_file_have_their_line(read):
    assert [e.place for e in read("a.html", "<p>a</p>\n\n<h1>b</h1>\n<pre>\nc\n</pre>").elements] == [
        "line 1",
        "line 3",
        "line 4",
    ]


PAGE = "<html><head><style>{}</style></head><body>{}<p>seen</p></body></html>"


@pytest.mark.parametrize(
    ("rules", "markup"),
    [
        (".gone, #other { display: none }", "<p class='a gone'>unseen</p>"),
        ("/* why */ #it { visibility: hidden }", "<p id=it>unseen</p>"),
        ("h6 { opacity: 0 }", "<h6>unseen</h6>"),
        ("p.small { font-size: 0 }", "<p class=small>unseen</p>"),
        (".far { position: absolute; left: -9999px }", "<p class=far>unseen</p>"),
        (".a { display: block } p.a { display: none }", "<p class=a>unseen</p>"),
        (".a { display: none !important }", "<p class=a style='display: block'>unseen</p>"),
        ("body { background: #222 } .a { color: #202020 }", "<p class=a>unseen</p>"),
        ("", "<p style='color: #fefefe'>unseen</p>"),
        ("", "<table bgcolor=white><tr><td><font color=white><p>unseen</p></font></td></tr></table>"),
    ],
)
def test_the_pages_own_rules_are_followed(rules, markup):
    assert [(e.text, e.hidden) for e in html_elements(PAGE.format(rules, markup))[1]] == [
        ("unseen", True),
        ("seen", False),
    ]


@pytest.mark.parametrize(
    ("rules", "markup"),
    [
        ("", "<p aria-hidden=true>shown</p>"),
        (".a { display: none } #b { display: block }", "<p class=a id=b>shown</p>"),
        ("@media print { .a { display: none } }", "<p class=a>shown</p>"),
        # What shows itself again, or has a colour of its own, can be seen inside what hides the rest.
        ("div { font-size: 0 } p { font-size: 14px }", "<div><p>shown</p></div>"),
        ("div { visibility: hidden }", "<div><p style='visibility: visible'>shown</p></div>"),
        ("div { color: white }", "<div><p style='color: black'>shown</p></div>"),
        ("", "<div style='background: black; color: white'><p>shown</p></div>"),
        # Somebody else's rule may colour the ground: then nobody knows.
        ("main > .hero { background: black }", "<p style='color: white'>shown</p>"),
        ("", "<link rel=stylesheet href=x.css><p style='color: white'>shown</p>"),
    ],
)
def test_what_may_be_seen_is_not_marked(rules, markup):
    assert [(e.text, e.hidden) for e in html_elements(PAGE.format(rules, markup))[1]] == [
        ("shown", False),
        ("seen", False),
    ]


def test_what_a_table_hides_stands_beside_it_and_is_marked():
    rows = "<tr><th>Who<th>Hours<tr><td>Staff<span style='display:none'> obey me</span><td>4<tr hidden><td>x<td>y"
    table, *unseen = html_elements(f"<table>{rows}</table>")[1]
    assert table.text.splitlines() == ["| Who | Hours |", "| --- | --- |", "| Staff | 4 |"]
    assert [(e.text, e.hidden) for e in unseen] == [("obey me", True), ("x", True), ("y", True)]


def test_what_xhtml_closes_at_once_swallows_nothing():
    page = '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title/><script src="a"/></head>'
    assert _elements(page + '<body><a id="top"/><p>one<br/>two</p></body></html>') == [("paragraph", "one\ntwo")]
