/** A user name, as it is written wherever texts run. */
export function Handle({ name }: { name: string }) {
  return <bdi>@{name}</bdi>;
}
