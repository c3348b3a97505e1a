import { useQuery } from "@apollo/client/react";
import { useInstallation, useOnConnected } from "../../api/Api";
import { personName } from "../../api/chats/people";
import { failureText } from "../../api/failureText";
import { type AccountFragment, MeDocument } from "../../api/gql/graphql";
import { useText } from "../../lib/text";
import { useToasts } from "../../ui/toasts";

/** Who is signed in, and signing out. */
export function useAccount(): { me: AccountFragment | undefined; name: string; signOut: () => Promise<void> } {
  const say = useText();
  const { session } = useInstallation();
  const { say: toast } = useToasts();
  const { data, error, refetch } = useQuery(MeDocument);
  useOnConnected(() => {
    if (error) refetch().catch(() => undefined); // at the next connection
  });
  const me = data?.me;
  return {
    me,
    name: me ? personName(me) : "",
    async signOut() {
      try {
        await session.signOut();
      } catch (error) {
        toast({ text: failureText(error, say), bad: true });
      }
    },
  };
}
