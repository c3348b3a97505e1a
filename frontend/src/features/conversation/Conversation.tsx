/**
 * The messages of a chat and what is written into it. It fills the height below the chat's header, which the frame shows,
 * and is mounted anew for each chat.
 */
export function Conversation({ chatId }: { chatId: string }) {
  return <div data-chat={chatId} />;
}
