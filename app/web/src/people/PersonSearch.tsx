import { useState } from "react";
import { Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData } from "@tanstack/react-query";
import { queries } from "@/api/client";
import { useNames } from "./names";
import { shownName } from "./users/user";

interface Choice {
  value: string;
  label: string;
}

interface PersonSearchProps {
  label: string;
  description?: string;
  /** Id of the user who is chosen; null for nobody. */
  value: string | null;
  onChange: (userId: string | null) => void;
  /** Ids of users who are not offered. */
  without?: readonly string[];
  /** Offered besides, where nothing is looked for. */
  also?: readonly Choice[];
}

const NOBODY: readonly string[] = [];
const NO_MORE: readonly Choice[] = [];

/** A field that finds a user by a part of their name. */
export function PersonSearch({ label, description, value, onChange, without = NOBODY, also = NO_MORE }: PersonSearchProps) {
  const [words, setWords] = useState("");
  const names = useNames(value ? [`u:${value}`] : []);
  const [chosen, setChosen] = useState("");
  const [q] = useDebouncedValue(words === chosen ? "" : words, 200);
  const found = queries.useQuery("get", "/v1/users", { params: { query: { q, limit: 20 } } }, { placeholderData: keepPreviousData });
  const users = (found.data?.users ?? []).filter((user) => !without.includes(user.id))
    .map((user) => ({ value: user.id, label: shownName(user) }));
  const offered = [...(q ? [] : also), ...users];
  // The one who is chosen stays there, whatever is looked for next.
  const missing = value !== null && !offered.some((one) => one.value === value);
  const data = missing ? [{ value, label: names.get(`u:${value}`) ?? value }, ...offered] : offered;
  return (
    <Select label={label} description={description} placeholder="Part of a name" searchable clearable data={data} value={value}
      filter={({ options }) => options} onSearchChange={setWords} maxDropdownHeight={260}
      nothingFoundMessage={found.isFetching ? "Looking" : "Nobody has this in their name"} clearButtonProps={{ "aria-label": "Choose nobody" }}
      onChange={(id, option: Choice | null) => {
        setChosen(option?.label ?? "");
        onChange(id);
      }} />
  );
}
