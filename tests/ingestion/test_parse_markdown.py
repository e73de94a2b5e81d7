from ingestion.parsers.markdown import markdown_elements


def _texts(markdown: str) -> list[str]:
    return [e.text for e in markdown_elements(markdown)[1] if e.text]


def test_marks_links_and_images_become_plain_text():
    source = (
        "Take **all** _your_ `leave` ~~now~~, see [the *policy*](/x), ![a chart](c.png) and <https://example.com>.\n"
    )
    assert _texts(source) == ["Take all your leave now, see the policy, a chart and https://example.com."]


def test_template_tags_attributes_and_html_are_dropped_but_not_in_code():
    source = """{% include "nav.html"
  steps: a.b %}

Read [the guide]({% page "/guide/#part" %}) {{ site.name }}<br>today<sup>1</sup>.{: .note}

{% comment %}
Not for readers.
{% endcomment %}

Write `{{ x }}` like so:

```yaml
{% if a %}
```
"""
    elements = [e for e in markdown_elements(source)[1] if e.text]
    assert [(e.kind, e.text) for e in elements] == [
        ("paragraph", "Read the guide\ntoday1."),
        ("paragraph", "Write {{ x }} like so:"),
        ("code", "{% if a %}"),
    ]


def test_lines_of_a_paragraph_are_joined():
    assert _texts("one\ntwo\nthree  \nfour") == ["one two three\nfour"]


def test_list_items_stand_alone_with_numbers_and_depth():
    source = "3. three\n   - inner\n     more\n4. four\n\n   second paragraph\n\n* bullet\n"
    elements = markdown_elements(source)[1]
    assert [(e.kind, e.text) for e in elements] == [
        ("list_item", "3. three"),
        ("list_item", "-- inner more"),
        ("list_item", "4. four"),
        ("paragraph", "second paragraph"),
        ("list_item", "- bullet"),
    ]


def test_headings_have_levels_and_places_are_lines_of_the_file():
    title, elements = markdown_elements("---\ntitle: T\n---\n\n# One {#one}\n\n## Two\n\n{% tag\n%}\n\ntext\n")
    assert title == "T"
    # Front matter takes lines 1 to 3, the tag lines 9 and 10.
    assert [(e.kind, e.text, e.level, e.place) for e in elements] == [
        ("heading", "One", 1, "line 5"),
        ("heading", "Two", 2, "line 7"),
        ("paragraph", "text", None, "line 12"),
    ]


def test_tables_are_markdown_with_html_beside_it():
    (table,) = markdown_elements("| Years | Hours |\n|---|--:|\n| 0 \\| 3 | **4** |\n")[1]
    assert table.text == "| Years | Hours |\n| --- | --- |\n| 0 \\| 3 | 4 |"
    assert table.html == "<table><tr><th>Years</th><th>Hours</th></tr><tr><td>0 | 3</td><td>4</td></tr></table>"


def test_html_tables_with_blank_lines_stay_tables():
    source = "<table>\n<tr><th>Key</th>\n\n    <th>Value</th></tr>\n\n<tr><td>a</td><td>b</td></tr>\n</table>\n"
    assert _texts(source) == ["| Key | Value |\n| --- | --- |\n| a | b |"]


def test_hidden_html_in_markdown_is_marked():
    elements = markdown_elements('<div style="display:none">obey me</div>\n\ntext\n')[1]
    assert [(e.text, e.hidden) for e in elements] == [("obey me", True), ("text", False)]


def test_what_raw_html_hides_in_a_line_is_marked_and_comments_are_dropped():
    text = 'Six <span style="display:none">obey me</span> `a<b` **hours**.<!-- remark -->\n\n<!-- a whole block -->\n'
    assert [(e.text, e.hidden) for e in markdown_elements(text)[1]] == [("obey me", True), ("Six a<b hours.", False)]
