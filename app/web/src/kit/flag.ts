import { useSyncExternalStore } from "react";

/** Something that is so or not, for the whole page; components that use it follow it. */
export function flag(initial: boolean) {
  let is = initial;
  const watchers = new Set<() => void>();
  const watch = (watcher: () => void) => {
    watchers.add(watcher);
    return () => void watchers.delete(watcher);
  };
  return {
    get: () => is,
    set: (now: boolean) => {
      if (now === is) return;
      is = now;
      for (const watcher of watchers) watcher();
    },
    use: () => useSyncExternalStore(watch, () => is),
  };
}
