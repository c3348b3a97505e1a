import { setNonce } from "get-nonce";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { backoff } from "../lib/backoff";
import { rest } from "../lib/rest";
import { App } from "./App";
import { install } from "./install";
import { Unreachable } from "./Unreachable";
import { registerWorker } from "./worker/register";
import "@fontsource-variable/inter/wght.css";
import "../ui/tokens.css";
import "../ui/base.css";

// Styles that libraries write into the page need the nonce of the policy.
setNonce(document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? "");

const element = document.getElementById("root");
if (element) void start(createRoot(element));
registerWorker();

/** Finds out where the pages are, for as long as that takes, and shows them. */
async function start(root: ReturnType<typeof createRoot>) {
  for (let attempt = 0; ; attempt++) {
    try {
      const installation = await install();
      void installation.session.start();
      root.render(
        <StrictMode>
          <App installation={installation} />
        </StrictMode>,
      );
      return;
    } catch {
      root.render(<Unreachable />);
      await rest(backoff(attempt));
    }
  }
}
