import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { install } from "./install";
import "../ui/tokens.css";

const element = document.getElementById("root");
if (element) {
  const root = createRoot(element);
  install().then((installation) => {
    void installation.session.start();
    root.render(
      <StrictMode>
        <App installation={installation} />
      </StrictMode>,
    );
  });
}
