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
