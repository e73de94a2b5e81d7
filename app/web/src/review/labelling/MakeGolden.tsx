import { useState } from "react";
import { Button, Group as Row, Stack, Text } from "@mantine/core";
import { queries, type Schemas } from "@/api/client";
import { refresh } from "@/api/queryClient";
import { Failure } from "@/kit/Failure";
import { Link } from "@/kit/Link";
import { count } from "@/kit/numbers";
import { Section } from "@/people/Section";
import { isName, SetName } from "@/quality/golden/SetName";

const ABOUT = "Each question with a passage that raters agree answers it becomes a question with a known answer, which evaluations are made with.";

/** Makes golden questions of what raters agree on. */
export function MakeGolden() {
  const [name, setName] = useState("review");
  const make = queries.useMutation("post", "/v1/review/golden", { meta: { quiet: true }, onSuccess: () => refresh("/v1/golden-sets") });
  return (
    <Section title="Golden questions" description={ABOUT}>
      <form onSubmit={(event) => {
        event.preventDefault();
        make.mutate({ body: { set: name } });
      }}>
        <Stack gap="sm" maw={520}>
          <SetName value={name} onChange={setName} fixed={false} />
          <Failure error={make.error} />
          <Row><Button type="submit" loading={make.isPending} disabled={!isName(name)}>Add agreed questions</Button></Row>
        </Stack>
      </form>
      <div role="status">{make.data && <Made made={make.data} />}</div>
    </Section>
  );
}

function Made({ made: { set, added, known, hidden } }: { made: Schemas["GoldenMadeBody"] }) {
  return (
    <Text size="sm">
      {count(added, "question")} added to <Link to="/quality/golden/$name" params={{ name: set }} size="sm">{set}</Link>.
      {known > 0 && ` ${count(known, "question")} it had already.`}
      {hidden > 0 && ` ${count(hidden, "question")} left out: you may not read the passages, or they changed.`}
    </Text>
  );
}
