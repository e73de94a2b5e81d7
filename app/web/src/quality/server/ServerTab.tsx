import { Stack } from "@mantine/core";
import { Compaction } from "./Compaction";
import { Doctor } from "./Doctor";
import { Health } from "./Health";

/** Whether the server can answer, whether the knowledge base is sound, and what makes deletions final. */
export function ServerTab() {
  return (
    <Stack gap="lg">
      <Health />
      <Doctor />
      <Compaction />
    </Stack>
  );
}
