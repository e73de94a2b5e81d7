import { useState } from "react";
import { Badge, Group as Row, Text, Title, UnstyledButton } from "@mantine/core";
import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import type { Schemas } from "@/api/client";
import { count } from "@/kit/numbers";
import { When } from "@/kit/When";
import type { Group } from "../words";
import { AskedShown } from "./AskedShown";

/** The questions of a group, the newest first; each opens to its answer. */
export function Samples({ group }: { group: Group }) {
  const more = group.count - group.samples.length;
  return (
    <section aria-label="Questions of this group">
      <Title order={3} size="h5">{group.count === 1 ? "The question" : "The questions"}</Title>
      <ul className="review-samples">
        {group.samples.map((sample) => <Sample key={sample.interaction_id} sample={sample} first={group.samples.length === 1} />)}
      </ul>
      {more > 0 && <Text size="sm" c="dimmed">{count(more, "older question")} of this group {more === 1 ? "is" : "are"} not listed.</Text>}
    </section>
  );
}

function Sample({ sample, first }: { sample: Schemas["SampleBody"]; first: boolean }) {
  const [isOpen, setOpen] = useState(first);
  const Chevron = isOpen ? IconChevronDown : IconChevronRight;
  return (
    <li>
      <UnstyledButton className="review-title" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        <Chevron size={16} aria-hidden className="review-chevron" />
        <Text size="sm" component="span" dir="auto" className="breakable" lineClamp={isOpen ? undefined : 3}>{sample.question}</Text>
      </UnstyledButton>
      <div className="review-under">
        <Row gap="xs">
          <Text size="xs" c="dimmed"><When at={sample.asked_at} /></Text>
          {sample.abstained && <Badge size="sm" color="orange" variant="light" className="state">Not answered</Badge>}
          {sample.down && <Badge size="sm" color="red" variant="light" className="state">Rated down</Badge>}
        </Row>
        {isOpen && <AskedShown id={sample.interaction_id} />}
      </div>
    </li>
  );
}
