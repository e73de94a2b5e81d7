import { useState } from "react";
import { Group, MultiSelect, Text, type ComboboxItem } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconRobot, IconUser, IconUsers } from "@tabler/icons-react";
import { keepPreviousData } from "@tanstack/react-query";
import { queries, type Schemas } from "@/api/client";

type Entry = Schemas["EntryBody"];

const ICONS = { person: IconUser, service: IconRobot, group: IconUsers };

interface PeoplePickerProps {
  label: string;
  description?: string;
  value: string[];
  onChange: (keys: string[]) => void;
  error?: string | undefined;
}

/** Picks users and groups of the directory by name; its value are their keys. */
export function PeoplePicker({ label, description, value, onChange, error }: PeoplePickerProps) {
  const [typed, setTyped] = useState("");
  const [q] = useDebouncedValue(typed, 200);
  const found = queries.useQuery("get", "/v1/directory", { params: { query: { q, limit: 50 } } }, { placeholderData: keepPreviousData });
  const known = useNames(value);
  const entries = new Map([...known, ...(found.data?.entries ?? []).map((entry) => [entry.key, entry] as const)]);
  const gone = value.filter((key) => !entries.has(key));
  const data = [...entries.values()].map(({ key, name, display_name }) => ({ value: key, label: display_name || name }));
  return (
    <MultiSelect label={label} description={description} error={error} value={value} onChange={onChange} searchable clearable
      clearButtonProps={{ "aria-label": `Clear ${label}` }} hidePickedOptions searchValue={typed} onSearchChange={setTyped} filter={({ options }) => options}
      placeholder={value.length === 0 ? "Type a name" : ""} nothingFoundMessage={found.isFetching ? "Looking" : "Nobody of this name"}
      data={[...data, ...gone.map((key) => ({ value: key, label: "somebody who is gone" }))]}
      renderOption={({ option }) => <Choice option={option} entry={entries.get(option.value)} />} />
  );
}

function Choice({ option, entry }: { option: ComboboxItem; entry: Entry | undefined }) {
  const Icon = ICONS[entry?.kind ?? "person"];
  return (
    <Group gap="xs" wrap="nowrap">
      <Icon size={16} aria-hidden />
      <div className="breakable">
        <Text size="sm">{option.label}</Text>
        <Text size="xs" c="dimmed">{entry?.kind === "group" ? "group" : entry?.name}</Text>
      </div>
    </Group>
  );
}

/** Return the entries of the directory for keys; those of people who are gone have none. */
export function useNames(keys: string[]): Map<string, Entry> {
  const asked = [...new Set(keys)].filter((key) => key !== "g:everyone").toSorted().slice(0, 200);
  const { data } = queries.useQuery("get", "/v1/directory", { params: { query: { key: asked } } },
    { enabled: asked.length > 0, staleTime: 60_000, placeholderData: keepPreviousData });
  return new Map((asked.length > 0 ? (data?.entries ?? []) : []).map((entry) => [entry.key, entry]));
}
