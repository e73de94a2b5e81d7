import { Menu, Button, Text } from "@mantine/core";
import { IconChevronDown, IconGitCompare } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { queries, type Schemas } from "@/api/client";
import { ago } from "@/kit/When";

const OFFERED = 10;

/** A menu of the runs that this one can be compared with: of the same golden set and kind. */
export function HoldAgainst({ report }: { report: Schemas["ReportBody"] }) {
  const navigate = useNavigate();
  const { id, golden } = report.provenance;
  const runs = queries.useQuery("get", "/v1/evaluations", { params: { query: { golden, limit: 100 } } });
  const others = (runs.data?.runs ?? []).filter((run) => run.kind === report.kind && run.id !== id).slice(0, OFFERED);
  if (others.length === 0) return null;
  const started = new Date(report.provenance.started_at);
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button variant="default" leftSection={<IconGitCompare size={16} aria-hidden />} rightSection={<IconChevronDown size={14} aria-hidden />}>Compare with</Button>
      </Menu.Target>
      <Menu.Dropdown>
        {others.map((run) => {
          const earlier = new Date(run.created_at) < started;
          return (
            <Menu.Item key={run.id} onClick={() => void navigate({
              to: "/quality/comparison", search: earlier ? { before: run.id, after: id } : { before: id, after: run.id },
            })}>
              <Text size="sm">{ago(new Date(run.created_at))}{run.accepted && ", accepted"}</Text>
              <Text size="xs" c="dimmed">{run.id.slice(0, 8)}, {earlier ? "before this one" : "after this one"}</Text>
            </Menu.Item>
          );
        })}
      </Menu.Dropdown>
    </Menu>
  );
}
