import type { Schemas } from "@/api/client";

type Rectangle = Schemas["RectangleBody"];
type Page = Pick<Schemas["HighlightBody"], "width_pt" | "height_pt">;

/** How many times the width of the panel a page may be. */
export const ZOOMS = [1, 1.5, 2, 3] as const;

const STEP = 200; // so that a panel that is drawn wider asks for few pictures
const LEAST = 200;
const MOST = 2_000;

/** Return how wide a picture to ask for, in pixels, such that each pixel of the screen gets one of its own as far as the server draws. */
export function pixelsFor(panel: number, zoom: number, ratio: number): number {
  return Math.min(MOST, Math.max(LEAST, Math.ceil((panel * zoom * ratio) / STEP) * STEP));
}

/** Return where a box stands on its page, in parts of it. */
export function placed(box: Rectangle, page: Page) {
  return {
    left: part(box.left, page.width_pt),
    top: part(box.top, page.height_pt),
    width: part(box.right - box.left, page.width_pt),
    height: part(box.bottom - box.top, page.height_pt),
  };
}

function part(length: number, of: number): string {
  return `${(100 * length) / of}%`;
}
