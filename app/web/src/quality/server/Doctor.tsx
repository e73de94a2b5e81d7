import { useState } from "react";
import { Alert, Button, Checkbox, Group, Paper, Stack, Text, Title } from "@mantine/core";
import { IconCheck, IconStethoscope } from "@tabler/icons-react";
import { queries, type Schemas } from "@/api/client";
import { Confirmed } from "@/kit/Confirmed";
import { ProblemShown } from "@/kit/ProblemShown";
import { count, grouped, seconds } from "@/kit/numbers";
import { AilmentCard } from "./AilmentCard";

type Checkup = Schemas["CheckupBody"];

/** Compares catalog, index, originals and runs, and mends what can be mended. */
export function Doctor() {
  const [deep, setDeep] = useState(false);
  const examine = queries.useMutation("post", "/v1/doctor", { meta: { quiet: true } });
  const found = examine.data;
  const mendable = found?.ailments.some((ailment) => ailment.mendable && !(ailment.mended === ailment.count)) ?? false;
  return (
    <Paper withBorder p="md">
      <Title order={2} size="h4">Is the knowledge base sound?</Title>
      <Text size="sm" c="dimmed" mb="sm" maw={720}>Compares the catalog, the index, the originals and the runs. Questions are answered meanwhile.</Text>
      <Stack gap="md">
        <Group gap="md">
          <Button leftSection={<IconStethoscope size={16} aria-hidden />} loading={examine.isPending} onClick={() => examine.mutate({ body: { repair: false, deep } })}>Examine</Button>
          <Checkbox label="Read every original from end to end too (slow)" checked={deep} onChange={(event) => setDeep(event.currentTarget.checked)} />
        </Group>
        {examine.isError && <ProblemShown error={examine.error} />}
        {found && <Findings found={found} />}
        {found && mendable && (
          <Confirmed label="Repair what can be repaired" question="Repair the knowledge base?" verb="Repair" maw={260}
            consequence="What is wrong in the index is made right from the catalog, what belongs to nothing is taken away. Each finding above says what is done about it."
            onConfirm={() => examine.mutateAsync({ body: { repair: true, deep } })} />
        )}
      </Stack>
    </Paper>
  );
}

function Findings({ found }: { found: Checkup }) {
  const looked = `${count(found.documents, "document")}, ${count(found.chunks, "chunk")} and ${grouped(found.points)} points of the index were looked at in ${seconds(found.seconds)}.`;
  return (
    <div aria-live="polite">
      {found.well && (
        <Alert color="green" icon={<IconCheck aria-hidden />} title={found.ailments.length === 0 ? "Nothing is wrong" : "Nothing is wrong any more"}><Text size="sm">{looked}</Text></Alert>
      )}
      {!found.well && <Text size="sm">{looked}</Text>}
      <Stack gap="sm" mt="sm">{found.ailments.map((ailment) => <AilmentCard key={ailment.code} ailment={ailment} />)}</Stack>
    </div>
  );
}
