import { useState, type ReactNode } from "react";
import { Group, Select, Stack, TextInput, VisuallyHidden } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { Empty } from "@/kit/Empty";
import { More } from "@/kit/More";
import { count } from "@/kit/numbers";
import { Shown } from "@/kit/Shown";
import { DocumentTable } from "./DocumentTable";
import { Selected } from "./Selected";
import { useDocuments, type Sort } from "./useDocuments";

interface DocumentListProps {
  collection: string | undefined;
  curated: boolean;
  empty: ReactNode;
}

const SORTS: { value: Sort; label: string }[] = [
  { value: "newest", label: "Newest first" },
  { value: "title", label: "By title" },
];

/** The documents of a collection, searched and sorted; whoever looks after it may select some. */
export function DocumentList({ collection, curated, empty }: DocumentListProps) {
  const [typed, setTyped] = useState("");
  const [sort, setSort] = useState<Sort>("newest");
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [q] = useDebouncedValue(typed, 250);
  const query = useDocuments({ collection, managed: curated, q, sort });
  return (
    <Stack>
      <Group align="flex-end">
        <TextInput label="Search titles and names" type="search" value={typed} maxLength={200} flex={1} miw={200} maw={420} leftSection={<IconSearch size={16} aria-hidden />}
          onChange={({ currentTarget }) => setTyped(currentTarget.value)} />
        <Select label="Order" w={160} allowDeselect={false} value={sort} data={SORTS}
          onChange={(value) => setSort(value === "title" ? "title" : "newest")} />
      </Group>
      <Shown query={query}>
        {({ pages }) => {
          const documents = pages.flatMap((page) => page.documents);
          const chosen = documents.filter(({ id }) => selected.has(id));
          if (documents.length === 0) return q ? <Empty title="No title or name has these words">Search by content in the chat.</Empty> : empty;
          return (
            <Stack>
              <VisuallyHidden role="status">{count(documents.length, "document")} shown</VisuallyHidden>
              {curated && <Selected documents={chosen} onDone={() => setSelected(new Set())} />}
              <DocumentTable documents={documents} curated={curated} withCollection={collection === undefined} selected={selected} onSelected={setSelected} />
              <More query={query} label="Show more documents" />
            </Stack>
          );
        }}
      </Shown>
    </Stack>
  );
}
