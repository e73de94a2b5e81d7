import { Page } from "@/kit/Page";
import { PageTabs } from "@/kit/PageTabs";
import { EvaluationsTab } from "./evaluations/EvaluationsTab";
import { ForAdministrators } from "./ForAdministrators";
import { GoldenTab } from "./golden/GoldenTab";
import { ServerTab } from "./server/ServerTab";
import { UseTab } from "./use/UseTab";

const ABOUT = "How good the answers are, how people fare with them, and whether the server is well.";

/** What is measured: evaluations, the questions they are made with, use, and the server itself. */
export function QualityPage() {
  return (
    <Page title="Quality" description={ABOUT}>
      <ForAdministrators>
        <PageTabs label="Quality" tabs={[
          { value: "evaluations", label: "Evaluations", content: () => <EvaluationsTab /> },
          { value: "golden", label: "Golden sets", content: () => <GoldenTab /> },
          { value: "use", label: "Usage and drift", content: () => <UseTab /> },
          { value: "server", label: "Server", content: () => <ServerTab /> },
        ]} />
      </ForAdministrators>
    </Page>
  );
}
