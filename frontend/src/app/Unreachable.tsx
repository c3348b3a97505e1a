import { Starting } from "../features/session/Starting";
import { LanguageProvider } from "./LanguageProvider";

/** The page is there, and the server that sent it is gone. */
export function Unreachable() {
  return (
    <LanguageProvider>
      <Starting isLate />
    </LanguageProvider>
  );
}
