import { TextInput } from "@mantine/core";

const ALLOWED = /^[A-Za-z0-9._-]{1,64}$/;

export function isName(name: string): boolean {
  return ALLOWED.test(name);
}

/** The field for the name of a set; shows it where it is given. */
export function SetName({ value, onChange, fixed }: { value: string; onChange: (name: string) => void; fixed: boolean }) {
  if (fixed) return null;
  return (
    <TextInput label="Name of the golden set" description="Letters, digits, and . _ - without spaces. An existing name adds to that set." required maxLength={64}
      value={value} onChange={(event) => onChange(event.currentTarget.value)} data-autofocus
      error={value !== "" && !isName(value) ? "Use letters, digits, and . _ - only" : undefined} />
  );
}
