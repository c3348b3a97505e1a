import type { Person } from "../../api/chats/people";

/** The names by which somebody is found. */
export function namesOf({ username, displayName }: Person): string[] {
  return displayName ? [username, displayName] : [username];
}

/** Tells of names whether one of them has a word that begins like the text, whatever its case and its accents. */
export function beginningLike(text: string): (names: readonly string[]) => boolean {
  const wanted = fold(text);
  return (names) => names.some((name) => begins(fold(name), wanted));
}

function begins(name: string, wanted: string): boolean {
  return name.startsWith(wanted) || name.split(/[\s._-]+/).some((word) => word.startsWith(wanted));
}

function fold(text: string): string {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").trim().toLowerCase();
}
