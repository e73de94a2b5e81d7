import { Stack, Table } from "@mantine/core";
import { queries } from "@/api/client";
import { Empty } from "@/kit/Empty";
import { More } from "@/kit/More";
import { Shown } from "@/kit/Shown";
import { AuditEvents } from "./AuditEvents";
import { AuditFilters } from "./AuditFilters";
import { useWanted } from "./useWanted";
import { Verification } from "./Verification";
import { asked } from "./wanted";

const PAGE = 50;

/** Who did what, when and from where: narrowed, opened, taken away, and held against its seals. */
export function AuditLog() {
  const [wanted, setWanted] = useWanted();
  const query = queries.useInfiniteQuery("get", "/v1/audit", { params: { query: { ...asked(wanted), limit: PAGE } } }, {
    pageParamName: "before",
    initialPageParam: null,
    getNextPageParam: ({ next }: { next: number | null }) => next ?? undefined,
  });
  return (
    <Stack>
      <Verification />
      <AuditFilters wanted={wanted} onChange={setWanted} />
      <Shown query={query}>
        {({ pages }) => {
          if (pages.every((page) => page.events.length === 0)) return <Empty title="Nothing like this was done">Take a filter away to see more.</Empty>;
          return (
            <>
              <Table.ScrollContainer minWidth={640}>
                <Table>
                  <Table.Thead><Table.Tr>
                    {["When", "Who", "What", "Object", "Details"].map((head) => <Table.Th key={head} scope="col">{head}</Table.Th>)}
                  </Table.Tr></Table.Thead>
                  <Table.Tbody>
                    {pages.map((page) => <AuditEvents key={page.events[0]?.seq ?? 0} events={page.events} />)}
                  </Table.Tbody>
                </Table>
              </Table.ScrollContainer>
              <More query={query} label="Show earlier events" />
            </>
          );
        }}
      </Shown>
    </Stack>
  );
}
