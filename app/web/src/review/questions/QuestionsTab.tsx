import { SegmentedControl, Select, Stack, Text } from "@mantine/core";
import { keepPreviousData } from "@tanstack/react-query";
import { queries } from "@/api/client";
import { Empty } from "@/kit/Empty";
import { Link } from "@/kit/Link";
import { count } from "@/kit/numbers";
import { Shown } from "@/kit/Shown";
import { Section } from "@/people/Section";
import { useAddress } from "../address";
import { daysAgo, type Groups } from "../words";
import { AskedShown } from "./AskedShown";
import { GroupRow } from "./GroupRow";

const KINDS = [
  { value: "all", label: "All" },
  { value: "low_rated", label: "Rated down" },
  { value: "abstained", label: "Not answered" },
] as const;
const STATES = [
  { value: "open", label: "Open" },
  { value: "handled", label: "Handled" },
  { value: "dismissed", label: "Dismissed" },
  { value: "any", label: "All" },
] as const;
const SINCE = [
  { value: "", label: "Any time" },
  { value: "7", label: "The last 7 days" },
  { value: "30", label: "The last 30 days" },
  { value: "90", label: "The last 90 days" },
];

/** Questions that were rated down or not answered, those that ask for the same thing together. */
export function QuestionsTab() {
  const [{ asked, kind, state, since }] = useAddress();
  if (asked) return <OneQuestion id={asked} />;
  const wantedKind = KINDS.find(({ value }) => value === kind)?.value ?? "all";
  const wantedState = STATES.find(({ value }) => value === state)?.value ?? "open";
  return (
    <Stack gap="md">
      <Filters kind={wantedKind} state={wantedState} since={since ?? ""} />
      <GroupList kind={wantedKind} state={wantedState} since={since} />
    </Stack>
  );
}

type Kind = (typeof KINDS)[number]["value"];
type State = (typeof STATES)[number]["value"];

function Filters({ kind, state, since }: { kind: Kind; state: State; since: string }) {
  const [, change] = useAddress();
  return (
    <div className="review-filters">
      <div className="scrolled-choice">
        <SegmentedControl aria-label="What went wrong" data={[...KINDS]} value={kind} onChange={(value) => change({ kind: value, group: undefined })} />
      </div>
      <div className="scrolled-choice">
        <SegmentedControl aria-label="What became of them" data={[...STATES]} value={state} onChange={(value) => change({ state: value, group: undefined })} />
      </div>
      <Select aria-label="When they were asked" w={190} allowDeselect={false} data={SINCE} value={SINCE.some(({ value }) => value === since) ? since : ""}
        onChange={(value) => change({ since: value || undefined, group: undefined })} />
    </div>
  );
}

function GroupList({ kind, state, since }: { kind: Kind; state: State; since: string | undefined }) {
  const found = queries.useQuery("get", "/v1/review/questions", { params: { query: { kind, state, since: daysAgo(since), limit: 200 } } }, { placeholderData: keepPreviousData });
  return (
    <Shown query={found}>
      {({ groups, withheld, passed_over: passedOver }) => (
        <Stack gap="sm">
          <Text size="sm" c="dimmed" role="status">
            {count(groups.length, "group")} of questions that ask for the same thing, of the last 2,000 questions.
            {groups.length === 200 && " The largest 200 are shown."}
          </Text>
          {groups.length === 0 ? <Nothing state={state} /> : (
            <ul className="rows">{groups.map((group) => <GroupRow key={group.id} group={group} />)}</ul>
          )}
          <LeftOut withheld={withheld} passedOver={passedOver} />
        </Stack>
      )}
    </Shown>
  );
}

function Nothing({ state }: { state: State }) {
  if (state === "open" || state === "any") {
    return <Empty title="Nothing waits here">Questions come here when somebody presses “This answer is wrong”, or when the documents gave no answer.</Empty>;
  }
  return <Empty title={state === "handled" ? "Nothing was handled yet" : "Nothing was dismissed yet"}>Open a group and say what became of it.</Empty>;
}

function LeftOut({ withheld, passedOver }: Pick<Groups, "withheld"> & { passedOver: number }) {
  return (
    <>
      {withheld > 0 && <Text size="sm" c="dimmed">{count(withheld, "question")} {withheld === 1 ? "is" : "are"} not shown: the answer names a document that was deleted or that you may not read.</Text>}
      {passedOver > 0 && <Text size="sm" c="dimmed">{count(passedOver, "question")} {passedOver === 1 ? "is" : "are"} not shown: without the conversation around it, such a question says nothing.</Text>}
    </>
  );
}

function OneQuestion({ id }: { id: string }) {
  return (
    <Stack gap="sm">
      <Link to="/review" search={{ tab: "questions" }} size="sm">All questions</Link>
      <Section title="One question"><AskedShown id={id} withQuestion /></Section>
    </Stack>
  );
}
