import type { Config } from "../../api/config";
import { LabCreateChatDocument, LabRemoveChatDocument } from "./gql/graphql";
import type { People, Somebody } from "./people";
import { createSeat, type Seat } from "./seat";
import type { Places } from "./usePlaces";

/** Two seats, and chats that both sit in. */
export interface Room {
  seats: readonly [Seat, Seat];
  chats: string[];
  /** Removes the chats and leaves the seats. */
  close(): void;
}

/** Makes a chat of each name, with who sits at the places and whoever else is named. Errors: Failure. */
export async function openRoom(
  config: Config,
  people: People,
  places: Places,
  names: readonly string[],
  others: readonly Somebody[] = [],
): Promise<Room> {
  const [first, second] = [await people.ask(places[0].who), await people.ask(places[1].who)];
  const seats = [createSeat(config, first, places[0]), createSeat(config, second, places[1])] as const;
  const leave = () => {
    for (const seat of seats) seat.close();
  };
  const participantIds = [...new Set([first, second, ...others].map(({ id }) => id))];
  const chats: string[] = [];
  const remove = async () => {
    for (const id of chats) await seats[0].call(LabRemoveChatDocument, { id });
  };
  const close = () => {
    leave();
    people.finish(remove());
  };
  try {
    for (const name of names) {
      const { createChat } = await seats[0].call(LabCreateChatDocument, { name, participantIds });
      chats.push(createChat.id);
    }
    return { seats, chats, close };
  } catch (error) {
    close();
    throw error;
  }
}
