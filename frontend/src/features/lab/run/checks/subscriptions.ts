import { LabEventsDocument } from "../../gql/graphql";
import { missing, openLedger, take } from "../../ledger";
import { texts } from "../../texts";
import { becomes, same } from "../expect";
import type { Check } from "../run";
import { follow, type World } from "../world";

/** How many rows are written while somebody is away. */
const meanwhile = 5;

/** So long (ms) a dropped connection stays away. */
const awayTime = 500;

export const subscriptionChecks: readonly Check<World>[] = [
  {
    name: texts.checkResume,
    async run({ ada, ben, group, send, seat }) {
      const chatId = await group(ben);
      const before = follow.events(seat(ben, { receiver: ada.instances.current("receiver").name }), chatId);
      const { seq } = await send(ada, chatId, "seen");
      await before.hears("chatEvents", { seq });
      before.close();
      for (let i = 0; i < meanwhile; i++) await send(ada, chatId, `${i}`);
      const after = follow.events(ben, chatId, seq);
      await after.hearsSoMany("chatEvents", meanwhile);
      await send(ada, chatId, "live again");
      await after.hearsSoMany("chatEvents", meanwhile + 1);
      same(
        "chatEvents.seq",
        after.heard.map((row) => row.seq),
        Array.from({ length: meanwhile + 1 }, (_, i) => seq + 1 + i),
      );
      after.close();
    },
  },
  {
    name: texts.checkDrop,
    async run({ ada, ben, group, send, seat }) {
      const chatId = await group(ben);
      const { live, close } = seat(ben, {});
      let ledger = openLedger(0);
      live.subscribe(LabEventsDocument, () => ({ chatId, afterSeq: ledger.cursor }), {
        next: ({ chatEvents }) => {
          ledger = take(ledger, chatEvents.seq);
        },
      });
      await send(ada, chatId, "connected");
      await becomes("chatEvents.seq", async () => ledger.cursor, 1);
      live.drop(awayTime);
      for (let i = 0; i < meanwhile; i++) await send(ada, chatId, `${i}`);
      await becomes("chatEvents.seq", async () => ledger.cursor, 1 + meanwhile);
      same("missing, doubled", [missing(ledger), ledger.doubled], [[], []]);
      close();
    },
  },
  {
    name: texts.checkReplay,
    async run({ ada, ben, group, send }) {
      const chatId = await group(ben);
      for (const content of ["one", "two"]) await send(ada, chatId, content);
      const ear = follow.events(ben, chatId);
      await ear.hearsSoMany("chatEvents", 2);
      same(
        "chatEvents.seq",
        ear.heard.map(({ seq }) => seq),
        [1, 2],
      );
      ear.close();
    },
  },
  {
    name: texts.checkResync,
    async run({ ben, group }) {
      const chatId = await group(ben);
      const ear = follow.events(ben, chatId, 1_000);
      same("chatEvents", (await ear.ends("chatEvents"))?.code, "RESYNC_REQUIRED");
    },
  },
];
