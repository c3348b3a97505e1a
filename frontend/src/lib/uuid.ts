const randomBytes = 8;
const countPerMillisecond = 0x1000;

/**
 * Makes UUIDs of version 7 (RFC 9562, 5.7) that one maker gives in ascending order, whatever its clock does. Without
 * crypto.randomUUID, which pages have only over HTTPS.
 */
export function uuidMaker(now: () => number = Date.now): () => string {
  let last = 0; // milliseconds and a counter of 12 bits in one number
  return () => {
    last = Math.max(last + 1, now() * countPerMillisecond);
    const time = Math.floor(last / countPerMillisecond)
      .toString(16)
      .padStart(12, "0");
    const count = (last % countPerMillisecond).toString(16).padStart(3, "0");
    const random = crypto.getRandomValues(new Uint8Array(randomBytes));
    random[0] = ((random[0] as number) & 0x3f) | 0x80; // the variant, RFC 9562, 4.1
    const tail = Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return `${time.slice(0, 8)}-${time.slice(8)}-7${count}-${tail.slice(0, 4)}-${tail.slice(4, 16)}`;
  };
}
