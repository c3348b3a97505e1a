import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, describe, expect, test } from "vitest";
import { hasMarkup, safeAddress } from "../../lib/markup";
import { MessageText } from "./MessageText";
import { payloads } from "./payloads";

afterEach(cleanup);

const allowed = new Set(
  "P STRONG EM DEL CODE PRE BLOCKQUOTE UL OL LI A BR HR TABLE THEAD TBODY TR TH TD DIV".split(" "),
);

async function show(text: string) {
  const { container } = render(<MessageText text={text} />);
  if (hasMarkup(text)) await expect.poll(() => container.querySelector("div > div")).toBeTruthy();
  return container;
}

test.each([
  ["**strong** and *leaning* and ~~gone~~", "STRONG EM DEL"],
  ["`code`", "CODE"],
  ["- one\n- two", "UL LI LI"],
  ["3. three", "OL LI"],
  ["> said", "BLOCKQUOTE P"],
  ["```\nlet a = 1;\n```", "PRE CODE"],
  ["# loud", "P"],
])("formats %j", async (text, names) => {
  const container = await show(text);
  const found = [...container.querySelectorAll("div > div *")].map((element) => element.tagName);
  expect(found.filter((name) => name !== "P" || names.includes("P")).join(" ")).toBe(names);
});

test.each(["hello", "a\nb", "2 < 3 & 4", "it's 5 o'clock :-)", "say #1", "1.5 apples", "a - b"])(
  "%j has nothing to format",
  (text) => {
    expect(hasMarkup(text)).toBe(false);
    render(<MessageText text={text} />);
    expect(screen.getByText((_, element) => element?.tagName === "P" && element.textContent === text)).toBeTruthy();
  },
);

test("links leave the page without telling it", async () => {
  const container = await show("see https://example.org/a_b, [here](mailto:ann@example.org)");
  const links = [...container.querySelectorAll("a")];
  expect(links.map((link) => link.getAttribute("href"))).toEqual(["https://example.org/a_b", "mailto:ann@example.org"]);
  for (const link of links) {
    expect(link.getAttribute("target")).toBe("_blank");
    expect(link.getAttribute("rel")).toBe("noopener noreferrer");
  }
});

test("pictures are links, and HTML is text", async () => {
  const container = await show("![a cat](https://example.org/cat.png) and *<b>bold</b>*");
  expect(container.querySelector("img, b")).toBeNull();
  expect(container.querySelector("a")?.textContent).toBe("a cat");
  expect(container.textContent).toContain("<b>bold</b>");
});

describe("what attackers write", () => {
  test.each(payloads.map((text) => [text.slice(0, 60), text]))("%j only stands there", async (_, text) => {
    const container = await show(text);
    for (const element of container.querySelectorAll("*")) {
      expect(allowed).toContain(element.tagName);
      for (const { name, value } of element.attributes) {
        expect(["class", "href", "target", "rel", "title", "tabindex", "start", "align"]).toContain(name);
        if (name === "href") expect(value).toMatch(/^(https?|mailto):/);
      }
    }
  });

  test("HTML is shown to the letter", async () => {
    for (const text of payloads.filter((one) => one.startsWith("<") && !one.startsWith("<https"))) {
      const container = await show(text);
      expect(container.textContent, text).toBe(text);
      cleanup();
    }
  });
});

test("what would take long to format is shown as it is", () => {
  for (const text of ["*a ".repeat(2000), "[".repeat(500), "> ".repeat(50), "1. ".repeat(50), "`a`".repeat(3000)]) {
    expect(hasMarkup(text)).toBe(false);
  }
});

test("addresses", () => {
  expect(safeAddress("https://example.org")).toBe("https://example.org/");
  for (const bad of [
    "javascript:alert(1)",
    " javascript:alert(1)",
    "data:,x",
    "/auth",
    "//x.example",
    "file:///x",
    "",
  ]) {
    expect(safeAddress(bad), bad).toBeUndefined();
  }
});
