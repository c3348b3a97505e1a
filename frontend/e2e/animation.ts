/** A part of a moving picture: a still WebP that appears at a place, and how long it is until the next. */
export interface Part {
  still: Buffer;
  x: number;
  y: number;
  width: number;
  height: number;
  /** Milliseconds; 0: together with the next. */
  lasts: number;
}

/**
 * Puts stills together into one picture that moves, for ever. They are taken over as they are: no encoder is at hand, and none
 * is needed. Places and sizes are even numbers of pixels. Source: WebP Container Specification, "Animation".
 */
export function animate(width: number, height: number, parts: readonly Part[]): Buffer {
  const animated = 0x02;
  const chunks = [
    chunk("VP8X", Buffer.from([animated, 0, 0, 0]), u24(width - 1), u24(height - 1)),
    chunk("ANIM", Buffer.from([255, 255, 255, 255, 0, 0])), // white behind, no end
    ...parts.map(frame),
  ];
  return riff(Buffer.concat(chunks));
}

function frame({ still, x, y, width, height, lasts }: Part): Buffer {
  const opaque = 0x02; // it covers what was there, and stays
  const place = [u24(x / 2), u24(y / 2), u24(width - 1), u24(height - 1), u24(lasts), Buffer.from([opaque])];
  return chunk("ANMF", ...place, ...image(still));
}

/** The chunks of a still that are its pixels. */
function image(still: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 12; at < still.length; ) {
    const end = at + 8 + even(still.readUInt32LE(at + 4));
    if (["VP8 ", "VP8L", "ALPH"].includes(still.toString("latin1", at, at + 4))) found.push(still.subarray(at, end));
    at = end;
  }
  return found;
}

function riff(content: Buffer): Buffer {
  return chunk("RIFF", Buffer.from("WEBP"), content);
}

function chunk(name: string, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(body.length);
  return Buffer.concat([Buffer.from(name), size, body, Buffer.alloc(even(body.length) - body.length)]);
}

function even(n: number): number {
  return n + (n % 2);
}

function u24(n: number): Buffer {
  const bytes = Buffer.alloc(3);
  bytes.writeUIntLE(n, 0, 3);
  return bytes;
}
