import { act, cleanup, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test } from "vitest";
import { chat, person } from "../../../api/chats/testData";
import { stage } from "../../../app/stage";
import { Switcher } from "./Switcher";

afterEach(cleanup);

const options = () => screen.queryAllByRole("option").map((one) => one.textContent);
const chosen = () => screen.getByRole("option", { selected: true }).textContent;

function show(people = [person("Zoe"), person("Bob")]) {
  const opened: unknown[] = [];
  const staged = stage(
    <>
      <button type="button">elsewhere</button>
      <Switcher openId="a" />
    </>,
    {
      answer: (operation, { userId }) => {
        if (operation === "SearchPeople") return { users: people };
        opened.push(userId);
        return {
          openDirectChat: chat("z", { name: "", chatType: "direct", participants: [person("Ann"), person("Zoe")] }),
        };
      },
    },
  );
  act(() =>
    staged.chats.putAll([
      chat("a", { name: "Team", updatedAt: "2026-01-04T00:00:00.000000Z" }),
      chat("b", { name: "The Zoo", updatedAt: "2026-01-03T00:00:00.000000Z" }),
      chat("c", { name: "Office", updatedAt: "2026-01-02T00:00:00.000000Z", unreadCount: 2 }),
    ]),
  );
  screen.getByRole("button", { name: "elsewhere" }).focus();
  return { ...staged, opened };
}

test("Ctrl K shows where one may go: the unread first, not where one is", async () => {
  const user = userEvent.setup();
  const { history } = show();
  await user.keyboard("{Control>}k{/Control}");
  expect(screen.getByRole("combobox")).toBe(document.activeElement);
  expect(options()).toEqual([expect.stringMatching(/Office.*2 unread/), expect.stringMatching(/The Zoo/)]);
  await user.keyboard("{ArrowDown}");
  expect(chosen()).toMatch(/The Zoo/);
  await user.keyboard("{ArrowDown}");
  expect(chosen()).toMatch(/Office/);
  await user.keyboard("{ArrowUp}{Enter}");
  expect(history.at(-1)).toBe("/c/b");
  expect(screen.queryByRole("combobox")).toBeNull();
});

test("a text finds chats and people; a person's chat is opened, or made", async () => {
  const user = userEvent.setup();
  const { history } = show();
  await user.keyboard("{Meta>}k{/Meta}zo");
  await waitFor(() => expect(options().length).toBe(3));
  expect(options()).toEqual([
    expect.stringMatching(/The Zoo/),
    expect.stringMatching(/Zoe/),
    expect.stringMatching(/Bob/),
  ]);
  await user.keyboard("{ArrowDown}{Enter}");
  await waitFor(() => expect(history.at(-1)).toBe("/c/z"));
});

test("Enter goes to whom was typed, also before the answer has come", async () => {
  const user = userEvent.setup();
  const { opened } = show([person("Walter"), person("Wanda")]);
  await user.keyboard("{Control>}k{/Control}wa");
  await waitFor(() => expect(options().length).toBe(2));
  await user.keyboard("x");
  expect(options()).toEqual([]);
  await user.keyboard("{Enter}{Backspace}n{Enter}");
  await waitFor(() => expect(opened).toEqual(["Wanda"]));
});

test("Escape gives the focus back", async () => {
  const user = userEvent.setup();
  const { history } = show();
  await user.keyboard("{Control>}k{/Control}");
  await user.keyboard("{Escape}");
  expect(screen.queryByRole("dialog")).toBeNull();
  await waitFor(() => expect(document.activeElement?.textContent).toBe("elsewhere"));
  expect(history).toEqual(["/"]);
});
