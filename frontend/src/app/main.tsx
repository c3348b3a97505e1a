import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { StatusPage } from "../features/status/StatusPage";
import "../ui/tokens.css";

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <StatusPage />
    </StrictMode>,
  );
}
