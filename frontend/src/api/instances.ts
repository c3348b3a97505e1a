import { createStore, type StoreApi } from "zustand/vanilla";
import type { Memory } from "../lib/storage";
import type { Config, Instance } from "./config";
import type { Role } from "./roles.gen";

const allRoles: Role[] = ["user", "sender", "receiver"];

/** Which instance of each role is used, by its place in the list, and whether somebody has chosen it. */
export interface Selection {
  at: Record<Role, number>;
  chosen: Record<Role, boolean>;
}

/** The instances in use. Those that nobody chose give way to the next when they fail. */
export interface Instances {
  state: StoreApi<Selection>;
  list(role: Role): Instance[];
  current(role: Role): Instance;
  /** Stays with that instance until told otherwise, over reloads too; null leaves it to us again. */
  choose(role: Role, name: string | null): void;
  /** Tells that an instance could not be reached. */
  failed(role: Role, instance: Instance): void;
}

/** The instances of an installation; what was chosen before is in the memory. */
export function createInstances(config: Config, memory: Memory): Instances {
  const place = (role: Role) => config.instances[role].findIndex((one) => one.name === memory.get(`instance.${role}`));
  const state = createStore<Selection>(() => ({
    at: perRole((role) => Math.max(0, place(role))),
    chosen: perRole((role) => place(role) >= 0),
  }));
  const move = (role: Role, at: number, chosen: boolean) =>
    state.setState((was) => ({ at: { ...was.at, [role]: at }, chosen: { ...was.chosen, [role]: chosen } }));
  const list = (role: Role) => config.instances[role];
  const current = (role: Role) => {
    const one = list(role)[state.getState().at[role]];
    if (!one) throw new Error(`the configuration names no ${role}`);
    return one;
  };
  return {
    state,
    list,
    current,
    choose(role, name) {
      memory.set(`instance.${role}`, name);
      const at = list(role).findIndex((one) => one.name === name);
      move(role, at >= 0 ? at : state.getState().at[role], at >= 0);
    },
    failed(role, instance) {
      if (state.getState().chosen[role] || current(role) !== instance) return;
      move(role, (state.getState().at[role] + 1) % list(role).length, false);
    },
  };
}

function perRole<T>(value: (role: Role) => T): Record<Role, T> {
  return Object.fromEntries(allRoles.map((role) => [role, value(role)])) as Record<Role, T>;
}
