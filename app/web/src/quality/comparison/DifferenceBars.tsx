import type { Schemas } from "@/api/client";
import { scaled } from "../scale";

type Change = Schemas["WordedChangeBody"];

const WIDTH = 640;
const HEIGHT = 180;

interface DifferenceBarsProps {
  changes: Change[];
  /** Questions whose score is the same in both runs. */
  unchanged: number;
  lowerIsBetter: boolean;
}

/** One bar for each question that changed, from the largest loss to the largest gain. The table below names them. */
export function DifferenceBars({ changes, unchanged, lowerIsBetter }: DifferenceBarsProps) {
  const sizes = changes.map(({ before, after }) => after - before);
  const most = Math.max(...sizes.map(Math.abs), 1e-9);
  const y = scaled([-most, most], [HEIGHT - 8, 8]);
  const width = Math.min(24, WIDTH / changes.length);
  const better = sizes.filter((size) => (lowerIsBetter ? size < 0 : size > 0)).length;
  const words = `${better} better, ${changes.length - better} worse, ${unchanged} the same`;
  return (
    <figure className="plain-figure">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} className="plot" role="img" aria-label={`Differences of single questions: ${words}`}>
        <line x1={0} x2={WIDTH} y1={y(0)} y2={y(0)} className="plot-mark" />
        {changes.map(({ question, text }, n) => {
          const size = sizes[n] ?? 0;
          return (
            <rect key={question} x={n * width} width={Math.max(width - 1, 0.5)} y={Math.min(y(0), y(size))} height={Math.abs(y(size) - y(0))}
              className={(lowerIsBetter ? size < 0 : size > 0) ? "plot-gain" : "plot-loss"}>
              <title>{`${text || question}: ${size.toFixed(3)}`}</title>
            </rect>
          );
        })}
      </svg>
      <figcaption>{words}. Each bar is a question: below the line it lost, above it gained.</figcaption>
    </figure>
  );
}
