import type { Config } from "../../../api/config";
import { uuidMaker } from "../../../lib/uuid";
import {
  LabAddedDocument,
  LabChatAddedDocument,
  LabChatUpdatedDocument,
  LabCreateChatDocument,
  LabDeletedDocument,
  LabEventsDocument,
  LabListMessageDocument,
  type LabMessageFragment,
  LabNotificationDocument,
  LabReadUpdatedDocument,
  LabSendDocument,
  LabUnreadDocument,
  LabUpdatedDocument,
} from "../gql/graphql";
import { Timings } from "../latency/timings";
import type { Made, People } from "../people";
import { type Choice, createSeat, type Seat } from "../seat";
import { type Ear, listen } from "./ear";

/** What the checks of a run work with: Ada on one side, Ben on the other, and Cleo beside Ben. */
export interface World {
  config: Config;
  people: People;
  ada: Seat;
  ben: Seat;
  cleo: Seat;
  /** What Ben hears wherever he is. */
  bens: ReturnType<typeof hearing>;
  timings: Timings;
  /** Somebody at other instances, for the time of the run. */
  seat(of: Seat, choice: Partial<Choice>): Seat;
  /** A group that Ada makes, with herself in it. Errors: Failure. */
  group(...others: Seat[]): Promise<string>;
  /** Sends something. Errors: Failure. */
  send(by: Seat, chatId: string, content?: string): Promise<LabMessageFragment>;
  /** A key for a send. */
  key(): string;
  close(): void;
}

/** Live streams have no word for that they have begun: after so long (ms) they have. */
export const settleTime = 600;

const makeKey = uuidMaker();

/** Seats the people, whom it makes if they are not there, and begins to listen. Errors: Failure. */
export async function openWorld(config: Config, people: People, sides: readonly [Choice, Choice]): Promise<World> {
  const seats: Seat[] = [];
  const sit = (seat: Seat) => {
    seats.push(seat);
    return seat;
  };
  const [first, second, third] = await Promise.all([people.ask("ada"), people.ask("ben"), people.ask("cleo")]);
  const [ada, ben, cleo] = [
    sit(createSeat(config, first, sides[0])),
    sit(createSeat(config, second, sides[1])),
    sit(createSeat(config, third, sides[1])),
  ];
  const bens = hearing(ben);
  await settled();
  return {
    config,
    people,
    ada,
    ben,
    cleo,
    bens,
    timings: new Timings(),
    seat: (of, choice) => sit(createSeat(config, of.person, { ...sides[1], ...choice })),
    async group(...others) {
      const participantIds = [ada, ...others].map(({ person }) => person.id);
      return (await ada.call(LabCreateChatDocument, { name: "run", participantIds })).createChat.id;
    },
    send: async (by, chatId, content = "hello") => (await by.call(LabSendDocument, { chatId, content })).createMessage,
    key: makeKey,
    close() {
      for (const seat of seats) seat.close();
    },
  };
}

/** Until a live stream has begun. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, settleTime));
}

/** The streams of everything that concerns somebody. */
function hearing({ live, person }: Seat) {
  const userId = person.id;
  return {
    added: listen(live, LabChatAddedDocument, { userId }, ({ chatAdded }) => chatAdded),
    updated: listen(live, LabChatUpdatedDocument, { userId }, ({ chatUpdated }) => chatUpdated),
    notified: listen(live, LabNotificationDocument, { userId }, (data) => data.chatMessageNotification),
    listed: listen(live, LabListMessageDocument, { userId }, (data) => data.messageUpdateForChatList),
    unread: listen(live, LabUnreadDocument, { userId }, (data) => data.unreadCountUpdated),
  };
}

/** The streams of one chat. They begin at its beginning, so they miss nothing. */
export const follow = {
  events: ({ live }: Seat, chatId: string, afterSeq = 0) =>
    listen(live, LabEventsDocument, { chatId, afterSeq }, ({ chatEvents }) => chatEvents),
  added: ({ live }: Seat, chatId: string): Ear<LabMessageFragment> =>
    listen(live, LabAddedDocument, { chatId, afterSeq: 0 }, ({ messageAdded }) => messageAdded),
  updated: ({ live }: Seat, chatId: string): Ear<LabMessageFragment> =>
    listen(live, LabUpdatedDocument, { chatId, afterSeq: 0 }, ({ messageUpdated }) => messageUpdated),
  deleted: ({ live }: Seat, chatId: string): Ear<LabMessageFragment> =>
    listen(live, LabDeletedDocument, { chatId, afterSeq: 0 }, ({ messageDeleted }) => messageDeleted),
  reads: ({ live }: Seat, id: string) =>
    listen(live, LabReadUpdatedDocument, { id }, ({ messageReadUpdated }) => messageReadUpdated),
};

/** What somebody signs in with who was made here. */
export function secretsOf({ person }: Seat): Made {
  return person as Made;
}
