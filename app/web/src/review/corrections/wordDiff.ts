// What differs between two texts, word by word; pure.

export interface DiffPart {
  kind: "same" | "removed" | "added";
  text: string;
}

const words = new Intl.Segmenter(undefined, { granularity: "word" });

// Two answers of some thousand words would keep the browser busy: they are shown as wholly different.
const MOST_CELLS = 4_000_000;

const LEAST_SAME = 0.3;

/** Compare two texts word by word, in the order of the longest common run of words. */
export function wordDiff(before: string, after: string): DiffPart[] {
  const [old, now] = [cut(before), cut(after)];
  const head = commonStart(old, now);
  const tail = commonStart(old.slice(head).toReversed(), now.slice(head).toReversed());
  const middle = compared(old.slice(head, old.length - tail), now.slice(head, now.length - tail));
  return joined([
    ...old.slice(0, head).map(same),
    ...middle,
    ...old.slice(old.length - tail).map(same),
  ]);
}

/** Say whether so little is the same in both texts that marks would only be in the way. */
export function isAnew(parts: readonly DiffPart[]): boolean {
  const chars = (...kinds: DiffPart["kind"][]) => parts.filter(({ kind }) => kinds.includes(kind)).reduce((sum, { text }) => sum + text.length, 0);
  const longer = Math.max(chars("same", "removed"), chars("same", "added"));
  return longer > 0 && chars("same") / longer < LEAST_SAME;
}

function cut(text: string): string[] {
  return Array.from(words.segment(text), ({ segment }) => segment);
}

function same(text: string): DiffPart {
  return { kind: "same", text };
}

function removed(text: string): DiffPart {
  return { kind: "removed", text };
}

function added(text: string): DiffPart {
  return { kind: "added", text };
}

function commonStart(one: readonly string[], other: readonly string[]): number {
  let n = 0;
  while (n < one.length && n < other.length && one[n] === other[n]) n += 1;
  return n;
}

function compared(old: readonly string[], now: readonly string[]): DiffPart[] {
  if (old.length * now.length > MOST_CELLS) return [...old.map(removed), ...now.map(added)];
  const width = now.length + 1;
  // How many words the rests have in common, from each place on.
  const common = new Uint16Array((old.length + 1) * width);
  for (let n = old.length - 1; n >= 0; n -= 1) {
    for (let m = now.length - 1; m >= 0; m -= 1) {
      common[n * width + m] = old[n] === now[m] ? at(common, (n + 1) * width + m + 1) + 1
        : Math.max(at(common, (n + 1) * width + m), at(common, n * width + m + 1));
    }
  }
  const parts: DiffPart[] = [];
  let [n, m] = [0, 0];
  while (n < old.length || m < now.length) {
    const [before, after] = [old[n], now[m]];
    if (before !== undefined && before === after) {
      parts.push(same(before));
      n += 1;
      m += 1;
    } else if (after === undefined || (before !== undefined && at(common, (n + 1) * width + m) >= at(common, n * width + m + 1))) {
      parts.push(removed(before ?? ""));
      n += 1;
    } else {
      parts.push(added(after));
      m += 1;
    }
  }
  return parts;
}

function at(common: Uint16Array, place: number): number {
  return common[place] ?? 0;
}

function joined(parts: readonly DiffPart[]): DiffPart[] {
  const found: DiffPart[] = [];
  for (const part of parts) {
    const last = found.at(-1);
    if (last && last.kind === part.kind) last.text += part.text;
    else found.push({ ...part });
  }
  return found;
}
