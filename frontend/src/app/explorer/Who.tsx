import { type FormEvent, useRef, useState } from "react";
import { useStore } from "zustand";
import { failureText } from "../../api/failureText";
import { texts as session } from "../../features/session/texts";
import { texts as settings } from "../../features/settings/texts";
import { useText } from "../../lib/text";
import type { Door } from "./session";
import { texts } from "./texts";

/** Who is signed in, and how to change that. */
export function Who({ door }: { door: Door }) {
  const say = useText();
  const state = useStore(door.session.state);
  const dialog = useRef<HTMLDialogElement>(null);
  const [error, setError] = useState("");

  async function enter(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    const text = (name: string) => String(new FormData(form).get(name) ?? "");
    try {
      await door.enter(text("username"), text("password"));
      setError("");
      form.reset();
      dialog.current?.close();
    } catch (failure) {
      setError(failureText(failure, say));
    }
  }

  if (state.status === "in") {
    return (
      <>
        <span>{say(texts.signedIn, { id: state.userId })}</span>
        <button type="button" onClick={() => void door.session.signOut().catch(() => undefined)}>
          {say(settings.signOut)}
        </button>
      </>
    );
  }
  return (
    <>
      <span>{say(texts.nobody)}</span>
      <button type="button" onClick={() => dialog.current?.showModal()}>
        {say(session.signIn)}
      </button>
      <dialog ref={dialog} aria-label={say(session.signIn)}>
        <form onSubmit={enter}>
          <label>
            {say(door.withPassword ? session.nameOrEmail : session.name)}
            <input name="username" autoComplete="username" required />
          </label>
          {door.withPassword && (
            <label>
              {say(session.password)}
              <input name="password" type="password" autoComplete="current-password" required />
            </label>
          )}
          {error && <p role="alert">{error}</p>}
          <div>
            <button type="submit">{say(session.signIn)}</button>
            <button type="button" onClick={() => dialog.current?.close()}>
              {say(settings.cancel)}
            </button>
          </div>
        </form>
      </dialog>
    </>
  );
}
