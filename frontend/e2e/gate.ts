import type { Page, WebSocketRoute } from "@playwright/test";

interface Frame {
  id: string;
  type: string;
  payload?: { query?: string };
}

/** Stands between a page and the sockets of its server. It has to be there before the page is. */
export class Gate {
  private readonly sockets = new Set<WebSocketRoute>();
  private held: (() => void)[] = [];
  private isShut = false;
  private isHolding = false;
  private refused: { field: string; code: string } | undefined;
  /** How many subscriptions were refused. */
  refusals = 0;

  private constructor(private readonly page: Page) {}

  static async before(page: Page): Promise<Gate> {
    const gate = new Gate(page);
    await page.routeWebSocket(/\/graphql$/, (socket) => gate.pass(socket));
    return gate;
  }

  /** Ends what is connected, and lets nothing in. */
  async shut() {
    this.isShut = true;
    await Promise.all([...this.sockets].map((one) => one.close({ code: 1012, reason: "Restarting" })));
  }

  /** Lets the page in again, which tries at once. */
  async open() {
    this.isShut = false;
    await this.wake();
  }

  /** What is subscribed to from now on begins when it is let go. */
  hold() {
    this.isHolding = true;
  }

  letGo() {
    this.isHolding = false;
    for (const go of this.held.splice(0)) go();
  }

  /** Subscriptions to a field are refused with that code, until no field is named. */
  refuse(field?: string, code = "") {
    this.refused = field ? { field, code } : undefined;
  }

  /** The page believes that the network has come back, and tries what waits. */
  async wake() {
    await this.page.evaluate(() => window.dispatchEvent(new Event("online")));
  }

  private pass(socket: WebSocketRoute) {
    if (this.isShut) {
      void socket.close({ code: 1013, reason: "Try again later" });
      return;
    }
    this.sockets.add(socket);
    const server = socket.connectToServer();
    socket.onMessage((message) => {
      const frame = JSON.parse(String(message)) as Frame;
      if (frame.type !== "subscribe") return server.send(message);
      if (this.refused && frame.payload?.query?.includes(this.refused.field)) {
        this.refusals++;
        const errors = [{ message: "not now", extensions: { code: this.refused.code, retryAfter: 0.1 } }];
        return socket.send(JSON.stringify({ id: frame.id, type: "error", payload: errors }));
      }
      if (this.isHolding) this.held.push(() => server.send(message));
      else server.send(message);
    });
    socket.onClose((code, reason) => {
      this.sockets.delete(socket);
      void server.close({ code: code === 1005 ? 1000 : code, reason });
    });
  }
}
