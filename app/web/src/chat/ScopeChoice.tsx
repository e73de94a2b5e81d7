import { useEffect } from "react";
import { Group, NativeSelect } from "@mantine/core";
import { Link } from "@/kit/Link";
import { useRole } from "@/session/session";
import { choicesOf, EVERYWHERE, read, setScope, useAssistants, useCollections, useScope, written } from "./scope";

/** Which documents are searched, or which assistant is asked; not shown where there is nothing to choose. The way to assistants for who sets them up. */
export function ScopeChoice({ user }: { user: string }) {
  const { curator } = useRole();
  const collections = useCollections();
  const { assistants, known } = useAssistants();
  const scope = useScope(user);
  const choices = choicesOf(collections.names, assistants);
  const value = written(scope);
  const isThere = choices.some((choice) => ("value" in choice ? choice.value === value : choice.items.some((item) => item.value === value)));
  // What was chosen may be gone by now: then nobody is asked where nothing is.
  const isGone = known && collections.known && value !== "" && !isThere;
  useEffect(() => {
    if (isGone) setScope(user, EVERYWHERE);
  }, [isGone, user]);
  return (
    <Group gap="sm" wrap="nowrap" miw={0}>
      {choices.length > 0 && (
        <NativeSelect aria-label="Where to look" size="xs" className="chat-scope" data={choices} value={isThere ? value : ""}
          onChange={(event) => setScope(user, read(event.currentTarget.value))} />
      )}
      {curator && <Link to="/assistants" size="xs" c="dimmed" className="nowrap">Assistants</Link>}
    </Group>
  );
}
