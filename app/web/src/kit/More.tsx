import { Button, Group, Text } from "@mantine/core";

interface MoreProps {
  /** Of an infinite query. */
  query: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => Promise<unknown>; error: unknown; isFetchNextPageError: boolean };
  label?: string;
}

/** A button for the next page of a list, as long as there is one. */
export function More({ query, label = "Show more" }: MoreProps) {
  if (!query.hasNextPage) return null;
  return (
    <Group justify="center">
      <Button variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
        {label}
      </Button>
      {query.isFetchNextPageError && (
        <Text size="sm" c="red" role="alert">{query.error instanceof Error ? query.error.message : "That did not work."}</Text>
      )}
    </Group>
  );
}
