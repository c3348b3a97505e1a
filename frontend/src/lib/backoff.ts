/**
 * How long to wait before trying again, in ms: full jitter, so that those who lost the same server do not come back all
 * at once. `attempt` counts from 0.
 */
export function backoff(attempt: number, { least = 500, most = 30_000, random = Math.random } = {}): number {
  const reach = Math.min(most, least * 2 ** (attempt + 1));
  return least + random() * (reach - least);
}
