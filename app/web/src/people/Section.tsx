import type { ReactNode } from "react";
import { Group, Paper, Stack, Text, Title } from "@mantine/core";

/** A part of a page with its heading, what it is about, and what can be done. */
export function Section({ title, description, actions, children }: { title: string; description?: ReactNode; actions?: ReactNode; children?: ReactNode }) {
  return (
    <Paper withBorder p="md" component="section" aria-label={title}>
      <Stack gap="sm">
        <Group justify="space-between" align="flex-start" gap="sm">
          <div className="page-heading">
            <Title order={2} size="h4">{title}</Title>
            {description && <Text size="sm" c="dimmed" component="div">{description}</Text>}
          </div>
          {actions && <Group gap="xs">{actions}</Group>}
        </Group>
        {children}
      </Stack>
    </Paper>
  );
}
