import { Stack, Table, Text } from "@mantine/core";
import { queries, type Schemas } from "@/api/client";
import { Empty } from "@/kit/Empty";
import { count, grouped, percent } from "@/kit/numbers";
import { Shown } from "@/kit/Shown";
import { Stat } from "@/kit/Stat";
import { WideTable } from "@/learning/lists/WideTable";
import { useNames, type Names } from "@/people/names";
import { Section } from "@/people/Section";
import { useRole } from "@/session/session";
import { Disagreements } from "./Disagreements";
import { FEWEST_PAIRS, agreementWords, kappaBetween, kappaFigure, kappaWords, type Agreement } from "./grades";
import { MakeGolden } from "./MakeGolden";

const ABOUT = "Cohen's kappa says how far raters agree beyond what chance would give: 1 is always, 0 is no more than by chance. Of 100 such sets of questions, 95 would give a figure within the range.";

/** How far raters agree, what they do not agree on, and what becomes of the rest. */
export function Agreed() {
  const found = queries.useQuery("get", "/v1/review/agreement");
  const { administrator } = useRole();
  return (
    <Stack gap="lg">
      <Shown query={found}>{(compared) => <Compared compared={compared} />}</Shown>
      {administrator && <MakeGolden />}
    </Stack>
  );
}

function Compared({ compared: { together, each, differing, disagreements } }: { compared: Schemas["ComparedBody"] }) {
  const names = useNames([...each.flatMap(({ raters }) => raters), ...disagreements.flatMap(({ grades }) => Object.keys(grades))]);
  return (
    <>
      <Section title="Agreement" description={ABOUT}>
        {together.pairs === 0 ? <Empty title="No passage was graded by two people yet">Each question in the queue is given to two raters. What both graded is compared here.</Empty> : (
          <>
            <Text>{agreementWords(together)}</Text>
            <Figures agreement={together} differing={differing} />
            {each.length > 1 && <Pairs each={each} names={names} />}
          </>
        )}
      </Section>
      {differing > 0 && <Disagreements differing={differing} disagreements={disagreements} names={names} />}
    </>
  );
}

function Figures({ agreement: { pairs, tasks, same, kappa, weighted }, differing }: { agreement: Agreement; differing: number }) {
  return (
    <div className="stats">
      <Stat label="Passages graded by two" value={grouped(pairs)} note={`of ${count(tasks, "question")}`} />
      <Stat label="The same grade" value={same === null ? "not known" : percent(same)} note={`${count(differing, "passage")} with different grades`} />
      <Stat label="Cohen's kappa" value={kappaFigure(kappa)} note={<>{kappaBetween(kappa)}<br />{told(pairs, kappa.value)}</>} />
      <Stat label="Kappa, near misses count half" value={kappaFigure(weighted)} note={<>{kappaBetween(weighted)}<br />0 and 2 differ twice as much as 0 and 1</>} />
    </div>
  );
}

function Pairs({ each, names }: { each: Agreement[]; names: Names }) {
  return (
    <WideTable label="Agreement of each pair of raters" columns={["Raters", "Passages", "The same grade", "Cohen's kappa", "In words"]}>
      {each.map(({ raters, pairs, same, kappa }) => (
        <Table.Tr key={raters.join()}>
          <Table.Th scope="row" className="breakable">{raters.map((rater) => names.get(rater) ?? rater).join(" and ")}</Table.Th>
          <Table.Td className="figures">{grouped(pairs)}</Table.Td>
          <Table.Td className="figures">{same === null ? "not known" : percent(same)}</Table.Td>
          <Table.Td className="figures">{[kappaFigure(kappa), kappaBetween(kappa)].filter(Boolean).join(", ")}</Table.Td>
          <Table.Td>{told(pairs, kappa.value)}</Table.Td>
        </Table.Tr>
      ))}
    </WideTable>
  );
}

function told(pairs: number, kappa: number | null): string {
  if (pairs < FEWEST_PAIRS) return "too few to tell";
  return kappa === null ? "always the same grade" : kappaWords(kappa);
}
