import { Tooltip as Radix } from "radix-ui";
import type { ReactElement } from "react";
import { Keys } from "./Keys";
import styles from "./Tooltip.module.css";

/** Says what something is that has no words on it. Its trigger has that name already, so it is for eyes alone. */
export function Tooltip({ label, keys, children }: { label: string; keys?: string; children: ReactElement }) {
  return (
    <Radix.Provider delayDuration={500} skipDelayDuration={200} disableHoverableContent>
      <Radix.Root>
        <Radix.Trigger asChild aria-describedby={undefined}>
          {children}
        </Radix.Trigger>
        <Radix.Portal>
          <Radix.Content className={styles.tip} sideOffset={6} collisionPadding={8}>
            {label}
            {keys && <Keys of={keys} />}
          </Radix.Content>
        </Radix.Portal>
      </Radix.Root>
    </Radix.Provider>
  );
}
