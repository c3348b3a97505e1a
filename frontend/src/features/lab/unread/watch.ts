import type { Config } from "../../../api/config";
import type { People, Who } from "../people";
import { openRoom } from "../room";
import { choiceOf, createSeat } from "../seat";
import type { Bench } from "../useBench";
import type { Place, Places } from "../usePlaces";
import { Presses, Watcher } from "./watcher";

/** Two panes that watch the unread counts of the same chats, and somebody else who writes there. */
export interface Watch extends Bench {
  chats: { id: string; name: string }[];
  panes: readonly [Watcher, Watcher];
  writer: Watcher;
}

/** Makes the chats and begins to watch. At the end they are removed. Errors: Failure. */
export async function openWatch(
  config: Config,
  people: People,
  places: Places,
  names: readonly string[],
): Promise<Watch> {
  const other = await people.ask(whoElse(places));
  const { seats, chats, close } = await openRoom(config, people, places, names, [other]);
  const presses = new Presses();
  const panes = [new Watcher(seats[0], chats, presses), new Watcher(seats[1], chats, presses)] as const;
  const writer = new Watcher(createSeat(config, other, choiceOf(config, 1)), chats, presses);
  return {
    seats,
    chats: chats.map((id, n) => ({ id, name: names[n] ?? "" })),
    panes,
    writer,
    close() {
      for (const one of [...panes, writer]) one.close();
      close();
    },
  };
}

/** Somebody who was made and sits at no pane. */
export function whoElse(places: readonly Pick<Place, "who">[]): Who {
  const made: Who[] = ["ben", "ada", "cleo"];
  return made.find((who) => places.every((place) => place.who !== who)) ?? "cleo";
}
