import { LabEventsDocument, LabSendDocument } from "../../gql/graphql";
import { texts } from "../../texts";
import { listen } from "../ear";
import type { Check } from "../run";
import type { World } from "../world";

/** How many messages go through each sender. */
const rounds = 10;

export const latencyChecks: readonly Check<World>[] = [
  {
    name: texts.checkLatency,
    /** Ada writes through each sender in turn, and Ben listens at every receiver. */
    async run({ config, ada, ben, group, seat, timings, key }) {
      const chatId = await group(ben);
      const ears = config.instances.receiver.map(({ name: receiver }) => {
        const at = seat(ben, { receiver });
        const ear = listen(at.live, LabEventsDocument, { chatId, afterSeq: 0 }, ({ chatEvents }) => {
          if (chatEvents.message) timings.arrive(chatEvents.message.id, { at: receiver, receiver, isLate: false });
          return chatEvents;
        });
        return { at, ear };
      });
      const senders = config.instances.sender.map(({ name: sender }) => seat(ada, { sender }));
      await ada.call(LabSendDocument, { chatId, content: "Is everybody there?" });
      for (const { ear } of ears) await ear.hears("chatEvents", { seq: 1 });
      for (let round = 0; round < rounds; round++) {
        for (const sender of senders) {
          const told = timings.send(sender.instances.current("sender").name);
          const { createMessage } = await sender.call(LabSendDocument, { chatId, content: `${round}`, key: key() });
          told(createMessage.id);
        }
      }
      for (const { at, ear } of ears) {
        await ear.hearsSoMany("chatEvents", 1 + rounds * senders.length);
        at.close();
      }
    },
  },
];
