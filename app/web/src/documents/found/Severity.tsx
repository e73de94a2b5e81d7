import { Badge } from "@mantine/core";
import { severityInWords } from "./words";

const COLOURS = { low: "gray", medium: "yellow", high: "red" };

/** How grave a finding is, in a word. */
export function Severity({ severity }: { severity: "low" | "medium" | "high" }) {
  return <Badge variant="light" color={COLOURS[severity]} className="state">{severityInWords(severity)}</Badge>;
}
