import { renderHook, waitFor } from "@testing-library/react";
import { expect, test } from "vitest";
import { lineOf, useLine } from "./line";

test.each([
  ["hello", "hello"],
  ["see\n you ", "see you"],
  ["**both** of *them*, ~~gone~~ and `code`", "both of them, gone and code"],
  ["~kept~ and 2 * 3 * 4", "~kept~ and 2 * 3 * 4"],
  ["# Loud\n\nand quiet", "Loud and quiet"],
  ["- one\n- two\n\n1. three", "one two three"],
  ["- [x] done\n- [ ] to do", "done to do"],
  ["> said\n\nanswered", "said answered"],
  ["run\n\n```sh\nchat migrate\n```", "run chat migrate"],
  ["over  \nthere", "over there"],
  ["[the wiki](https://example.org/wiki) https://example.org/a_b_c", "the wiki https://example.org/a_b_c"],
  ["![a cat](https://example.org/cat.png) ![](https://example.org/dog.png)", "a cat https://example.org/dog.png"],
  ["| a | b |\n|---|---|\n| 1 | **2** |", "a b 1 2"],
  ["*<b>bold</b>* &amp; \\*kept\\*", "<b>bold</b> & *kept*"],
  ["<script>\nalert(1)\n</script>\n\n_done_", "<script> alert(1) </script> done"],
  ["snake_case_name", "snake_case_name"],
  ["***", "***"],
  ["**", "**"],
  ["[a]: https://example.org", "[a]: https://example.org"],
  [" ", ""],
])("%j in one line", async (text, line) => {
  expect(await lineOf(text)).toBe(line);
});

test("a line has 200 characters of however much was written", async () => {
  expect(await lineOf(`**${"x".repeat(300)}** and`)).toBe("x".repeat(200));
  expect((await lineOf("- ".repeat(40_000))).length).toBe(200);
});

test("a component has the line as soon as the parser is there, and at once where none is needed", async () => {
  const { result, rerender } = renderHook(({ text }) => useLine(text), { initialProps: { text: "plain\ntext" } });
  expect(result.current).toBe("plain text");
  rerender({ text: "**both**" });
  await waitFor(() => expect(result.current).toBe("both"));
  rerender({ text: "_again_" });
  expect(result.current).toBe("again");
});
