import { useState } from "react";
import { Alert, Button, Checkbox, Group, Loader, SegmentedControl, Stack, Text, TextInput } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { queries } from "@/api/client";
import { refresh } from "@/api/queryClient";
import { ProblemShown } from "@/kit/ProblemShown";
import { PersonSearch } from "../PersonSearch";
import { Section } from "../Section";
import { DocumentSearch } from "./DocumentSearch";
import { useSubjectName } from "./useSubjectName";

type Kind = "user" | "document";
const KINDS: { value: Kind; label: string }[] = [{ value: "user", label: "A person" }, { value: "document", label: "A document" }];
const WHAT = {
  user: "Their account stops working at once. Then all that they asked, were told and said goes, with conversations, feedback, sessions, API keys and memberships, and what was learned of it. Documents that they brought stay.",
  document: "It is invisible from the first moment. Then its text, vectors and original file go, its passages and citations in answers, and what was learned of it. Questions that people asked stay.",
};

/** Forgets a person or a document everywhere. Its name has to be typed: there is no way back. */
export function Forget() {
  const given: Record<string, string | undefined> = useSearch({ strict: false });
  const [kind, setKind] = useState<Kind>(given["kind"] === "document" ? "document" : "user");
  const [subject, setSubject] = useState<string | null>(given["subject"] || null);
  const [anonymise, setAnonymise] = useState(false);
  const [typed, setTyped] = useState("");
  const name = useSubjectName(kind, subject);
  const navigate = useNavigate();
  const forgetting = queries.useMutation("post", "/v1/erasures", { meta: { quiet: true } });

  function choose(id: string | null) {
    setSubject(id);
    setTyped("");
    forgetting.reset();
  }

  async function forget() {
    if (subject === null) return;
    const body = { kind, subject, confirm: subject, anonymise: kind === "user" && anonymise };
    // Told below when it fails; the receipt of one that goes on stands in the list either way.
    const done = await forgetting.mutateAsync({ body }).catch(() => null);
    await refresh("/v1/erasures", "/v1/users", "/v1/documents", "/v1/collections");
    if (done) await navigate({ to: "/people", search: { tab: "erasures", receipt: done.id } });
  }

  return (
    <Section title="Forget somebody or something" description="Erased everywhere the server can reach, and looked for afterwards. There is no way back but a backup.">
      <SegmentedControl w="fit-content" aria-label="What is to be forgotten" data={KINDS} value={kind} disabled={forgetting.isPending} onChange={(next) => { setKind(next); choose(null); }} />
      {kind === "user" ? <PersonSearch label="Person" value={subject} onChange={choose} /> : <DocumentSearch value={subject} onChange={choose} />}
      <Text size="sm">{WHAT[kind]}</Text>
      {kind === "user" && (
        <Checkbox label="Keep the words, without who said them" checked={anonymise} onChange={(event) => setAnonymise(event.currentTarget.checked)}
          description="Questions, answers and feedback stay under a name that is kept nowhere; addresses, numbers and the person's name are taken out of them. Who can be known by what they asked still can." />
      )}
      {subject !== null && name !== null && (
        <TextInput label="Type the name again" description={<>To forget it, type <b className="breakable"><bdi>{name}</bdi></b></>} value={typed} autoComplete="off"
          disabled={forgetting.isPending} onChange={(event) => setTyped(event.currentTarget.value)} />
      )}
      <Stack gap="xs" role="status">
        {forgetting.isPending && (
          <Alert color="blue" icon={<Loader size="xs" aria-hidden />} title="Forgetting">
            It takes seconds to minutes: everything is erased, written anew and looked through. You may leave this page; it goes on, and the receipt will stand below.
          </Alert>
        )}
        {forgetting.isError && <ProblemShown error={forgetting.error} />}
      </Stack>
      <Group>
        <Button color="red" disabled={subject === null || name === null || typed.trim() !== name.trim()} loading={forgetting.isPending} onClick={() => void forget()}>
          {kind === "user" ? "Forget this person" : "Forget this document"}
        </Button>
      </Group>
    </Section>
  );
}
