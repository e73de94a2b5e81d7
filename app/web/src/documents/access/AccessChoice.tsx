import { Radio, Stack } from "@mantine/core";
import type { SourceAccess } from "./access";
import { PeoplePicker } from "./PeoplePicker";

interface AccessChoiceProps<Value extends SourceAccess> {
  label: string;
  description?: string;
  value: Value;
  onChange: (value: Value | "everyone" | "private" | string[]) => void;
  /** What "everyone" means here. */
  everyone?: string;
}

const MEANT = { everyone: "everyone", private: "private" } as const;

/** Everyone, only me, or chosen people and groups. */
export function AccessChoice<Value extends SourceAccess>({
  label, description, value, onChange, everyone = "Everyone who may read the collection",
}: AccessChoiceProps<Value>) {
  const chosen = Array.isArray(value);
  return (
    <Stack gap="xs">
      <Radio.Group label={label} description={description} value={chosen ? "chosen" : String(value)}
        onChange={(picked) => onChange(picked === "everyone" || picked === "private" ? MEANT[picked] : [])}>
        <Stack gap={6} mt={6}>
          <Radio value="everyone" label={everyone} />
          <Radio value="private" label="Only me" />
          <Radio value="chosen" label="Chosen people and groups" />
        </Stack>
      </Radio.Group>
      {chosen && <PeoplePicker label="People and groups" value={value} onChange={(keys) => onChange(keys)} />}
    </Stack>
  );
}
