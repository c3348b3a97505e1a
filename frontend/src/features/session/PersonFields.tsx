import { useText } from "../../lib/text";
import { TextField } from "../../ui/TextField";
import { texts } from "./texts";
import type { useForm } from "./useForm";

type Form = Pick<ReturnType<typeof useForm>, "errorOf">;

/** Who somebody is, in a form's data: its names are those of personFields. */
export const personFields = ["username", "email", "displayName"] as const;

/** What a form says of a person. */
export function personOf(data: FormData) {
  const textOf = (name: (typeof personFields)[number]) => String(data.get(name)).trim();
  return { username: textOf("username"), email: textOf("email"), displayName: textOf("displayName") };
}

/** The fields of a person. An address that may be left out has a hint that says when. */
export function PersonFields({ form, emailHint }: { form: Form; emailHint?: string }) {
  const say = useText();
  return (
    <>
      <TextField
        name="username"
        label={say(texts.name)}
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        required
        autoFocus
        error={form.errorOf("username")}
      />
      <TextField
        name="email"
        type="email"
        label={say(texts.email)}
        autoComplete="email"
        required={emailHint === undefined}
        hint={emailHint}
        error={form.errorOf("email")}
      />
      <TextField
        name="displayName"
        label={say(texts.displayName)}
        autoComplete="name"
        hint={say(texts.displayNameHint)}
        error={form.errorOf("displayName")}
      />
    </>
  );
}
