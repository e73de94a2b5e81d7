import { useState } from "react";
import { Button, Stack, Table, Text, Title } from "@mantine/core";
import { queries, type Schemas } from "@/api/client";
import { Shown } from "@/kit/Shown";
import { StateBadge } from "@/kit/StateBadge";
import { When } from "@/kit/When";
import { count, grouped } from "@/kit/numbers";
import { changes, type Changed } from "./changes";

type Version = Schemas["VersionBody"];
const SHOWN = 200;

/** Every version of a set, and what changed with it. None of them ever changes. */
export function Versions({ name }: { name: string }) {
  const versions = queries.useQuery("get", "/v1/golden-sets/{name}/versions", { params: { path: { name } } });
  const [open, setOpen] = useState<number | null>(null);
  return (
    <Shown query={versions}>
      {({ golden_sets: found }) => (
        <Stack gap="lg">
          <Table.ScrollContainer minWidth={640} scrollAreaProps={{ viewportProps: { tabIndex: 0, "aria-label": "Versions" } }}>
            <Table verticalSpacing="xs">
              <Table.Thead>
                <Table.Tr>
                  {["Version", "Made", "By", "Questions", "Drafts", "Note", "What changed"].map((column) => <Table.Th key={column} scope="col">{column}</Table.Th>)}
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {found.map((version) => (
                  <Row key={version.version} version={version} open={open === version.version} onOpen={() => setOpen(open === version.version ? null : version.version)} />
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
          {open !== null && <Difference key={open} name={name} version={open} />}
        </Stack>
      )}
    </Shown>
  );
}

function Row({ version, open, onOpen }: { version: Version; open: boolean; onOpen: () => void }) {
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={400} className="figures">{version.version}</Table.Th>
      <Table.Td><When at={version.created_at} /></Table.Td>
      <Table.Td className="breakable"><By principal={version.created_by} /></Table.Td>
      <Table.Td className="figures">{grouped(version.count)}</Table.Td>
      <Table.Td className="figures">{grouped(version.drafts)}</Table.Td>
      <Table.Td><Text size="sm" className="breakable" lineClamp={2}>{version.note}</Text></Table.Td>
      <Table.Td><Button size="compact-sm" variant="default" aria-expanded={open} aria-label={`${open ? "Hide" : "Show"} what changed with version ${version.version}`} onClick={onOpen}>{open ? "Hide" : "Show"}</Button></Table.Td>
    </Table.Tr>
  );
}

function By({ principal }: { principal: string }) {
  const { data } = queries.useQuery("get", "/v1/users", undefined, { staleTime: 60_000 });
  const user = data?.users.find(({ id }) => `u:${id}` === principal || id === principal);
  return user?.display_name || user?.name || (principal.startsWith("u:") ? "the server's machine" : principal);
}

function Difference({ name, version }: { name: string; version: number }) {
  const path = { name };
  const after = queries.useQuery("get", "/v1/golden-sets/{name}", { params: { path, query: { version } } });
  const before = queries.useQuery("get", "/v1/golden-sets/{name}", { params: { path, query: { version: Math.max(1, version - 1) } } });
  return (
    <section aria-live="polite">
      <Title order={3} size="h5" mb="xs">{version === 1 ? "What version 1 began with" : `What changed from version ${version - 1} to ${version}`}</Title>
      <Shown query={before}>
        {({ questions: was }) => <Shown query={after}>{({ questions: is }) => <Changes found={changes(version === 1 ? [] : was, is)} />}</Shown>}
      </Shown>
    </section>
  );
}

function Changes({ found }: { found: Changed[] }) {
  if (found.length === 0) return <Text size="sm">Nothing that you may read.</Text>;
  return (
    <>
      <Table verticalSpacing={6} layout="fixed">
        <Table.Tbody>
          {found.slice(0, SHOWN).map(({ id, text, what, fields }) => (
            <Table.Tr key={id}>
              <Table.Td w={130}><StateBadge state={what} /></Table.Td>
              <Table.Td>
                <Text size="sm" dir="auto" className="breakable" lineClamp={3}>{text}</Text>
                {fields.length > 0 && <Text size="xs" c="dimmed">{fields.join(", ")}</Text>}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {found.length > SHOWN && <Text size="sm" c="dimmed">and {count(found.length - SHOWN, "more question")}</Text>}
    </>
  );
}
