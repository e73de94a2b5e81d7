import { Text } from "@mantine/core";
import { When } from "@/kit/When";
import { useNames } from "@/people/names";
import type { LifeStep } from "./steps";

const WORDS: Record<LifeStep["state"], string> = { done: "done", now: "here now", next: "not yet", stopped: "stopped here" };

/** The way of a candidate, with who did what when. */
export function Life({ steps }: { steps: LifeStep[] }) {
  const names = useNames(steps.map(({ by }) => by ?? ""));
  return (
    <ol className="life" aria-label="The way of this candidate">
      {steps.map(({ name, state, at, by, note }) => (
        <li key={name} data-state={state} aria-current={state === "now" ? "step" : undefined}>
          <Text size="sm" fw={600}>{name}</Text>
          <Text size="xs" c="dimmed">{WORDS[state]}</Text>
          {at && <Text size="xs" component="div"><When at={at} />{by && <span className="breakable"> by {names.get(by) ?? by}</span>}</Text>}
          {note && <Text size="xs" className="breakable">{note}</Text>}
        </li>
      ))}
    </ol>
  );
}
