import "./StatusPage.css";
import { useStatus } from "./useStatus";

function State({ good, yes, no }: { good: boolean | undefined; yes: string; no: string }) {
  if (good === undefined) return <span>asking…</span>;
  return <span className={good ? "good" : "bad"}>{good ? yes : no}</span>;
}

/** What a server says that has no API of its own. */
function PagesAlone({ version }: { version: string | undefined }) {
  return (
    <main className="status">
      <h1>chat</h1>
      <p>A real-time chat system. This server has the pages alone; the API is served by processes of its roles.</p>
      <dl>
        <dt>Version</dt>
        <dd>{version}</dd>
      </dl>
    </main>
  );
}

/** Says what runs here. */
export function StatusPage() {
  const { version, role, api, ready, failing } = useStatus();
  if (role === "ui") return <PagesAlone version={version} />;
  return (
    <main className="status">
      <h1>chat</h1>
      <p>A real-time chat system in one binary. This server runs; its API is ready for clients.</p>
      <dl>
        <dt>Version</dt>
        <dd>{version ?? "asking…"}</dd>
        <dt>Role</dt>
        <dd>{role ?? "asking…"}</dd>
        <dt>API</dt>
        <dd>
          <State good={api} yes="answers" no="does not answer" />
        </dd>
        <dt>Stores</dt>
        <dd>
          <State good={ready} yes="ready" no={failing.length > 0 ? `not ready: ${failing.join(", ")}` : "not ready"} />
        </dd>
      </dl>
      <p>
        <a href="/graphql">Explore the API</a> with GraphiQL, or send GraphQL to <code>/graphql</code>: queries and
        mutations by POST, subscriptions by WebSocket.
      </p>
    </main>
  );
}
