import { Text } from "@mantine/core";

/** Says in a line why a change failed; nothing where it did not. */
export function Failure({ error }: { error: unknown }) {
  if (!error) return null;
  return (
    <Text size="sm" c="red" role="alert" className="breakable">
      {error instanceof Error ? error.message : "That did not work."}
    </Text>
  );
}
