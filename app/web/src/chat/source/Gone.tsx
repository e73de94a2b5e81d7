import { Text } from "@mantine/core";

/** What is said in the place of a source that may not be shown. */
export function Gone() {
  return <Text role="status">This source is not available any more: the document was deleted, or you may no longer read it.</Text>;
}
