// Remakes the PNGs of public/ from icon.svg, for systems that take no SVG, with the system's Chromium.
import { readFileSync } from "node:fs";
import { chromium } from "@playwright/test";

const svg = readFileSync("public/icon.svg", "utf8");
const colour = /fill="(#\w+)"/.exec(svg)?.[1];
const inverse = svg.replace(colour, "#ffffff");

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
});

/** A picture of `size`, the drawing as large as `share` of it; on a ground, if it is cut to a shape. */
async function draw(name, size, drawing, share, ground = "transparent") {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  await page.setContent(
    `<body style="margin:0;display:grid;place-items:center;height:100vh;background:${ground}">${drawing}
     <style>svg{width:${share * 100}vw;height:${share * 100}vw}</style>`,
  );
  await page.screenshot({ path: `public/${name}.png`, omitBackground: true });
  await page.close();
}

await draw("icon-192", 192, svg, 1);
await draw("icon-512", 512, svg, 1);
await draw("icon-maskable-512", 512, inverse, 0.6, colour);
await draw("icon-apple-180", 180, inverse, 0.66, colour);
await browser.close();
