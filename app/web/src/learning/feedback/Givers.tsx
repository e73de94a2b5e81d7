import { Badge, Group, Stack, Table, Text } from "@mantine/core";
import { queries, type Schemas } from "@/api/client";
import { Empty } from "@/kit/Empty";
import { Link } from "@/kit/Link";
import { grouped, percent } from "@/kit/numbers";
import { Shown } from "@/kit/Shown";
import { Stat } from "@/kit/Stat";
import { useNames, type Names } from "@/people/names";
import { Section } from "@/people/Section";
import { WideTable } from "../lists/WideTable";

type Giver = Schemas["GiverBody"];

const ABOUT = "Who votes, how much of it others say the opposite of, and who votes together. Somebody who tries to bend what is learned is seen here: outliers stand first. Accounts that vote together against the rest count as one person.";

/** How much was said, and by whom. */
export function Givers() {
  const givers = queries.useQuery("get", "/v1/feedback/givers");
  return (
    <Stack gap="lg">
      <Counts />
      <Section title="Who gives feedback" description={ABOUT}>
        <Shown query={givers}>
          {(found) => found.givers.length ? <GiverTable givers={found.givers} />
            : <Empty title="Nobody has said anything yet">Thumbs and corrections below answers come here, and labels taken in from other systems.</Empty>}
        </Shown>
      </Section>
    </Stack>
  );
}

function Counts() {
  const counts = queries.useQuery("get", "/v1/feedback/counts");
  return (
    <Section title="What was said" actions={<Link to="/review" size="sm">Review corrections</Link>}>
      <Shown query={counts}>
        {({ up, down, corrections, approved, refused, given }) => (
          <div className="stats">
            <Stat label="Thumbs up" value={grouped(up)} />
            <Stat label="Thumbs down" value={grouped(down)} />
            <Stat label="Corrections" value={grouped(corrections)} note={`${approved} approved, ${refused} refused, ${corrections - approved - refused} wait`} />
            {Object.entries(given).map(([source, labels]) => <Stat key={source} label={`Labels from ${source}`} value={grouped(labels)} note="Taken in from elsewhere" />)}
          </div>
        )}
      </Shown>
    </Section>
  );
}

function GiverTable({ givers }: { givers: Giver[] }) {
  const names = useNames(givers.flatMap(({ giver, allies }) => [giver, ...allies]));
  return (
    <WideTable label="Who gives feedback" columns={["Giver", "Votes", "Share of all weight", "Others say the opposite", "Nobody else names the document", "Votes together with"]}>
      {givers.map((one) => <Row key={one.giver} giver={one} names={names} />)}
    </WideTable>
  );
}

function Row({ giver: one, names }: { giver: Giver; names: Names }) {
  return (
    <Table.Tr>
      <Table.Th scope="row" className="breakable">
        <Group gap="xs">
          <Text size="sm" fw={600} className="breakable">{called(one.giver, names)}</Text>
          {one.outlier && <Badge color="red" variant="light" className="state">Outlier</Badge>}
          {one.trusted && <Badge color="green" variant="light" className="state">Trusted</Badge>}
        </Group>
      </Table.Th>
      <Table.Td className="figures">{grouped(one.votes)}</Table.Td>
      <Table.Td className="figures">{percent(one.share, 1)}</Table.Td>
      <Table.Td className="figures">{percent(one.contradicted)}</Table.Td>
      <Table.Td className="figures">{percent(one.alone)}</Table.Td>
      <Table.Td className="breakable">{one.allies.length ? one.allies.map((ally) => called(ally, names)).join(", ") : "nobody in particular"}</Table.Td>
    </Table.Tr>
  );
}

const JUDGES = "given:";

function called(giver: string, names: Names): string {
  return giver.startsWith(JUDGES) ? `Judgements from ${giver.slice(JUDGES.length)}` : (names.get(giver) ?? giver);
}
