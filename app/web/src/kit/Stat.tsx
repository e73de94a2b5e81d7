import type { ReactNode } from "react";
import { Paper, Text } from "@mantine/core";

/** One figure with what it counts. Several stand in a `<div className="stats">`. */
export function Stat({ label, value, note }: { label: string; value: ReactNode; note?: ReactNode }) {
  return (
    <Paper withBorder p="md">
      <Text size="sm" c="dimmed">{label}</Text>
      <Text size="xl" fw={650} className="figures">{value}</Text>
      {note && <Text size="xs" c="dimmed" component="div">{note}</Text>}
    </Paper>
  );
}
