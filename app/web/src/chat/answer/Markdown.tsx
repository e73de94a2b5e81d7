import { createElement, Fragment, memo, type ReactNode } from "react";
import { VisuallyHidden } from "@mantine/core";
import type { Nodes, Table, Text } from "mdast";
import type { Sentence } from "../attempt";
import { CitationMark } from "./CitationMark";
import { treeOf } from "./markdown";
import { aligned, cut, doubtsOf, type Doubt, type Piece } from "./marks";
import { doubtWords, safeAddress } from "./words";

interface MarkdownProps {
  text: string;
  sentences: readonly Sentence[];
  /** Those of the marks [n] that lead somewhere. */
  numbers: ReadonlySet<number>;
}

/** The words of an answer, with its marks, and with what its sources do not bear out underlined. */
export const Markdown = memo(function Markdown({ text, sentences, numbers }: MarkdownProps) {
  return <>{shown(treeOf(text), { source: text, doubts: doubtsOf(text, sentences), numbers, linked: false })}</>;
});

interface Context {
  source: string;
  doubts: readonly Doubt[];
  numbers: ReadonlySet<number>;
  /** Within a link: a button there could not be pressed. */
  linked: boolean;
}

// What scrolls sideways has to be reached by keyboard.
const REACHED = { tabIndex: 0 };
const NO_NUMBERS: ReadonlySet<number> = new Set();

/** Show a node. What is not named here is not shown: words of others get no more than this. */
function shown(node: Nodes, context: Context): ReactNode {
  switch (node.type) {
    case "text": return words(node, context);
    case "paragraph": return <p>{within(node, context)}</p>;
    // The question above is a heading of the second order.
    case "heading": return createElement(`h${Math.min(node.depth + 2, 6)}`, null, within(node, context));
    case "strong": return <strong>{within(node, context)}</strong>;
    case "emphasis": return <em>{within(node, context)}</em>;
    case "delete": return <del>{within(node, context)}</del>;
    case "blockquote": return <blockquote>{within(node, context)}</blockquote>;
    case "list": return node.ordered ? <ol start={node.start ?? 1}>{within(node, context)}</ol> : <ul>{within(node, context)}</ul>;
    case "listItem": return <li>{node.children.map((child, n) => keyed(n, child.type === "paragraph" && !node.spread ? within(child, context) : shown(child, context)))}</li>;
    case "inlineCode": return <code>{node.value}</code>;
    case "code": return <pre {...REACHED}><code>{node.value}</code></pre>;
    case "break": return <br />;
    case "thematicBreak": return <hr />;
    case "link": return linked(node.url, within(node, { ...context, linked: true }));
    // Nothing is loaded from where a text says: whoever serves it would learn that it was read.
    case "image": return <span className="chat-image">[picture{node.alt ? `: ${node.alt}` : ""}]</span>;
    case "table": return table(node, context);
    default: return "children" in node ? within(node, context) : null;
  }
}

function within(node: { children: readonly Nodes[] }, context: Context): ReactNode {
  return node.children.map((child, n) => keyed(n, shown(child, context)));
}

function keyed(key: number, content: ReactNode): ReactNode {
  return <Fragment key={key}>{content}</Fragment>;
}

function linked(address: string, content: ReactNode): ReactNode {
  const safe = safeAddress(address);
  return safe ? <a href={safe} target="_blank" rel="noopener noreferrer">{content}</a> : content;
}

function table({ children: [head, ...rows] }: Table, context: Context): ReactNode {
  return (
    <div className="chat-table" role="group" aria-label="Table" {...REACHED}>
      <table>
        <thead><tr>{head?.children.map((cell, n) => keyed(n, <th scope="col">{within(cell, context)}</th>))}</tr></thead>
        <tbody>
          {rows.map((row, n) => keyed(n, <tr>{row.children.map((cell, place) => keyed(place, <td>{within(cell, context)}</td>))}</tr>))}
        </tbody>
      </table>
    </div>
  );
}

function words({ value, position }: Text, { source, doubts, numbers, linked: isLinked }: Context): ReactNode {
  const from = position?.start.offset;
  const offsets = from === undefined ? [] : aligned(value, source.slice(from, position?.end.offset), from);
  const pieces = cut(value, offsets, from === undefined ? [] : doubts, isLinked ? NO_NUMBERS : numbers);
  return pieces.map((piece, n) => keyed(n, pieceShown(piece)));
}

function pieceShown(piece: Piece): ReactNode {
  if ("number" in piece) return <CitationMark number={piece.number} />;
  const lines = piece.text.split("\n").map((line, n) => keyed(n, <>{n > 0 && <br />}{line}</>));
  if (!piece.doubt) return lines;
  const { verdict, missing } = piece.doubt;
  const said = doubtWords(verdict, missing);
  return (
    <span className={`chat-${verdict}`} title={said}>
      {lines}
      {piece.last && <VisuallyHidden component="span"> ({said}) </VisuallyHidden>}
    </span>
  );
}
