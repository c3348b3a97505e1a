import type { Element, Nodes, Parents } from "hast";
import ReactMarkdown, { type Components } from "react-markdown";
import rehypeSanitize from "rehype-sanitize";
import { grammar } from "../../lib/grammar";
import { safeAddress } from "../../lib/markup";
import styles from "./Markdown.module.css";

const blocks = ["p", "blockquote", "pre", "ul", "ol", "li", "hr", "h1", "h2", "h3", "h4", "h5", "h6"];
const tables = ["table", "thead", "tbody", "tr", "th", "td"];
const spans = ["strong", "em", "del", "code", "a", "br", "img"];

/** What the sanitizer lets through. Pictures become links below. */
const schema = {
  tagNames: [...blocks, ...tables, ...spans],
  attributes: { a: ["href"], img: ["src", "alt"], ol: ["start"], th: ["align"], td: ["align"] },
  protocols: { href: ["http", "https", "mailto"], src: ["http", "https"] },
};

/** HTML in a text is text, and has to become so before the sanitizer takes it out. Breaks between blocks are no breaks. */
function prepare() {
  return (tree: Nodes) => prepareBelow(tree);
}

const holders = new Set(["root", "ul", "ol", "li", "blockquote"]);

function prepareBelow(node: Nodes): void {
  if (!("children" in node)) return;
  const parent = node as Parents;
  const isHolder = holders.has(parent.type === "element" ? parent.tagName : parent.type);
  const kept = parent.children.filter((child) => !(isHolder && child.type === "text" && child.value === "\n"));
  parent.children = kept.map((child) =>
    (child.type as string) === "raw" ? { type: "text", value: (child as unknown as { value: string }).value } : child,
  ) as Element[];
  for (const child of parent.children) prepareBelow(child as Nodes);
}

function Link({ address, children }: { address: string | undefined; children?: React.ReactNode }) {
  const href = safeAddress(address);
  if (!href) return <>{children}</>;
  return (
    <a href={href} target="_blank" rel="noopener noreferrer" title={href}>
      {children}
    </a>
  );
}

/** A heading in a message is a strong line: the page's outline is not the writer's. */
function Heading({ children }: { children?: React.ReactNode }) {
  return <p className={styles.heading}>{children}</p>;
}

const components: Components = {
  a: ({ href, children }) => <Link address={href}>{children}</Link>,
  img: ({ src, alt }) => <Link address={typeof src === "string" ? src : undefined}>{alt || String(src ?? "")}</Link>,
  h1: Heading,
  h2: Heading,
  h3: Heading,
  h4: Heading,
  h5: Heading,
  h6: Heading,
  pre: ({ children }) => (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: code that is too wide is scrolled by keys
    <pre tabIndex={0}>{children}</pre>
  ),
  table: ({ children }) => (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a table that is too wide is scrolled by keys
    <div className={styles.wide} tabIndex={0}>
      <table>{children}</table>
    </div>
  ),
};

/**
 * A text with its formatting: GitHub's Markdown without HTML, pictures and foot notes. Elements are built, no markup is
 * inserted; links lead to http, https and mailto only.
 */
export function Markdown({ text }: { text: string }) {
  return (
    <div className={styles.text}>
      <ReactMarkdown
        remarkPlugins={grammar}
        rehypePlugins={[prepare, [rehypeSanitize, schema]]}
        components={components}
      >
        {text}
      </ReactMarkdown>
    </div>
  );
}
