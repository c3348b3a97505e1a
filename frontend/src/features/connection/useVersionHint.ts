import { useEffect, useRef } from "react";
import { useConnection, useInstallation } from "../../api/Api";
import { loadConfig } from "../../api/config";
import { useText } from "../../lib/text";
import { useToasts } from "../../ui/toasts";
import { texts } from "./texts";

/** After a connection was lost and made again, the server may be another one: then it says so, once, and offers to reload. */
export function useVersionHint() {
  const say = useText();
  const { config } = useInstallation();
  const { count } = useConnection();
  const { say: toast } = useToasts();
  const isSaid = useRef(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is asked once for each connection
  useEffect(() => {
    if (count < 2 || isSaid.current) return;
    loadConfig().then(
      ({ version }) => {
        if (version === config.version || isSaid.current) return;
        isSaid.current = true;
        toast({ text: say(texts.newVersion), action: { text: say(texts.reload), run: () => location.reload() } });
      },
      () => undefined,
    );
  }, [count]);
}
