import { useState } from "react";
import { Button, Group as Row, SegmentedControl, Stack, Switch, Text } from "@mantine/core";
import { IconCopy } from "@tabler/icons-react";
import { keepPreviousData } from "@tanstack/react-query";
import { queries } from "@/api/client";
import { copied } from "@/chat/copy";
import { Empty } from "@/kit/Empty";
import { count } from "@/kit/numbers";
import { Shown } from "@/kit/Shown";
import { useAddress } from "../address";
import { asList, type Gap } from "../words";
import { GapRow } from "./GapRow";

const STATES = [
  { value: "open", label: "Open" },
  { value: "handled", label: "Handled" },
  { value: "dismissed", label: "Dismissed" },
  { value: "any", label: "All" },
] as const;

/** What people asked and no document answers, with the documents that come nearest. */
export function GapsTab() {
  const [{ state, answered }, change] = useAddress();
  const wanted = STATES.find(({ value }) => value === state)?.value ?? "open";
  const withAnswered = answered === "yes";
  const query = { state: wanted, answered: withAnswered, limit: 50 };
  const found = queries.useQuery("get", "/v1/review/gaps", { params: { query } }, { placeholderData: keepPreviousData });
  return (
    <Stack gap="md">
      <Text size="sm" maw={720}>
        Nothing that you may read answers these questions. Each was just searched for again; the nearest documents show where an answer could be written.
      </Text>
      <div className="review-filters">
        <div className="scrolled-choice">
          <SegmentedControl aria-label="What became of them" data={[...STATES]} value={wanted} onChange={(value) => change({ state: value, group: undefined })} />
        </div>
        <Switch label="Also those that are answered by now" checked={withAnswered} onChange={(event) => change({ answered: event.currentTarget.checked ? "yes" : undefined })} />
        {found.data && found.data.gaps.length > 0 && <Copy gaps={found.data.gaps} />}
      </div>
      <Shown query={found}>
        {({ gaps, withheld }) => (
          <Stack gap="sm">
            {gaps.length === 0 ? <Nothing state={wanted} /> : <ul className="rows">{gaps.map((gap) => <GapRow key={gap.id} gap={gap} />)}</ul>}
            {gaps.length === 50 && <Text size="sm" c="dimmed">The 50 that were asked most are shown.</Text>}
            {withheld > 0 && <Text size="sm" c="dimmed">{count(withheld, "question")} {withheld === 1 ? "is" : "are"} not shown: a document was near that was deleted or that you may not read.</Text>}
          </Stack>
        )}
      </Shown>
    </Stack>
  );
}

function Nothing({ state }: { state: string }) {
  if (state !== "open" && state !== "any") return <Empty title={`Nothing was ${state} yet`}>Open a gap and say what became of it.</Empty>;
  return <Empty title="No gaps are known">When somebody asks what no document answers, it shows up here.</Empty>;
}

function Copy({ gaps }: { gaps: Gap[] }) {
  const [told, setTold] = useState("");
  async function copy() {
    setTold((await copied(asList(gaps))) ? `${count(gaps.length, "gap is", "gaps are")} copied.` : "The browser did not allow it.");
  }
  return (
    <Row gap="xs">
      <Button variant="default" leftSection={<IconCopy size={16} aria-hidden />} onClick={() => void copy()}>Copy as a list</Button>
      <Text size="sm" role="status">{told}</Text>
    </Row>
  );
}
