import { Badge, Group as Row, Stack, Text, Title, UnstyledButton } from "@mantine/core";
import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { Link } from "@/kit/Link";
import { percent } from "@/kit/numbers";
import { useAddress } from "../address";
import { Told } from "../questions/GroupRow";
import { Samples } from "../questions/Samples";
import { StateForm } from "../questions/StateForm";
import { nearness, similarityWords, type Gap } from "../words";

/** Something that no document answers: how near they come, and, once opened, who asked what. */
export function GapRow({ gap }: { gap: Gap }) {
  const [{ group: opened }, change] = useAddress();
  const isOpen = opened === gap.id;
  const Chevron = isOpen ? IconChevronDown : IconChevronRight;
  return (
    <li>
      <h2 className="review-heading"><UnstyledButton className="review-title" aria-expanded={isOpen} onClick={() => change({ group: isOpen ? undefined : gap.id })}>
        <Chevron size={18} aria-hidden className="review-chevron" />
        <Text fw={600} component="span" dir="auto" className="breakable" lineClamp={isOpen ? undefined : 3}>{gap.title}</Text>
      </UnstyledButton></h2>
      <div className="review-under">
        <Told group={gap} plain />
        <Row gap="xs" mt={4}>
          <Badge color={gap.answered_now ? "green" : "blue"} variant="light" className="state">{nearness(gap)}</Badge>
          {gap.nearest[0] && !isOpen && <Text size="sm" c="dimmed" className="breakable">Nearest: <Near near={gap.nearest[0]} /></Text>}
        </Row>
        {isOpen && (
          <Stack gap="lg" mt="md">
            <Nearest gap={gap} />
            <Samples group={gap} />
            <StateForm group={gap} queue={false} />
          </Stack>
        )}
      </div>
    </li>
  );
}

function Nearest({ gap }: { gap: Gap }) {
  return (
    <section aria-label="The nearest documents">
      <Title order={3} size="h5">The nearest documents</Title>
      <Text size="sm" c="dimmed">
        How likely they answer it: {percent(gap.confidence)}. Write the answer into one of them, or into a new one, and ask again.
      </Text>
      {gap.nearest.length === 0 ? <Text size="sm">There is none.</Text> : (
        <ol className="review-quotes">
          {gap.nearest.map((near) => (
            <li key={near.document_id}>
              <Near near={near} />
              <Text size="xs" c="dimmed">
                In {near.collection}; {similarityWords(near.similarity)}
              </Text>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

function Near({ near }: { near: Gap["nearest"][number] }) {
  return <Link to="/documents/$documentId" params={{ documentId: near.document_id }} size="sm" dir="auto">{near.title || near.uri}</Link>;
}
