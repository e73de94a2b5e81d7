import type { ReactNode } from "react";
import { Stack, Text } from "@mantine/core";

/** Says that there is nothing, and what to do about it. */
export function Empty({ title, icon, children }: { title: string; icon?: ReactNode; children?: ReactNode }) {
  return (
    <Stack align="center" gap="xs" py="xl" className="empty">
      {icon}
      <Text fw={600}>{title}</Text>
      {children && (
        <Text c="dimmed" size="sm" ta="center" component="div" maw={520}>
          {children}
        </Text>
      )}
    </Stack>
  );
}
