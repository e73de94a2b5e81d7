import { Button, Group, Stack, Table, Text } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { queries, type Schemas } from "@/api/client";
import { Empty } from "@/kit/Empty";
import { More } from "@/kit/More";
import { Shown } from "@/kit/Shown";
import { StateBadge } from "@/kit/StateBadge";
import { When } from "@/kit/When";
import { useNames } from "../names";
import { Forget } from "./Forget";
import { Receipt } from "./Receipt";

const GOES_ON_MS = 4_000;

/** What was forgotten, the receipts, and how to forget more. */
export function Erasures() {
  const { receipt }: Record<string, string | undefined> = useSearch({ strict: false });
  return receipt ? <Receipt id={receipt} /> : <><Forget /><Receipts /></>;
}

function Receipts() {
  const query = queries.useInfiniteQuery("get", "/v1/erasures", { params: { query: { limit: 50 } } }, {
    pageParamName: "after",
    initialPageParam: null,
    getNextPageParam: ({ next }: { next: string | null }) => next ?? undefined,
    refetchInterval: (asked) => (asked.state.data?.pages.some((page) => page.erasures.some((one) => one.finished_at === null)) ? GOES_ON_MS : false),
  });
  return (
    <Shown query={query}>
      {({ pages }) => {
        const found = pages.flatMap((page) => page.erasures);
        if (found.length === 0) return <Empty title="Nothing was forgotten yet">Each time it is, a receipt stands here.</Empty>;
        return <Stack mt="lg"><ReceiptTable found={found} /><More query={query} label="Show earlier receipts" /></Stack>;
      }}
    </Shown>
  );
}

function ReceiptTable({ found }: { found: Schemas["ErasureBody"][] }) {
  const navigate = useNavigate();
  const names = useNames(found.map((one) => one.requested_by));
  return (
    <Table.ScrollContainer minWidth={620}>
      <Table>
        <Table.Caption>Receipts</Table.Caption>
        <Table.Thead><Table.Tr>
          {["What", "Id", "Asked for by", "When", "State", "Receipt"].map((head) => <Table.Th key={head} scope="col">{head}</Table.Th>)}
        </Table.Tr></Table.Thead>
        <Table.Tbody>
          {found.map((one) => (
            <Table.Tr key={one.id}>
              <Table.Td>{one.kind === "user" ? "A person" : "A document"}</Table.Td>
              <Table.Th scope="row" fw={400} className="breakable">{one.subject}</Table.Th>
              <Table.Td className="breakable"><bdi>{names.get(one.requested_by) ?? one.requested_by}</bdi></Table.Td>
              <Table.Td><When at={one.requested_at} /></Table.Td>
              <Table.Td><StateBadge state={one.finished_at === null ? "running" : "done"} /></Table.Td>
              <Table.Td>
                <Button size="compact-xs" variant="default" aria-label={`Open the receipt of ${one.subject}`}
                  onClick={() => void navigate({ to: ".", search: { tab: "erasures", receipt: one.id } })}>Open</Button>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <Group><Text size="xs" c="dimmed">A backup from before brings back what was forgotten. After a restore, forget these again.</Text></Group>
    </Table.ScrollContainer>
  );
}
