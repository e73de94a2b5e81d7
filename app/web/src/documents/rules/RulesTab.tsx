import { Stack } from "@mantine/core";
import { queries } from "@/api/client";
import { Shown } from "@/kit/Shown";
import { GuardsForm } from "./GuardsForm";
import { GuardTrial } from "./GuardTrial";
import { NamesForm } from "./NamesForm";
import { PolicyForm } from "./PolicyForm";
import { useRole } from "@/session/session";

/** What is done about findings in documents, and what is refused and masked in questions and answers. */
export function RulesTab({ collection }: { collection: string }) {
  const { administrator } = useRole();
  const params = { path: { name: collection } };
  const policy = queries.useQuery("get", "/v1/collections/{name}/policy", { params });
  const guards = queries.useQuery("get", "/v1/collections/{name}/guards", { params });
  return (
    <Stack gap="xl" maw={860}>
      <Shown query={policy}>
        {(kept) => (
          <>
            <PolicyForm collection={collection} kept={kept} />
            <NamesForm collection={collection} known={kept.names} />
          </>
        )}
      </Shown>
      <Shown query={guards}>{(kept) => <GuardsForm collection={collection} kept={kept} />}</Shown>
      {administrator && <GuardTrial collection={collection} />}
    </Stack>
  );
}
