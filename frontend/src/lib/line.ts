import { useEffect, useMemo } from "react";
import { create } from "zustand";
import { hasMarkup } from "./markup";

/** How much of a message stands where it is quoted in one line. */
const longest = 200;

/** What is parsed for that: marks are short, and what is written in between may be long. */
const enough = 500;

type Parser = (text: string) => string;

/** Most messages have nothing to format, and need no parser. It is the same for everybody once it is there. */
const useParser = create<{ parser: Parser | null }>(() => ({ parser: null }));

async function loadParser(): Promise<Parser> {
  const { plainText } = await import("./plain");
  useParser.setState({ parser: plainText });
  return plainText;
}

/** What a message says in one line, without the marks of its formatting; as it is where the parser is not to be had. */
export async function lineOf(content: string): Promise<string> {
  const text = beginning(content);
  return inLine(text, hasMarkup(text) ? await loadParser().catch(() => null) : null);
}

/** lineOf for a component, which shows the marks until the parser is there. */
export function useLine(content: string): string {
  const text = beginning(content);
  const needsParser = hasMarkup(text);
  const parser = useParser((state) => (needsParser ? state.parser : null));
  useEffect(() => {
    if (needsParser) loadParser().catch(() => undefined);
  }, [needsParser]);
  return useMemo(() => inLine(text, parser), [text, parser]);
}

function beginning(content: string): string {
  return content.trimStart().slice(0, enough);
}

function inLine(text: string, parser: Parser | null): string {
  return without(text, parser).replace(/\s+/g, " ").trim().slice(0, longest);
}

function without(text: string, parser: Parser | null): string {
  try {
    return parser ? parser(text) : text;
  } catch {
    return text;
  }
}
