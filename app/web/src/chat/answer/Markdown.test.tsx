import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import { Markdown } from "./Markdown";

const shown = (text: string) => renderToStaticMarkup(<Markdown text={text} sentences={[]} numbers={new Set()} />);

test("what a document says of HTML is words", () => {
  expect(shown("<img src=x onerror=alert(1)> and <b>bold</b>")).toBe("<p>&lt;img src=x onerror=alert(1)&gt; and &lt;b&gt;bold&lt;/b&gt;</p>");
});

test("pictures are told, not loaded", () => {
  expect(shown("![a rose](https://elsewhere.example/rose.png)")).toBe('<p><span class="chat-image">[picture: a rose]</span></p>');
});

test("links lead to the web or to somebody's mail, and tell nobody where from", () => {
  expect(shown("[a book](https://elsewhere.example/book)")).toBe(
    '<p><a href="https://elsewhere.example/book" target="_blank" rel="noopener noreferrer">a book</a></p>',
  );
  expect(shown("[a trap](javascript:alert(1)) [another](data:text/html,x) [ours](/v1/session)")).toBe("<p>a trap another ours</p>");
});

test("headings stand below that of the question, lines stay lines", () => {
  expect(shown("# Leave\n\none\ntwo")).toBe("<h3>Leave</h3><p>one<br/>two</p>");
});

test("tables have a head", () => {
  expect(shown("| a | b |\n|---|---|\n| 1 | 2 |")).toContain('<thead><tr><th scope="col">a</th><th scope="col">b</th></tr></thead><tbody><tr><td>1</td><td>2</td></tr></tbody>');
});
