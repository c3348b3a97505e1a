import styles from "./Avatar.module.css";
import { classes } from "./classes";

/** A picture of somebody or of a group: the beginnings of the name, in a colour of its own. */
export function Avatar({
  id,
  name,
  group,
  size = "medium",
}: {
  id: string;
  name: string;
  group?: boolean;
  size?: "small" | "medium" | "large";
}) {
  return (
    <span
      className={classes(styles.avatar, styles[size], group && styles.group)}
      style={{ "--hue": hueOf(id) } as React.CSSProperties}
      aria-hidden="true"
    >
      {initials(name)}
    </span>
  );
}

/** One of 24 hues, always the same for the same id. */
export function hueOf(id: string): number {
  let hash = 0x811c9dc5; // FNV-1a, whose last bits are mixed once more: ids have much in common
  for (const char of id) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (((hash ^ (hash >>> 13)) >>> 0) % 24) * 15;
}

/** The first letters of the first and of the last word. */
export function initials(name: string): string {
  const words = name.split(/[\s._-]+/).filter((word) => /[\p{L}\p{N}]/u.test(word));
  const firsts = [words[0], words.length > 1 ? words.at(-1) : undefined];
  return firsts
    .map((word) => [...(word ?? "")].find((char) => /[\p{L}\p{N}]/u.test(char)) ?? "")
    .join("")
    .toLocaleUpperCase();
}
