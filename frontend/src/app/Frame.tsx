import { Route, Switch } from "wouter";
import { Conversation } from "../features/conversation/Conversation";

/** The places of a signed-in person: the list of chats, a chat, its details, the settings. */
export function Frame() {
  return (
    <Switch>
      <Route path="/c/:chatId/*?">{({ chatId }) => <Conversation key={chatId} chatId={chatId} />}</Route>
      <Route>Chats</Route>
    </Switch>
  );
}
