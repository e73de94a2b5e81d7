import { Badge } from "@mantine/core";
import { VERDICTS, type Verdict } from "../words";

const COLOURS: Record<Verdict, string> = { passed: "green", refused: "red", not_enough_data: "yellow", closed: "gray" };

/** What the gate said, in a word. */
export function VerdictBadge({ verdict }: { verdict: Verdict }) {
  return <Badge variant="light" color={COLOURS[verdict]} className="state">{VERDICTS[verdict]}</Badge>;
}
