import { render } from "@testing-library/react";
import type { ReactNode } from "react";
import { IntlProvider } from "react-intl";
import { vi } from "vitest";
import type { Message } from "../../lib/log";
import type { Say } from "../../lib/text";
import { type Actions, ActionsContext } from "./actions";
import { FakeServer } from "./fakeServer";
import { createFormat } from "./format";
import { Receipts } from "./receipts";

const say: Say = ({ defaultMessage }) => String(defaultMessage);

/** Shows a part of a conversation with a server in memory, and gives what the part does. */
export function showPart(part: ReactNode, server = new FakeServer()) {
  const drafts = new Map<string, string>();
  const actions = {
    receipts: new Receipts(server.source),
    copy: vi.fn(),
    edit: vi.fn(),
    draft: (message: Message) => drafts.get(message.id) ?? message.content,
    keep: (message: Message, text: string) => void drafts.set(message.id, text),
    save: vi.fn(() => Promise.resolve()),
    remove: vi.fn(),
    retry: vi.fn(),
    discard: vi.fn(),
    person: (id: string) => server.members.find((one) => one.id === id),
    format: createFormat(say, new Date(), "en-GB"),
  } satisfies Actions;
  const whole = (children: ReactNode) => (
    <IntlProvider locale="en">
      <ActionsContext value={actions}>{children}</ActionsContext>
    </IntlProvider>
  );
  const { rerender } = render(whole(part));
  return { actions, server, again: (children: ReactNode) => rerender(whole(children)) };
}
