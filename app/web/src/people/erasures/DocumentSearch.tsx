import { useState } from "react";
import { Group, Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData } from "@tanstack/react-query";
import { queries } from "@/api/client";

/** A field that finds a document of a collection by words of its title, also one that the caller may not read. */
export function DocumentSearch({ value, onChange }: { value: string | null; onChange: (documentId: string | null) => void }) {
  const collections = queries.useQuery("get", "/v1/collections");
  const names = (collections.data?.collections ?? []).map((one) => one.name);
  const [chosen, setChosen] = useState<string | null>(null);
  const collection = chosen ?? names[0] ?? "";
  const [words, setWords] = useState("");
  const [label, setLabel] = useState("");
  const [q] = useDebouncedValue(words === label ? "" : words, 250);
  const found = queries.useQuery("get", "/v1/documents", { params: { query: { collection, managed: true, q, sort: "title", limit: 20 } } }, {
    enabled: collection !== "",
    placeholderData: keepPreviousData,
  });
  const offered = (found.data?.documents ?? []).map((one) => ({ value: one.id, label: one.title || one.uri }));
  const data = value !== null && !offered.some((one) => one.value === value) ? [{ value, label: label || value }, ...offered] : offered;
  return (
    <Group grow align="flex-end" preventGrowOverflow={false}>
      <Select label="Collection" data={names} value={collection || null} allowDeselect={false} searchable
        onChange={(name) => { setChosen(name); onChange(null); setLabel(""); }} />
      <Select label="Document" placeholder="Words of its title" searchable clearable data={data} value={value} filter={({ options }) => options}
        onSearchChange={setWords} nothingFoundMessage={found.isFetching ? "Looking" : "No document has this in its title"} maxDropdownHeight={260}
        clearButtonProps={{ "aria-label": "Choose no document" }}
        onChange={(id, option) => { setLabel(option?.label ?? ""); onChange(id); }} />
    </Group>
  );
}
