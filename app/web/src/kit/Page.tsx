import { useEffect, type ReactNode } from "react";
import { Group, Stack, Text, Title } from "@mantine/core";

interface PageProps {
  title: string;
  description?: ReactNode;
  /** Buttons at the right of the title. */
  actions?: ReactNode;
  /** Links above the title, to where this page belongs. */
  above?: ReactNode;
  children: ReactNode;
}

/** A page with its heading, which is the browser tab's title too. */
export function Page({ title, description, actions, above, children }: PageProps) {
  useTitle(title);
  return (
    <div className="page">
      <Stack gap="lg">
        <header>
          {above}
          <Group justify="space-between" align="flex-start" gap="sm">
            <div className="page-heading">
              <Title order={1} size="h2" className="breakable" tabIndex={-1}>
                {title}
              </Title>
              {description && (
                <Text c="dimmed" component="div">
                  {description}
                </Text>
              )}
            </div>
            {actions && <Group gap="xs">{actions}</Group>}
          </Group>
        </header>
        {children}
      </Stack>
    </div>
  );
}

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = title ? `${title} - Attune` : "Attune";
  }, [title]);
}
