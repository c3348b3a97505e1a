import type { Nodes } from "mdast";
import remarkParse from "remark-parse";
import { unified } from "unified";
import { grammar } from "./grammar";

const parser = unified().use(remarkParse).use(grammar).freeze();

/** A message without its marks, as the one that is formatted reads. What consists of marks alone stays as it is. */
export function plainText(text: string): string {
  return textOf(parser.parse(text)).trim() || text;
}

/** What is below stands in lines or cells of their own, between which is a space. */
const apart = new Set(["root", "blockquote", "list", "listItem", "table", "tableRow", "footnoteDefinition"]);

function textOf(node: Nodes): string {
  if ("value" in node) return node.value; // also HTML, which is text here
  if ("children" in node) return node.children.map(textOf).join(apart.has(node.type) ? " " : "");
  if (node.type === "image") return node.alt || node.url;
  if (node.type === "imageReference") return node.alt ?? "";
  return node.type === "break" ? " " : "";
}
