import { GraphiQL } from "graphiql";
import "graphiql/setup-workers/vite";
import { createRoot } from "react-dom/client";
import "graphiql/style.css";
import { explorerFetcher } from "./fetcher";
import { findDoor } from "./session";
import { tabs } from "./tabs";
import { Who } from "./Who";
import "./explorer.css";

const root = document.getElementById("graphiql");
if (root) void start(createRoot(root));

async function start(root: ReturnType<typeof createRoot>) {
  const door = await findDoor();
  void door?.session.start();
  root.render(
    <GraphiQL defaultTabs={tabs} defaultEditorToolsVisibility="variables" fetcher={explorerFetcher(door?.session)}>
      <GraphiQL.Logo>{door ? <Who door={door} /> : "Who you are goes under Headers"}</GraphiQL.Logo>
    </GraphiQL>,
  );
}
