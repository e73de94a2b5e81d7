import { Empty } from "@/kit/Empty";
import { Page } from "@/kit/Page";
import { PageTabs } from "@/kit/PageTabs";
import { useRole } from "@/session/session";
import { CorrectionsTab } from "./corrections/CorrectionsTab";
import { GapsTab } from "./gaps/GapsTab";
import { LabellingTab } from "./labelling/LabellingTab";
import { QuestionsTab } from "./questions/QuestionsTab";

const ABOUT = "What was not served well, what the documents lack, and what people say the answers should have been.";

/** What those who look after documents can do about answers that did not help. */
export function ReviewPage() {
  return (
    <Page title="Review" description={ABOUT}>
      {useRole().curator ? <Tabs /> : (
        <Empty title="This is for people who look after documents">Ask an administrator if you should be one of them.</Empty>
      )}
    </Page>
  );
}

function Tabs() {
  return (
    <PageTabs label="Review" tabs={[
      { value: "questions", label: "Questions", content: () => <QuestionsTab /> },
      { value: "gaps", label: "Gaps", content: () => <GapsTab /> },
      { value: "labelling", label: "Labelling", content: () => <LabellingTab /> },
      { value: "corrections", label: "Corrections", content: () => <CorrectionsTab /> },
    ]} />
  );
}
