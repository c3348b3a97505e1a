import { ofPage } from "./versions";

/** Until what a page asks for at its start has come (ms). Chromium keeps a worker for minutes that is used while it has to give way. */
const quiet = 5_000;

/** Has the worker kept that lets the pages open without a server. While pages are developed there is none. */
export function registerWorker() {
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  const script = new URL(import.meta.url).pathname;
  void navigator.locks.request(ofPage(script), { mode: "shared" }, () => new Promise(() => {})); // as long as the page is open
  // After the page has loaded, so that what is fetched for later takes nothing from it. Where it may not be: no worker.
  window.addEventListener("load", () => register().catch(() => undefined));
}

/** A worker that waits, from before or from now on, is asked to take over: whether it can, it knows. */
async function register() {
  const registration = await navigator.serviceWorker.register("/worker.js");
  const ask = () => setTimeout(() => registration.waiting?.postMessage({ kind: "takeOver" }), quiet);
  registration.addEventListener("updatefound", () => registration.installing?.addEventListener("statechange", ask));
  ask();
}
