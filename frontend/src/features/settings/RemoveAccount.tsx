import { useMutation } from "@apollo/client/react";
import { useState } from "react";
import { failureText } from "../../api/failureText";
import { RemoveAccountDocument } from "../../api/gql/graphql";
import { useText } from "../../lib/text";
import { Button } from "../../ui/Button";
import { Confirm } from "../../ui/Confirm";
import { useToasts } from "../../ui/toasts";
import { texts } from "./texts";
import { useAccount } from "./useAccount";

/** Ends the account, after a question. */
export function RemoveAccount({ id }: { id: string }) {
  const say = useText();
  const { signOut } = useAccount();
  const { say: toast } = useToasts();
  const [isAsking, setAsking] = useState(false);
  const [remove] = useMutation(RemoveAccountDocument);
  async function yes() {
    try {
      await remove({ variables: { id } });
      await signOut();
    } catch (failure) {
      toast({ text: failureText(failure, say), bad: true });
    }
  }
  return (
    <>
      <Button onClick={() => setAsking(true)}>{say(texts.removeAccount)}</Button>
      {isAsking && (
        <Confirm
          open
          onOpenChange={setAsking}
          title={say(texts.removeTitle)}
          text={say(texts.removeText)}
          yes={say(texts.removeAccount)}
          no={say(texts.cancel)}
          onYes={yes}
        />
      )}
    </>
  );
}
