import { Text } from "@mantine/core";
import type { Schemas } from "@/api/client";
import { count, signed } from "@/kit/numbers";

/** A gain with its interval and on how many questions it was measured. */
export function GainFigure({ gain }: { gain: Schemas["GainBody"] | null }) {
  if (!gain || gain.value === null) return <Text span inherit c="dimmed">not measured</Text>;
  const between = gain.low === null || gain.high === null ? "" : ` (${signed(gain.low)} to ${signed(gain.high)})`;
  return (
    <span className="figures">
      <span className="nowrap">{signed(gain.value)}{between}</span>{" "}
      <Text span size="xs" c="dimmed" className="nowrap">on {count(gain.questions, "question")}</Text>
    </span>
  );
}
