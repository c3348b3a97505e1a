import type { Config } from "../../../api/config";
import { Timings } from "../latency/timings";
import type { People } from "../people";
import { openRoom } from "../room";
import type { Bench } from "../useBench";
import type { Places } from "../usePlaces";
import { Pane } from "./pane";

/** Two people, or one twice, in one chat. */
export interface Exchange extends Bench {
  panes: readonly [Pane, Pane];
  timings: Timings;
}

/** Makes the chat and sits down in it. At the end it is removed. Errors: Failure. */
export async function openExchange(config: Config, people: People, places: Places, name: string): Promise<Exchange> {
  const { seats, chats, close } = await openRoom(config, people, places, [name]);
  const timings = new Timings();
  const chatId = chats[0] as string;
  const panes = [new Pane("1", seats[0], chatId, timings), new Pane("2", seats[1], chatId, timings)] as const;
  return {
    seats,
    panes,
    timings,
    close() {
      for (const pane of panes) pane.close();
      close();
    },
  };
}
