/// <reference lib="webworker" />
import { cleanupOutdatedCaches, matchPrecache, type PrecacheEntry, precacheAndRoute } from "workbox-precaching";
import { NavigationRoute, registerRoute } from "workbox-routing";
import { NetworkOnly } from "workbox-strategies";
import { shellPath } from "./places";
import { isOfPage, ofPage } from "./versions";

declare const self: ServiceWorkerGlobalScope;
/** What the UI is made of, put in by scripts/worker.mjs. */
declare const SHELL: PrecacheEntry[];
const shell = SHELL; // its list stands where its name does

/**
 * Lets the pages open without a server. Their page is asked for at the server first, so that its version is the server's and
 * its policy has a nonce of its own; the kept one stands in where no server answers. Of what the API says nothing is kept.
 *
 * A new worker waits until no page of another version is open: what those still load is kept so long. Loading a page again does
 * not let the browser see that, so pages ask.
 */
precacheAndRoute(shell, { directoryIndex: "", cleanURLs: false });
cleanupOutdatedCaches();

/** How long (s) a server may take before the kept page is shown; its pages are small and made of nothing. */
const patience = 8;

const fromServer = new NetworkOnly({
  networkTimeoutSeconds: patience,
  plugins: [
    {
      async fetchDidSucceed({ response }) {
        if (response.status >= 502 && response.status <= 504) throw new Error("a gateway, and nobody behind it");
        return response;
      },
      handlerDidError: () => matchPrecache("/index.html"),
    },
  ],
});
registerRoute(new NavigationRoute(fromServer, { allowlist: [shellPath] }));

self.addEventListener("message", (event) => {
  if (event.data?.kind === "takeOver") event.waitUntil(takeOver());
});

async function takeOver() {
  const { held = [] } = await self.navigator.locks.query();
  const own = shell.map(({ url }) => ofPage(url));
  if (held.every(({ name = "" }) => !isOfPage(name) || own.includes(name))) await self.skipWaiting();
}

/** A click on a notification goes to its chat: in a page that is there, else in a new one. */
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data.path));
});

async function open(path: string) {
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true }); // the last in use first
  const page = pages.find(({ url }) => shellPath.test(new URL(url).pathname));
  if (!page) return self.clients.openWindow(path);
  page.postMessage({ kind: "open", path });
  return page.focus();
}
