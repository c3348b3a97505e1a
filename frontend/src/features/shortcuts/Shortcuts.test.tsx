import { act, cleanup, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { afterEach, expect, test } from "vitest";
import { stage } from "../../app/stage";
import { useSingleKeys } from "../../ui/keyboard";
import { Shortcuts } from "./Shortcuts";

afterEach(() => {
  cleanup();
  act(() => useSingleKeys.getState().choose(true));
});

function Held() {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <input aria-label="field" />
      <Shortcuts open={isOpen} onOpenChange={setOpen} />
    </>
  );
}

const list = () => screen.queryByRole("dialog", { name: "Keyboard shortcuts" });

test("a question mark shows the list, unless it is typed", async () => {
  const user = userEvent.setup();
  stage(<Held />);
  await user.type(screen.getByLabelText("field"), "why?");
  expect(list()).toBeNull();
  expect(screen.getByLabelText<HTMLInputElement>("field").value).toBe("why?");
  act(() => screen.getByLabelText("field").blur());
  await user.keyboard("?");
  expect(list()?.textContent).toContain("Go to a chat or a person");
  await user.keyboard("{Escape}");
  expect(list()).toBeNull();
});

test("a single key can be turned off; the one with Ctrl stays, also while something is typed", async () => {
  const user = userEvent.setup();
  stage(<Held />);
  act(() => useSingleKeys.getState().choose(false));
  await user.keyboard("?");
  expect(list()).toBeNull();
  await user.click(screen.getByLabelText("field"));
  await user.keyboard("{Control>}/{/Control}");
  expect(list()?.textContent).not.toContain("while nothing is typed");
});
