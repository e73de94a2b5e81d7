import { Badge, Group, Stack, Tabs } from "@mantine/core";
import { useNavigate, useParams } from "@tanstack/react-router";
import { queries, type Schemas } from "@/api/client";
import { Link } from "@/kit/Link";
import { Page } from "@/kit/Page";
import { Shown } from "@/kit/Shown";
import { When } from "@/kit/When";
import { Basis } from "./evaluations/Basis";
import { Figures } from "./evaluations/Figures";
import { Headlines } from "./evaluations/Headlines";
import { HoldAgainst } from "./evaluations/HoldAgainst";
import { Questions } from "./evaluations/Questions";
import { RunActions } from "./evaluations/RunActions";
import { Gaps, SliceTable } from "./evaluations/Slices";
import { KINDS } from "./figures";
import { ForAdministrators } from "./ForAdministrators";

type Report = Schemas["ReportBody"];

/** One evaluation: its figures, where it is weak, and every question with what came of it. */
export function EvaluationPage() {
  const { runId } = useParams({ strict: false });
  const report = queries.useQuery("get", "/v1/evaluations/{run_id}", { params: { path: { run_id: runId ?? "" } } }, { staleTime: 60_000 });
  const found = report.data;
  return (
    <Page title={found ? `Evaluation of ${found.provenance.golden}` : "Evaluation"} description={found && <Described report={found} />}
      above={<Link to="/quality" size="sm">Quality</Link>} actions={found && <Actions report={found} />}>
      <ForAdministrators>
        <Shown query={report}>{(data) => <Content report={data} />}</Shown>
      </ForAdministrators>
    </Page>
  );
}

function Described({ report }: { report: Report }) {
  const { golden_version: version, started_at: at } = report.provenance;
  return (
    <Group gap="xs">
      <span>{KINDS[report.kind] ?? report.kind}{version === null ? "" : `, version ${version} of the golden set`}, <When at={at} /></span>
      {report.accepted && <Badge color="green" variant="light" className="state">accepted</Badge>}
    </Group>
  );
}

function Actions({ report }: { report: Report }) {
  const navigate = useNavigate();
  const { id, golden } = report.provenance;
  return (
    <>
      <HoldAgainst report={report} />
      <RunActions run={{ id, golden, accepted: report.accepted }} onDeleted={() => void navigate({ to: "/quality" })} />
    </>
  );
}

function Content({ report }: { report: Report }) {
  const wrong = report.wrong.length;
  return (
    <Stack gap="lg">
      <Headlines report={report} />
      <Tabs defaultValue="figures" keepMounted={false}>
        <Tabs.List aria-label="Parts of the report" mb="md">
          <Tabs.Tab value="figures">Figures</Tabs.Tab>
          <Tabs.Tab value="slices">Where it is weak</Tabs.Tab>
          <Tabs.Tab value="questions">Questions{wrong > 0 && ` (${wrong} went wrong)`}</Tabs.Tab>
          <Tabs.Tab value="basis">What it stands on</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="figures"><Figures report={report} /></Tabs.Panel>
        <Tabs.Panel value="slices"><Stack gap="lg"><SliceTable report={report} /><Gaps report={report} /></Stack></Tabs.Panel>
        <Tabs.Panel value="questions"><Questions report={report} /></Tabs.Panel>
        <Tabs.Panel value="basis"><Basis report={report} /></Tabs.Panel>
      </Tabs>
    </Stack>
  );
}
