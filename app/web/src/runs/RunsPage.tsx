import { Select, Stack, Text } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { queries } from "@/api/client";
import { Empty } from "@/kit/Empty";
import { Link } from "@/kit/Link";
import { Page } from "@/kit/Page";
import { RunList } from "./RunList";

/** The history of what was taken in, the newest first. */
export function RunsPage() {
  const given: Record<string, string | undefined> = useSearch({ strict: false });
  const source = given["source"];
  return (
    <Page title="Runs" description="Whatever is taken in, by upload, source or command, is a run. Here is what became of each.">
      <Stack>
        <OfSource source={source} />
        <RunList source={source} empty={
          <Empty title="Nothing was taken in yet">
            <Link to="/documents" underline="always">Upload documents</Link>, or set up a source; each run shows up here.
          </Empty>
        } />
      </Stack>
    </Page>
  );
}

function OfSource({ source }: { source: string | undefined }) {
  const navigate = useNavigate();
  const { data } = queries.useQuery("get", "/v1/sources");
  if (!data || data.sources.length === 0) return null;
  return (
    <>
      <Select label="Runs of" w={280} maw="100%" clearable placeholder="All sources and uploads" value={source ?? null}
        clearButtonProps={{ "aria-label": "Show all runs" }}
        data={data.sources.map(({ id, name, collection }) => ({ value: id, label: `${name} (${collection})` }))}
        onChange={(value) => void navigate({ to: ".", search: { source: value ?? undefined } })} />
      {source && (
        <Text size="sm"><Link to="/sources/$sourceId" params={{ sourceId: source }}>Open this source</Link></Text>
      )}
    </>
  );
}
