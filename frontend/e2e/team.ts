import { markRead } from "./conversation";
import { Person } from "./person";
import type { Moments } from "./pretend";

/** What a team has talked about in the last days, as Ann sees it. */
export interface Team {
  ann: Person;
  /** The chat with some of everything. */
  launch: string;
  moments: Moments;
  /** What others write in it when Ann has gone. */
  goOn(): Promise<void>;
}

const members = ["Ann Arbor", "Bob Byrne", "Cleo Carter", "Dan Doyle", "Eva Ericsson", "Faruk Fidan"];

export async function team(url: string): Promise<Team> {
  const moments: Moments = new Map();
  const people = members.map((name) => Person.signUp(url, name, name.split(" ")[0]?.toLowerCase()));
  const [ann, bob, cleo, dan, eva, faruk] = (await Promise.all(people)) as [
    Person,
    Person,
    Person,
    Person,
    Person,
    Person,
  ];
  async function say(chat: string, who: Person, at: string, text: string): Promise<string> {
    const id = await who.send(chat, text);
    moments.set(id, `2026-03-${at}:00.000Z`);
    return id;
  }

  await say(await ann.direct(faruk), ann, "03T17:20", "Are you coming on Friday?");
  const books = await ann.group("Book club", [cleo, eva], "One book a month");
  await eva.deleteMessage(await say(books, eva, "08T20:02", "Wrong chat"));
  const invoices = await dan.direct(ann);
  await markRead(ann, await say(invoices, dan, "09T15:31", "The invoices are in the folder."));
  await say(invoices, ann, "09T15:40", "Thanks, I'll look at them tonight.");
  await say(
    await ann.direct(eva),
    eva,
    "11T08:55",
    "https://example.org/a/very/long/link/that/goes/on/and/on/for/ever",
  );

  const launch = await ann.group(
    "Launch",
    [bob, cleo, dan, eva],
    "Everything until the release on Tuesday.\nNotes are in the wiki.",
  );
  await say(launch, bob, "11T16:04", "The build has been green since last night, so Tuesday holds.");
  await say(
    launch,
    cleo,
    "11T16:12",
    "I have read the release notes twice. Two small things:\n\n- the date in the title is last year's\n- `chat migrate` is in there, its `--timeout` is **not**",
  );
  const fixed = await say(launch, ann, "11T16:20", "Both mended, thank you!");
  await say(launch, bob, "11T16:21", "Wonderful.");
  await dan.deleteMessage(await say(launch, dan, "12T09:02", "It takes an hour"));
  const minutes = await say(launch, dan, "12T09:03", "The migration takes fourteen minutes.");
  await dan.write("mutation($id: ID!, $content: String!) { updateMessage(id: $id, content: $content) { id } }", {
    id: minutes,
    content:
      "The migration takes **four minutes** on last night's copy. How to run it is in [the wiki](https://example.org/wiki).",
  });
  const seven = await say(
    launch,
    ann,
    "12T09:20",
    "Four is fine. Let's do it on Tuesday at seven, before anybody is in.",
  );
  await Promise.all([bob, cleo, dan, eva].map((one) => markRead(one, fixed)));
  await markRead(bob, seven);
  await markRead(dan, seven);
  await markRead(ann, minutes);

  async function goOn() {
    await say(
      launch,
      eva,
      "12T09:34",
      "I'll be there at seven. This is what I would run:\n\n```sh\nchat migrate up\n```",
    );
    await say(launch, cleo, "12T09:36", "Me too, and I bring the coffee.");
    await say(launch, ann, "12T09:38", "You are the best.");
    await say(
      await ann.group("Office", [bob, cleo, dan, eva, faruk]),
      bob,
      "12T09:39",
      "The coffee machine works again!",
    );
    const withBob = await bob.direct(ann);
    await say(withBob, bob, "12T09:40", "Good morning!");
    await say(withBob, bob, "12T09:40", "Do you have a minute?");
  }
  return { ann, launch, moments, goOn };
}
