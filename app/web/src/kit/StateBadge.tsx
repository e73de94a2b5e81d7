import { Badge } from "@mantine/core";

const COLOURS: Record<string, string> = {
  done: "green", live: "green", approved: "green", passed: "green", added: "green", ok: "green", updated: "green",
  failed: "red", refused: "red", error: "red", quarantined: "orange", "held back": "orange", withheld: "orange",
  running: "blue", queued: "gray", waiting: "gray", paused: "yellow", open: "blue", trial: "violet", shadow: "violet",
};

/** A state in a word; the word says it, the colour only helps. */
export function StateBadge({ state }: { state: string }) {
  return (
    <Badge color={COLOURS[state] ?? "gray"} variant="light" className="state">
      {state.replaceAll("_", " ")}
    </Badge>
  );
}
