import { scaled, ticksOf } from "./scale";

export interface Whisker {
  label: string;
  value: number;
  low: number | null;
  high: number | null;
}

interface WhiskersProps {
  rows: Whisker[];
  /** What the axis shows, in words. */
  label: string;
  /** Ends of the axis; found in the rows when left out. */
  span?: [number, number];
  /** Where a dashed line stands: no change, or all questions. */
  mark?: number;
  write?: (value: number) => string;
}

/** Dots with the whiskers of their 95 % intervals. The table beside it holds the same in numbers. */
export function Whiskers({ rows, label, span, mark, write = twoDigits }: WhiskersProps) {
  const ends = span ?? spanOf(rows, mark);
  const place = scaled(ends, [2, 97]);
  const x = (value: number) => `${place(value)}%`;
  const ticks = ticksOf(ends);
  return (
    <div className="whiskers" role="img" aria-label={`${label}. ${inWords(rows, write)}`}>
      {rows.map((row) => (
        <div key={row.label} className="whisker-row">
          <span className="whisker-name">{row.label}</span>
          <svg className="whisker-track">
            {ticks.map((tick) => <line key={tick} x1={x(tick)} x2={x(tick)} y1={0} y2="100%" className="plot-grid" />)}
            {mark !== undefined && <line x1={x(mark)} x2={x(mark)} y1={0} y2="100%" className="plot-mark" />}
            <Dot row={row} x={x} />
          </svg>
        </div>
      ))}
      <div className="whisker-row">
        <span />
        <svg className="whisker-track">
          {ticks.map((tick) => <text key={tick} x={x(tick)} y={16} textAnchor="middle" className="plot-text">{write(tick)}</text>)}
        </svg>
      </div>
    </div>
  );
}

function Dot({ row: { value, low, high }, x }: { row: Whisker; x: (value: number) => string }) {
  return (
    <>
      {low !== null && high !== null && (
        <>
          <line x1={x(low)} x2={x(high)} y1={14} y2={14} className="plot-whisker" />
          <line x1={x(low)} x2={x(low)} y1={9} y2={19} className="plot-whisker" />
          <line x1={x(high)} x2={x(high)} y1={9} y2={19} className="plot-whisker" />
        </>
      )}
      <circle cx={x(value)} cy={14} r={5} className="plot-dot" />
    </>
  );
}

function twoDigits(value: number): string {
  return value.toFixed(2);
}

function spanOf(rows: Whisker[], mark: number | undefined): [number, number] {
  const all = rows.flatMap(({ value, low, high }) => [value, low ?? value, high ?? value]).concat(mark ?? []);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  return low < high ? [low, high] : [low - 0.5, high + 0.5];
}

function inWords(rows: Whisker[], write: (value: number) => string): string {
  return rows.map(({ label, value, low, high }) =>
    `${label}: ${write(value)}${low !== null && high !== null ? `, between ${write(low)} and ${write(high)}` : ""}`).join("; ");
}
