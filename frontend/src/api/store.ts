import { InMemoryCache } from "@apollo/client";

/**
 * An empty cache for users, chats and settings. A list that comes takes the place of the one before. A message is part of its
 * chat: by an id of its own each that was ever the last would stay.
 */
export function createCache(): InMemoryCache {
  return new InMemoryCache({
    typePolicies: {
      Chat: {
        fields: { participants: { merge: false }, participantIds: { merge: false }, lastMessage: { merge: false } },
      },
      Message: { keyFields: false },
      Query: { fields: { chatsByParticipant: { merge: false }, users: { merge: false }, sessions: { merge: false } } },
    },
  });
}
