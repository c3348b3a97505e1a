import { MessagesSquare } from "lucide-react";
import { lazy, Suspense, useRef, useState } from "react";
import { Route, Switch, useRoute } from "wouter";
import { ChatList } from "../features/chats/list/ChatList";
import { useChats } from "../features/chats/list/useChats";
import { StartMenu } from "../features/chats/start/StartMenu";
import { Switcher } from "../features/chats/switcher/Switcher";
import { texts } from "../features/chats/texts";
import { ConnectionBar } from "../features/connection/ConnectionBar";
import { ConnectionMenu } from "../features/connection/ConnectionMenu";
import { useVersionHint } from "../features/connection/useVersionHint";
import { UnsentElsewhere } from "../features/conversation/UnsentElsewhere";
import { NotificationHint } from "../features/notifications/NotificationHint";
import { useBadge } from "../features/notifications/useBadge";
import { useNotifications } from "../features/notifications/useNotifications";
import { AccountMenu } from "../features/settings/AccountMenu";
import { Shortcuts } from "../features/shortcuts/Shortcuts";
import { commandKeys } from "../lib/keys";
import { useText } from "../lib/text";
import { classes } from "../ui/classes";
import { Empty } from "../ui/Empty";
import { Hidden } from "../ui/Hidden";
import { Toasts } from "../ui/Toasts";
import { ChatPage } from "./ChatPage";
import styles from "./Frame.module.css";
import { useFocusReturn } from "./useFocusReturn";

const SettingsPage = lazy(() => import("../features/settings/SettingsPage").then((m) => ({ default: m.SettingsPage })));

/** The places of a signed-in person: the list of chats, and beside it a chat or the settings. On a phone, one of them. */
export function Frame() {
  const say = useText();
  const [isInChat, chat] = useRoute("/c/:chatId/*?");
  const [isInSettings] = useRoute("/settings");
  const { status, chats, unread } = useChats();
  useVersionHint();
  useBadge(unread);
  useNotifications();
  useFocusReturn(chat ? `[data-row="${chat.chatId}"]` : isInSettings ? "[data-account]" : undefined);
  const [hasShortcuts, showShortcuts] = useState(false);
  const main = useRef<HTMLElement>(null);
  return (
    <div className={styles.frame}>
      <button type="button" className={styles.skip} onClick={() => main.current?.focus()}>
        {say(texts.skip)}
      </button>
      <ConnectionBar />
      <div className={classes(styles.panes, (isInChat || isInSettings) && styles.inner)}>
        <div className={styles.side}>
          <h1 className={styles.title}>
            <Hidden>{say(texts.chats)}</Hidden>
          </h1>
          <header className={styles.bar}>
            <AccountMenu onShortcuts={() => showShortcuts(true)} />
            <StartMenu />
          </header>
          <ChatList openId={chat?.chatId} />
          {status === "ready" && <UnsentElsewhere listed={chats} />}
          {chats.length > 0 && <NotificationHint />}
          <ConnectionMenu />
        </div>
        <main ref={main} className={styles.main} tabIndex={-1}>
          <Switch>
            <Route path="/c/:chatId/*?">{({ chatId }) => <ChatPage key={chatId} chatId={chatId} />}</Route>
            <Route path="/settings">
              <Suspense>
                <SettingsPage />
              </Suspense>
            </Route>
            <Route>
              {chats.length > 0 ? (
                <Empty icon={<MessagesSquare />} title={say(texts.pick)} level={1}>
                  {say(texts.pickText, { keys: commandKeys("K") })}
                </Empty>
              ) : (
                <h1>
                  <Hidden>{say(texts.chats)}</Hidden> {/* there is none to choose: the list says what to do */}
                </h1>
              )}
            </Route>
          </Switch>
        </main>
      </div>
      <Switcher openId={chat?.chatId} />
      <Shortcuts open={hasShortcuts} onOpenChange={showShortcuts} />
      <Toasts closeLabel={say(texts.close)} />
    </div>
  );
}
