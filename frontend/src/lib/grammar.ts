import remarkGfm from "remark-gfm";
import type { PluggableList } from "unified";

/** What is Markdown in a message, beside what always is: GitHub's, but for what is crossed out by a single tilde. */
export const grammar: PluggableList = [[remarkGfm, { singleTilde: false }]];
