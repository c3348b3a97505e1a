/** What may stand in a message beside plain text, and when it is looked for. */

/** Text without any of these is shown as it is, at no cost. */
const signs =
  /[*_~`[\]|\\]|https?:\/\/|www\.|\S@\S|^ {0,3}(?:[-+>]|#{1,6}[ \t]|\d{1,9}[.)][ \t])|^ {0,3}(?:={2,}|-{2,})[ \t]*$|^(?: {4}|\t)/im;

/** Longer texts are shown as they are: they are pasted more than written, and formatting them takes long. */
const longest = 8000;

/** Parsers take time that grows with the square of these. Nobody writes so many. */
const marks = /[*_~`[\]|<>@#]|https?:|www\./g;
const mostMarks = 300;

/** Lists and quotations that stand in one another this deep. */
const deep = /^(?:[ \t]*(?:[-+*>]|\d{1,9}[.)])){8}|^[ \t]{24,}(?:[-+*>]|\d{1,9}[.)])/m;

/** Whether a text has something to format, and can be formatted in no time. */
export function hasMarkup(text: string): boolean {
  if (text.length > longest || !signs.test(text) || deep.test(text)) return false;
  return (text.match(marks)?.length ?? 0) <= mostMarks;
}

const schemes = new Set(["http:", "https:", "mailto:"]);

/** The address that a link may lead to; undefined for every other. */
export function safeAddress(address: string | undefined): string | undefined {
  if (!address || !URL.canParse(address)) return undefined;
  const url = new URL(address);
  return schemes.has(url.protocol) ? url.href : undefined;
}
