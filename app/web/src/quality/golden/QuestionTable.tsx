import { useMemo, useState } from "react";
import { Button, Checkbox, Group, Pagination, Select, Stack, Text, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { Confirmed } from "@/kit/Confirmed";
import { Empty } from "@/kit/Empty";
import { count } from "@/kit/numbers";
import type { GoldenSet } from "./AddQuestions";
import { Conflict } from "./Conflict";
import { QuestionRow } from "./QuestionRow";
import { useReviewed } from "./useReviewed";
import { SHOWS, sought, type Shows } from "./sought";

const PER_PAGE = 50;

/** The questions of a set, found by words, edited in place, approved and taken out many at once. */
export function QuestionTable({ set }: { set: GoldenSet }) {
  const [words, setWords] = useState("");
  const [shows, setShows] = useState<Shows>("all");
  const [page, setPage] = useState(1);
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const [open, setOpen] = useState<string | null>(null);
  const { review, busy, failure, forget } = useReviewed(set);
  const found = useMemo(() => sought(set.questions, shows, words), [set.questions, shows, words]);
  const pages = Math.max(1, Math.ceil(found.length / PER_PAGE));
  const at = Math.min(page, pages);
  const seen = found.slice((at - 1) * PER_PAGE, at * PER_PAGE);
  const chosen = set.questions.filter(({ _id }) => picked.has(_id));
  const all = seen.length > 0 && seen.every(({ _id }) => picked.has(_id));

  function pick(ids: string[], on: boolean) {
    setPicked((now) => new Set(on ? [...now, ...ids] : [...now].filter((id) => !ids.includes(id))));
  }

  function reviewPicked(questions: GoldenSet["questions"], action: "approve" | "reject") {
    review(questions.map(({ _id }) => ({ key: _id, action, changes: {} })), () => setPicked((now) => new Set([...now].filter((id) => !picked.has(id)))));
  }

  if (set.questions.length === 0) return <Empty title="This set holds no question">Add some: drafted from documents, of corrections, from a file, or in your own words.</Empty>;
  return (
    <Stack gap="sm">
      <Group gap="sm" align="flex-end">
        <TextInput aria-label="Words of a question" placeholder="Words of a question" leftSection={<IconSearch size={16} aria-hidden />} w={260} value={words}
          onChange={(event) => { setWords(event.currentTarget.value); setPage(1); }} />
        <Select aria-label="Which questions" data={SHOWS} value={shows} allowDeselect={false} w={190}
          onChange={(value) => { setShows(SHOWS.find((one) => one.value === value)?.value ?? "all"); setPage(1); }} />
        <Text size="sm" c="dimmed" role="status">{count(found.length, "question")}</Text>
      </Group>
      <Group gap="sm" mih={36}>
        <Checkbox label="All on this page" checked={all} indeterminate={!all && chosen.length > 0} onChange={() => pick(seen.map(({ _id }) => _id), !all)} />
        {chosen.length > 0 && (
          <>
            <Text size="sm">{chosen.length} picked</Text>
            <Button size="xs" loading={busy} disabled={!chosen.some(({ draft }) => draft)}
              onClick={() => reviewPicked(chosen.filter(({ draft }) => draft), "approve")}>Approve drafts</Button>
            <Confirmed size="xs" variant="default" label="Take out" question={`Take out ${count(chosen.length, "question")}?`} verb="Take out"
              consequence="They are in no later version of this set, and drafts are not made again. Older versions keep them."
              onConfirm={async () => reviewPicked(chosen, "reject")} />
          </>
        )}
      </Group>
      <Conflict failure={failure} forget={forget} />
      {seen.length === 0 && <Empty title="No question is like that" />}
      <ul className="rows">
        {seen.map((question) => (
          <QuestionRow key={question._id} question={question} picked={picked.has(question._id)} open={open === question._id} busy={busy}
            onPick={(on) => pick([question._id], on)} onOpen={(on) => { forget(); setOpen(on ? question._id : null); }}
            onReview={(action, changes) => review([{ key: question._id, action, changes }], () => setOpen((now) => (now === question._id ? null : now)))} />
        ))}
      </ul>
      {pages > 1 && <Pagination total={pages} value={at} onChange={setPage} getControlProps={(control) => ({ "aria-label": `${control} page` })} />}
    </Stack>
  );
}
