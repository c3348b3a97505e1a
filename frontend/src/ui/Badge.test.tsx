import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";
import { Badge } from "./Badge";

afterEach(cleanup);

test.each([
  [1, "1"],
  [99, "99"],
  [100, "99+"],
  [12_345, "99+"],
])("%i is shown as %s, and said in words", (count, shown) => {
  render(<Badge count={count} label={`${count} unread messages`} />);
  expect(screen.getByText(shown).getAttribute("aria-hidden")).toBe("true");
  expect(screen.getByText(`${count} unread messages`)).toBeTruthy();
});

test("none is shown for nothing", () => {
  const { container } = render(<Badge count={0} label="no unread messages" />);
  expect(container.childElementCount).toBe(0);
});
