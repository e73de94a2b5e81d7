import { Button, Group, List, Stack, Text } from "@mantine/core";
import type { Schemas } from "@/api/client";
import { ButtonLink } from "@/kit/Link";
import { count } from "@/kit/numbers";

/** Says what came of making questions, what was left out and why. */
export function Drafted({ made, onDone }: { made: Schemas["DraftedBody"]; onDone: () => void }) {
  const skipped = Object.entries(made.skipped);
  return (
    <Stack role="status">
      <Text fw={600}>{made.added === 0 ? "Nothing was added" : `${count(made.added, "question")} added to ${made.name}`}</Text>
      {skipped.length > 0 && (
        <>
          <Text size="sm">Left out:</Text>
          <List size="sm">{skipped.map(([what, n]) => <List.Item key={what}>{what}: {n}</List.Item>)}</List>
        </>
      )}
      <Group justify="flex-end">
        <Button variant="default" onClick={onDone}>Close</Button>
        {made.drafts > 0 && (
          <ButtonLink to="/quality/golden/$name" params={{ name: made.name }} search={{ tab: "review" }} onClick={onDone}>Review {count(made.drafts, "draft")}</ButtonLink>
        )}
      </Group>
    </Stack>
  );
}
