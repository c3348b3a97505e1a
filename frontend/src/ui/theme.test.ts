import { expect, test } from "vitest";
import { useTheme } from "./theme";

test("the window around the page has the colours of the theme that was chosen, or of the system", () => {
  document.head.innerHTML = `<meta name="theme-color" content="#fff" data-theme="light" />
    <meta name="theme-color" content="#000" data-theme="dark" />`;
  const media = () => [...document.querySelectorAll("meta")].map((meta) => meta.media);
  const { choose } = useTheme.getState();
  choose("dark");
  expect(media()).toEqual(["not all", "all"]);
  choose("light");
  expect(media()).toEqual(["all", "not all"]);
  choose("system");
  expect(media()).toEqual(["(prefers-color-scheme: light)", "(prefers-color-scheme: dark)"]);
});
