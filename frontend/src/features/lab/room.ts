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

/**
 * Makes a chat of each name, with who sits at the places and whoever else is named. Where one of them is there for good, it is
 * them who make and remove it: a page that goes cannot wait to remove the others after it. Errors: Failure.
 */
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
  const owner = places[0].who !== "you" && places[1].who === "you" ? seats[1] : seats[0];
  const remove = () => Promise.all(chats.map((id) => owner.call(LabRemoveChatDocument, { id }, { keepalive: true })));
  const close = () => {
    leave();
    people.finish(remove());
  };
  try {
    for (const name of names) {
      const { createChat } = await owner.call(LabCreateChatDocument, { name, participantIds });
      chats.push(createChat.id);
    }
    return { seats, chats, close };
  } catch (error) {
    close();
    throw error;
  }
}
