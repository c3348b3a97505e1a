import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const server = `http://127.0.0.1:${process.env.PORT ?? 4000}`;

export default defineConfig({
  plugins: [react()],
  html: { cspNonce: "__CSP_NONCE__" }, // the server puts the nonce of its answer there
  build: {
    manifest: true, // for scripts/worker.mjs
    rollupOptions: {
      input: { index: "index.html", graphiql: "graphiql.html" },
      onwarn: (warning, warn) => warning.code === "MODULE_LEVEL_DIRECTIVE" || warn(warning), // of libraries; no effect
    },
    // The editor of GraphiQL is large by nature, and only its own page loads it.
    chunkSizeWarningLimit: 5000,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
  },
  // The explorer is the backend's, as it was built: its workers end the optimizer.
  optimizeDeps: { entries: ["index.html"] },
  server: {
    proxy: {
      "/graphql": { target: server, ws: true },
      "/assets": server,
      "/auth": server,
      "/config.json": server,
      "/healthz": server,
      "/readyz": server,
    },
  },
});
