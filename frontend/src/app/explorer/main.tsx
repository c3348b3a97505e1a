import "graphiql/setup-workers/vite";
import { createRoot } from "react-dom/client";
import { Explorer } from "./Explorer";
import { findDoor } from "./session";
import "graphiql/style.css";
import "./explorer.css";

const root = document.getElementById("graphiql");
if (root) void start(createRoot(root));

async function start(root: ReturnType<typeof createRoot>) {
  const door = await findDoor();
  void door?.session.start();
  root.render(<Explorer door={door} />);
}
