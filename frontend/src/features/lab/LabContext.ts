import { createContext, useContext } from "react";
import type { Config } from "../../api/config";
import type { People } from "./people";

/** What the test pages share: the instances that there are, and the people. */
export interface LabTools {
  config: Config;
  people: People;
}

export const LabContext = createContext<LabTools | null>(null);

export function useLab(): LabTools {
  const found = useContext(LabContext);
  if (!found) throw new Error("this is no test page");
  return found;
}
