import { Alert, Text } from "@mantine/core";
import type { Schemas } from "@/api/client";
import { Stat } from "@/kit/Stat";
import { between, shown, titleOf } from "../figures";

type Report = Schemas["ReportBody"];

const BESIDE = ["citation_precision", "refusal_accuracy", "answered_rate", "recall@10", "mrr@10", "p95_ms"];

/** The main figure and the few one looks at first. */
export function Headlines({ report }: { report: Report }) {
  const names = [report.primary, ...BESIDE].filter((name) => name !== null && report.figures[name]?.value != null);
  return (
    <>
      {report.primary === null && (
        <Alert color="yellow" title="No main figure could be measured">
          <Text size="sm">The questions say too little about what is right. The reasons stand at the figures.</Text>
        </Alert>
      )}
      <div className="stats">
        {[...new Set(names)].map((name) => name && <One key={name} name={name} report={report} />)}
        <Stat label="Questions that went wrong" value={`${report.wrong.length} of ${Object.keys(report.scores).length}`} />
      </div>
    </>
  );
}

function One({ name, report }: { name: string; report: Report }) {
  const figure = report.figures[name];
  if (!figure) return null;
  const interval = between(figure, name);
  return <Stat label={titleOf(name)} value={shown(figure.value, name)} note={interval ? `95 % interval: ${interval}` : "no interval can be given"} />;
}
