/** The longest message, in code points; the server's limit. */
export const maxContent = 20_000;

/** How many code points a text has, which is how the server counts. */
export function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** How many code points are left; null while the end is far, so that nobody counts at every key. */
export function remaining(text: string, near = 1000): number | null {
  if (text.length < maxContent - near) return null;
  const left = maxContent - codePoints(text.trim());
  return left > near ? null : left;
}
