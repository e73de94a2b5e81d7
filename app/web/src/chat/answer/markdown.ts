// The words of an answer -> a tree of Markdown, with the parts of it that we let words of others have.
import type { Root } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmAutolinkLiteralFromMarkdown } from "mdast-util-gfm-autolink-literal";
import { gfmStrikethroughFromMarkdown } from "mdast-util-gfm-strikethrough";
import { gfmTableFromMarkdown } from "mdast-util-gfm-table";
import { gfmAutolinkLiteral } from "micromark-extension-gfm-autolink-literal";
import { gfmStrikethrough } from "micromark-extension-gfm-strikethrough";
import { gfmTable } from "micromark-extension-gfm-table";

// No HTML, no definitions that turn [1] into a link, nothing made of indentation or of a line below.
const DISABLED = ["htmlFlow", "htmlText", "definition", "codeIndented", "setextUnderline", "characterReference"];

const EXTENSIONS = [gfmTable(), gfmStrikethrough({ singleTilde: false }), gfmAutolinkLiteral(), { disable: { null: DISABLED } }];
const FROM_MARKDOWN = [gfmTableFromMarkdown(), gfmStrikethroughFromMarkdown(), gfmAutolinkLiteralFromMarkdown()];

/** Return the tree of a text. */
export function treeOf(text: string): Root {
  return fromMarkdown(text, { extensions: EXTENSIONS, mdastExtensions: FROM_MARKDOWN });
}
