import { type FormEvent, useRef, useState } from "react";
import { useStore } from "zustand";
import { Failure } from "../../api/failure";
import type { Door } from "./session";

/** Who is signed in, and how to change that. */
export function Who({ door }: { door: Door }) {
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
      setError(failure instanceof Failure ? failure.message : String(failure));
    }
  }

  if (state.status === "in") {
    return (
      <div className="who">
        <span>{`Signed in: ${state.userId}`}</span>
        <button type="button" onClick={() => void door.session.signOut().catch(() => undefined)}>
          Sign out
        </button>
      </div>
    );
  }
  return (
    <div className="who">
      <span>Nobody is signed in</span>
      <button type="button" onClick={() => dialog.current?.showModal()}>
        Sign in
      </button>
      <dialog ref={dialog} aria-label="Sign in">
        <form onSubmit={enter}>
          <label>
            User name
            <input name="username" autoComplete="username" required />
          </label>
          {door.withPassword && (
            <label>
              Password
              <input name="password" type="password" autoComplete="current-password" required />
            </label>
          )}
          {error && <p role="alert">{error}</p>}
          <div>
            <button type="submit">Sign in</button>
            <button type="button" onClick={() => dialog.current?.close()}>
              Cancel
            </button>
          </div>
        </form>
      </dialog>
    </div>
  );
}
