/** Has the worker kept that lets the pages open without a server. While pages are developed there is none. */
export function registerWorker() {
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  // After the page has loaded, so that what is fetched for later takes nothing from it. Where it may not be: no worker.
  window.addEventListener("load", () => navigator.serviceWorker.register("/worker.js").catch(() => undefined));
}
