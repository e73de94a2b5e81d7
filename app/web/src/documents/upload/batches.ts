// How files are put into requests: small ones together, so that a folder is one run; large ones alone and in parts.

export interface Sized {
  name: string;
  size: number;
}

/** Larger files go in parts, which a broken connection costs less of. */
export const IN_PARTS_BYTES = 16 * 2 ** 20;
const BATCH_BYTES = 32 * 2 ** 20;
const BATCH_FILES = 200;

/** Return how many of the files that wait go into the next request: at least one, each name once. */
export function nextBatch(waiting: Sized[]): number {
  const names = new Set<string>();
  let bytes = 0;
  let n = 0;
  for (const { name, size } of waiting) {
    if (n > 0 && (size > IN_PARTS_BYTES || n >= BATCH_FILES || bytes + size > BATCH_BYTES || names.has(name))) break;
    n += 1;
    if (size > IN_PARTS_BYTES) break;
    names.add(name);
    bytes += size;
  }
  return n;
}

/** Share out what was sent of a request over its files, in their order. */
export function sharedOut(share: number, sizes: number[]): number[] {
  let left = share * sizes.reduce((sum, size) => sum + size, 0);
  return sizes.map((size) => {
    const sent = Math.min(size, Math.max(0, Math.round(left)));
    left -= size;
    return sent;
  });
}

const RUBBISH = /^(\.|~\$|Thumbs\.db$|desktop\.ini$)/i;

/** Say whether a file is none that anybody means to upload: hidden ones, and what systems leave in folders. */
export function isRubbish(path: string): boolean {
  return path.split("/").some((part) => RUBBISH.test(part));
}

/** Return the name under which a file of a folder is kept: its path, for two folders may hold files of one name. */
export function keptName(path: string): string {
  return path.split("/").filter(Boolean).join(" - ");
}
