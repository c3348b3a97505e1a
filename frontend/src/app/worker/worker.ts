/// <reference lib="webworker" />
import { cleanupOutdatedCaches, matchPrecache, type PrecacheEntry, precacheAndRoute } from "workbox-precaching";
import { NavigationRoute, registerRoute } from "workbox-routing";
import { NetworkOnly } from "workbox-strategies";
import { shellPath } from "./places";

declare const self: ServiceWorkerGlobalScope;
/** What the UI is made of, put in by scripts/worker.mjs. */
declare const SHELL: PrecacheEntry[];

/**
 * Lets the pages open without a server. Their page is asked for at the server first, so that its version is the server's and
 * its policy has a nonce of its own; the kept one stands in where no server answers. Of what the API says nothing is kept.
 *
 * A new worker waits until no page of the old version is open: what those still load is kept so long.
 */
precacheAndRoute(SHELL, { directoryIndex: "", cleanURLs: false });
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
