import { AdministratorsOnly } from "@/people/AdministratorsOnly";
import { Page } from "@/kit/Page";
import { PageTabs } from "@/kit/PageTabs";
import { Approvals } from "./approvals/Approvals";
import { Givers } from "./feedback/Givers";
import { useApprovals } from "./learned";
import { CandidateList } from "./lists/CandidateList";
import { RunList } from "./lists/RunList";
import { Overview } from "./overview/Overview";

const ABOUT = "What people say about answers makes the next answers better: measured first, approved by a second person, and undone by one click.";

/** What is learned from feedback, what of it serves, and what it takes to learn more. */
export function LearningPage() {
  return (
    <Page title="Learning" description={ABOUT}>
      <AdministratorsOnly><Tabs /></AdministratorsOnly>
    </Page>
  );
}

function Tabs() {
  const waiting = useApprovals().data?.approvals.filter(({ state }) => state === "open").length ?? 0;
  return (
    <PageTabs label="Learning" tabs={[
      { value: "overview", label: "Overview", content: () => <Overview /> },
      { value: "candidates", label: "Candidates", content: () => <CandidateList /> },
      { value: "runs", label: "Trainings", content: () => <RunList /> },
      { value: "approvals", label: waiting ? `Approvals (${waiting})` : "Approvals", content: () => <Approvals /> },
      { value: "feedback", label: "Feedback", content: () => <Givers /> },
    ]} />
  );
}
