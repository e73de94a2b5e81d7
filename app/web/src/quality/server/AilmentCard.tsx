import { Badge, Code, Group, List, Paper, Text } from "@mantine/core";
import type { Schemas } from "@/api/client";

const SEVERITIES = {
  error: { color: "red", label: "wrong for readers" },
  warning: { color: "orange", label: "nothing wrong for readers yet" },
  note: { color: "gray", label: "worth knowing" },
};

/** Something that is wrong, what mends it, and whether it was mended. */
export function AilmentCard({ ailment }: { ailment: Schemas["AilmentBody"] }) {
  const { color, label } = SEVERITIES[ailment.severity];
  return (
    <Paper withBorder p="sm">
      <Group gap="xs" mb={4}>
        <Badge color={color} variant="light" className="state">{label}</Badge>
        <Code>{ailment.code}</Code>
      </Group>
      <Text fw={600} size="sm">{ailment.count} {ailment.words}</Text>
      <Text size="sm">{ailment.mendable ? "A repair does this" : "What to do"}: {ailment.remedy}.</Text>
      {ailment.mended !== null && <Text size="sm">{ailment.mended} of {ailment.count} are right now.</Text>}
      {ailment.trouble && <Text size="sm" c="red" className="breakable">{ailment.trouble}</Text>}
      {ailment.examples.length > 0 && (
        <details>
          <summary>Examples</summary>
          <List size="xs">{ailment.examples.map((example) => <List.Item key={example} className="breakable">{example}</List.Item>)}</List>
        </details>
      )}
    </Paper>
  );
}
