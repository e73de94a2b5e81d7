import { SegmentedControl, Stack, Text } from "@mantine/core";
import { queries, type Schemas } from "@/api/client";
import { Empty } from "@/kit/Empty";
import { Shown } from "@/kit/Shown";
import { useNames } from "@/people/names";
import { useAddress } from "../address";
import { CorrectionRow } from "./CorrectionRow";

export type Correction = Schemas["AskedFeedbackBody"];

const VIEWS = [
  { value: "waiting", label: "Waiting", wanted: { approved: false } },
  { value: "approved", label: "Approved", wanted: { approved: true } },
  { value: "refused", label: "Refused", wanted: { refused: true } },
] as const;
const MOST = 200;

/** What people say the answers should have been: each is approved or refused by somebody who looks after the documents. */
export function CorrectionsTab() {
  const [{ view: given }, change] = useAddress();
  const view = VIEWS.find(({ value }) => value === given) ?? VIEWS[0];
  const found = queries.useQuery("get", "/v1/feedback", { params: { query: { only: "corrections", limit: MOST, ...view.wanted } } });
  return (
    <Stack gap="md">
      <Text size="sm" maw={720}>
        Approve a correction, and it becomes an answer that is found and cited from then on, by everybody who may read the documents it stands on. Refuse it, and nothing is learned from it.
      </Text>
      <div className="scrolled-choice">
        <SegmentedControl aria-label="Which corrections" data={VIEWS.map(({ value, label }) => ({ value, label }))} value={view.value} onChange={(value) => change({ view: value })} />
      </div>
      <Shown query={found}>{({ feedback }) => <List corrections={feedback} view={view.value} />}</Shown>
    </Stack>
  );
}

function List({ corrections, view }: { corrections: Correction[]; view: (typeof VIEWS)[number]["value"] }) {
  const names = useNames(corrections.flatMap((one) => [one.principal_id, one.approved_by ?? "", one.refused_by ?? ""]));
  if (corrections.length === 0) {
    return view === "waiting" ? <Empty title="Nothing waits">Corrections come here when somebody presses “Correct the answer” or says which source is right.</Empty>
      : <Empty title={`Nothing was ${view} yet`} />;
  }
  return (
    <>
      <ul className="rows">{corrections.map((one) => <CorrectionRow key={one.id} correction={one} names={names} />)}</ul>
      {corrections.length === MOST && <Text size="sm" c="dimmed">The newest {MOST} are shown.</Text>}
    </>
  );
}
