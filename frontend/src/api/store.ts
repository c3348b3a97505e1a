import { InMemoryCache } from "@apollo/client";

/** An empty cache for users, chats and settings. A list that comes takes the place of the one before. */
export function createCache(): InMemoryCache {
  return new InMemoryCache({
    typePolicies: {
      Chat: { fields: { participants: { merge: false }, participantIds: { merge: false } } },
      Query: { fields: { chatsByParticipant: { merge: false }, users: { merge: false }, sessions: { merge: false } } },
    },
  });
}
