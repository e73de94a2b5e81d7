import { Alert, Button, Stack, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { Problem } from "@/api/client";

/** Says what went wrong in the server's own words, and offers another try. */
export function ProblemShown({ error, retry }: { error: unknown; retry?: () => void }) {
  const known = error instanceof Problem ? error : null;
  return (
    <Alert color="red" icon={<IconAlertTriangle aria-hidden />} title={known?.title ?? "This page failed"} role="alert">
      <Stack gap="xs" align="flex-start">
        <Text size="sm" className="breakable">
          {error instanceof Error ? error.message : String(error)}
        </Text>
        {known?.retryAfterS != null && <Text size="sm">Try again in {known.retryAfterS} s.</Text>}
        {retry && (
          <Button size="xs" variant="default" onClick={retry}>
            Try again
          </Button>
        )}
      </Stack>
    </Alert>
  );
}
