import { Button, Group, Menu } from "@mantine/core";
import { IconChevronDown, IconDownload } from "@tabler/icons-react";
import { useNavigate, useParams } from "@tanstack/react-router";
import { queries } from "@/api/client";
import { refresh } from "@/api/queryClient";
import { Confirmed } from "@/kit/Confirmed";
import { Link } from "@/kit/Link";
import { Page } from "@/kit/Page";
import { PageTabs } from "@/kit/PageTabs";
import { Shown } from "@/kit/Shown";
import { When } from "@/kit/When";
import { count } from "@/kit/numbers";
import { AddQuestions, type GoldenSet } from "./golden/AddQuestions";
import { DraftReview } from "./golden/DraftReview";
import { Measurable } from "./golden/Measurable";
import { QuestionTable } from "./golden/QuestionTable";
import { Versions } from "./golden/Versions";
import { ForAdministrators } from "./ForAdministrators";

/** One golden set: its questions, the review of drafts, its versions, and what can be measured with it. */
export function GoldenSetPage() {
  const { name = "" } = useParams({ strict: false });
  const query = queries.useQuery("get", "/v1/golden-sets/{name}", { params: { path: { name } } });
  const set = query.data;
  return (
    <Page title={name} above={<Link to="/quality" search={{ tab: "golden" }} size="sm">Golden sets</Link>} actions={set && <Actions set={set} />}
      description={set && <>{count(set.count, "question")}, {count(set.drafts, "draft")}, version {set.version}, changed <When at={set.created_at} /></>}>
      <ForAdministrators>
        <Shown query={query}>
          {(found) => (
            <PageTabs label="Parts of the golden set" tabs={[
              { value: "questions", label: "Questions", content: () => <QuestionTable key={found.name} set={found} /> },
              { value: "review", label: `Review drafts (${found.drafts})`, content: () => <DraftReview key={found.name} set={found} /> },
              { value: "measurable", label: "What it can measure", content: () => <Measurable description={found.description} /> },
              { value: "versions", label: "Versions", content: () => <Versions name={found.name} /> },
            ]} />
          )}
        </Shown>
      </ForAdministrators>
    </Page>
  );
}

function Actions({ set }: { set: GoldenSet }) {
  const navigate = useNavigate();
  const remove = queries.useMutation("delete", "/v1/golden-sets/{name}", { meta: { quiet: true } });
  const file = (layout: string) => `/v1/golden-sets/${encodeURIComponent(set.name)}/export?layout=${layout}`;
  return (
    <Group gap="xs">
      <AddQuestions set={set} />
      <Menu position="bottom-end">
        <Menu.Target>
          <Button variant="default" leftSection={<IconDownload size={16} aria-hidden />} rightSection={<IconChevronDown size={14} aria-hidden />}>Export</Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item component="a" href={file("jsonl")} download>JSON lines: everything</Menu.Item>
          <Menu.Item component="a" href={file("csv")} download>CSV: for a spreadsheet</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Confirmed label="Delete" variant="default" question={`Delete ${set.name}?`} verb="Delete the set"
        consequence={`All ${set.version} versions go, with every question. Evaluations that were made with it stay.`}
        onConfirm={async () => {
          await remove.mutateAsync({ params: { path: { name: set.name } } });
          await navigate({ to: "/quality", search: { tab: "golden" } });
          await refresh("/v1/golden-sets");
        }} />
    </Group>
  );
}
