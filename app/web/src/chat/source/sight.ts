/** Bring what is marked into sight, unless it is: then what stands above it stays too. */
export function bringIntoSight(mark: Element | null): void {
  const frame = mark?.closest("[data-scrolls], aside, [role=dialog]")?.getBoundingClientRect();
  if (!mark || !frame) return;
  const at = mark.getBoundingClientRect();
  const bar = mark.closest(".source")?.querySelector(".source-bar")?.getBoundingClientRect().height ?? 0;
  const isSeen = at.top >= frame.top + bar && at.bottom <= frame.bottom && at.left >= frame.left && at.right <= frame.right;
  // What is long is read from its beginning.
  if (!isSeen) mark.scrollIntoView({ block: at.height > frame.height / 2 ? "start" : "center", inline: "nearest" });
}
