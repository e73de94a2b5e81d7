import { TextInput } from "@mantine/core";

export interface GroupGiven {
  name: string;
  claim: string;
}

/** What a group is made of. */
export function GroupFields({ given, onChange }: { given: GroupGiven; onChange: (given: GroupGiven) => void }) {
  return (
    <>
      <TextInput label="Name" required maxLength={200} data-autofocus value={given.name}
        onChange={(event) => onChange({ ...given, name: event.currentTarget.value })} />
      <TextInput label="Claim of the provider" maxLength={500} value={given.claim}
        description="Where people sign in with a provider: the value of its groups claim that puts them into this group. Empty for a group that you fill by hand."
        onChange={(event) => onChange({ ...given, claim: event.currentTarget.value })} />
    </>
  );
}
