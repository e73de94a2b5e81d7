import { Stack, Text, Title } from "@mantine/core";
import type { Schemas } from "@/api/client";
import { signed } from "@/kit/numbers";
import { scaled, ticksOf } from "@/quality/scale";
import { parted } from "./parted";

const WIDTH = 640;
const HEIGHT = 220;
const LEFT = 64;

/** One bar a question, from the largest gain to the largest loss; the mean with its interval lies behind. */
export function GainBars({ differences, gain, order }: { differences: number[]; gain: Schemas["GainBody"]; order: 3 | 4 }) {
  const { better, worse, same } = parted(differences);
  const most = Math.max(...differences.map(Math.abs), 0.05);
  const ends: [number, number] = [-most, most];
  const y = scaled(ends, [HEIGHT - 12, 12]);
  const step = (WIDTH - LEFT) / differences.length;
  const words = `${better} better, ${worse} worse, ${same} the same`;
  return (
    <Stack gap="xs">
      <Title order={order} size="h5">Question by question</Title>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} className="plot gain-bars" role="img" aria-label={`What each question gains: ${words}`}>
        {ticksOf(ends).map((tick) => (
          <g key={tick}>
            <line x1={LEFT} x2={WIDTH} y1={y(tick)} y2={y(tick)} className="plot-grid" />
            <text x={LEFT - 8} y={y(tick) + 4} textAnchor="end" className="plot-text">{signed(tick, 1)}</text>
          </g>
        ))}
        {gain.low !== null && gain.high !== null && (
          <rect x={LEFT} width={WIDTH - LEFT} y={y(gain.high)} height={Math.max(2, y(gain.low) - y(gain.high))} className="plot-band" />
        )}
        {differences.map((size, n) => (
          // eslint-disable-next-line react/no-array-index-key -- they are sorted, and nothing else names them
          <rect key={n} x={LEFT + n * step} width={Math.max(step - (step > 3 ? 1 : 0), 0.5)} y={Math.min(y(0), y(size))} height={Math.abs(y(size) - y(0))}
            className={size > 0 ? "plot-gain" : "plot-loss"} />
        ))}
        {gain.value !== null && <line x1={LEFT} x2={WIDTH} y1={y(gain.value)} y2={y(gain.value)} className="plot-mark" />}
      </svg>
      <Text size="sm">
        {words}{differences.length >= 500 && " among the 500 drawn"}. The dashed line is the mean{gain.value !== null && ` (${signed(gain.value)})`}, the
        band around it where it lies with 95 % confidence. Bars above zero gained, bars below lost.
      </Text>
    </Stack>
  );
}
