import { Text, Tooltip } from "@mantine/core";

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const absolute = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** Say how long ago something was, such as "3 days ago". */
export function ago(moment: Date, now = new Date()): string {
  const seconds = (moment.getTime() - now.getTime()) / 1000;
  for (const [unit, length] of STEPS) if (Math.abs(seconds) >= length) return relative.format(Math.round(seconds / length), unit);
  return "just now";
}

/** A moment, as far away as it is; the moment itself on hovering. */
export function When({ at, empty = "never" }: { at: string | null | undefined; empty?: string }) {
  if (!at) return <Text span inherit c="dimmed">{empty}</Text>;
  const moment = new Date(at);
  return (
    <Tooltip label={absolute.format(moment)}>
      <time dateTime={at} className="nowrap">{ago(moment)}</time>
    </Tooltip>
  );
}
