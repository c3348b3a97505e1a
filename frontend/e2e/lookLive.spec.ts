import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { animate, type Part } from "./animation";
import { composer, message, openChat, pick } from "./conversation";
import { Person } from "./person";
import { Product } from "./product";
import { settled, shots, still } from "./still";
import { expect, signIn, test } from "./test";

const pane = { width: 560, height: 420 };
const scale = 1.5; // of the pixels that a picture has

test("two people talk, and each sees at once what the other does", async ({ newPage }) => {
  const product = await Product.start();
  try {
    const [ann, bob] = [
      await Person.signUp(product.url, "Ann Arbor", "ann"),
      await Person.signUp(product.url, "Bob Byrne", "bob"),
    ];
    const chat = await ann.direct(bob);
    await bob.send(chat, "Is the release still on for Tuesday?");
    const [anns, bobs] = [await open(newPage, product.url, ann, chat), await open(newPage, product.url, bob, chat)];
    const film = new Film(anns, bobs);
    await expect(message(bobs, "still on").getByRole("button", { name: "Read by everybody" })).toBeVisible();
    await film.take(900);

    for (const written of [
      "Yes! The build",
      "Yes! The build has been green",
      "Yes! The build has been green since last night.",
    ]) {
      await composer(anns).fill(written);
      await film.take(350);
    }
    await composer(anns).press("Enter");
    await expect(message(bobs, "last night")).toBeVisible();
    await expect(message(anns, "last night").getByRole("button", { name: "Read by everybody" })).toBeVisible();
    await film.take(1400);

    await composer(bobs).fill("Then I'll wirte the announcement.");
    await film.take(700);
    await composer(bobs).press("Enter");
    await expect(message(anns, "wirte")).toBeVisible();
    await expect(message(bobs, "wirte").getByRole("button", { name: "Read by everybody" })).toBeVisible();
    await film.take(1200);

    await pick(bobs, "wirte", "Edit");
    const editor = bobs.getByRole("textbox", { name: "Edit message" });
    await editor.fill("Then I'll write the announcement.");
    await film.take(800);
    await editor.press("Enter");
    await expect(message(anns, "Then I'll write")).toContainText("edited");
    await expect(message(bobs, "Then I'll write")).toContainText("edited");
    await composer(anns).fill("Thank you, Bob.");
    await film.take(1200);
    await composer(anns).press("Enter");
    await expect(message(bobs, "Thank you")).toBeVisible();
    await expect(message(anns, "Thank you").getByRole("button", { name: "Read by everybody" })).toBeVisible();
    await film.take(3000);
    if (shots) writeFileSync(join(shots, "live.webp"), film.develop());
  } finally {
    await product.stop();
  }
});

async function open(
  newPage: (options: object) => Promise<Page>,
  url: string,
  who: Person,
  chat: string,
): Promise<Page> {
  const page = await newPage({ viewport: pane, deviceScaleFactor: scale, colorScheme: "light" });
  await signIn(page, url, who);
  await openChat(page, url, chat);
  return page;
}

/** Two pages side by side, taken again and again. */
class Film {
  readonly #pages: readonly Page[];
  readonly #parts: Part[] = [];

  constructor(...pages: readonly Page[]) {
    this.#pages = pages;
  }

  async take(lasts: number) {
    for (const [n, page] of this.#pages.entries()) {
      await settled(page);
      const isLast = n === this.#pages.length - 1;
      this.#parts.push({
        still: await still(page, 0.75),
        x: n * (width + gap),
        y: 0,
        width,
        height,
        lasts: isLast ? lasts : 0,
      });
    }
  }

  develop(): Buffer {
    return animate(this.#pages.length * (width + gap) - gap, height, this.#parts);
  }
}

const [width, height, gap] = [pane.width * scale, pane.height * scale, 12];
