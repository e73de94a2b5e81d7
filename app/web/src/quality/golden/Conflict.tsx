import { Alert, Button, Stack, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { Problem } from "@/api/client";
import { refresh } from "@/api/queryClient";
import { ProblemShown } from "@/kit/ProblemShown";

/** Says why a change was not taken; where somebody else was quicker, offers to look at what is there now. */
export function Conflict({ failure, forget, keeps }: { failure: unknown; forget: () => void; keeps?: string }) {
  if (!failure) return null;
  if (!(failure instanceof Problem) || failure.status !== 409) return <ProblemShown error={failure} />;
  return (
    <Alert color="yellow" icon={<IconAlertTriangle aria-hidden />} title="Somebody changed this set meanwhile" role="alert">
      <Stack gap="xs" align="flex-start">
        <Text size="sm" className="breakable">Nothing was written: {failure.message}. {keeps}</Text>
        <Button size="xs" variant="default" onClick={() => {
          void refresh("/v1/golden-sets").then(forget);
        }}>Load the newest version</Button>
      </Stack>
    </Alert>
  );
}
