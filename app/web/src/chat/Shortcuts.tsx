import { Kbd, Modal, Stack, Switch, Table, Text } from "@mantine/core";
import { useState } from "react";
import { singleKeys, setSingleKeys } from "./useShortcuts";

const KEYS: [string[], string][] = [
  [["Enter"], "Ask the question"],
  [["Shift", "Enter"], "Begin a new line in the question"],
  [["Escape"], "Stop the answer, or close what is open"],
  [["/"], "Go to the question"],
  [["Ctrl", "K"], "Search your conversations"],
  [["Alt", "↑"], "Go to the turn before"],
  [["Alt", "↓"], "Go to the turn after"],
  [["j"], "Go to the next source, in one that is open (also →)"],
  [["k"], "Go to the source before (also ←)"],
  [["?"], "Show these keys"],
];

/** What the keyboard does in the chat. */
export function Shortcuts({ onClose }: { onClose: () => void }) {
  const [on, setOn] = useState(singleKeys());
  return (
    <Modal opened onClose={onClose} title="Keys">
      <Stack>
        <Table>
          <Table.Tbody>
            {KEYS.map(([keys, words]) => (
              <Table.Tr key={words}>
                <Table.Th scope="row" className="nowrap">{keys.map((key, n) => <span key={key}>{n > 0 && " + "}<Kbd>{key}</Kbd></span>)}</Table.Th>
                <Table.Td>{words}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
        <Switch label="Keys without Ctrl or Alt ( /, ?, j and k ) do something" checked={on}
          onChange={(event) => { setOn(event.currentTarget.checked); setSingleKeys(event.currentTarget.checked); }} />
        <Text size="xs" c="dimmed">On a Mac, Ctrl is Command and Alt is Option.</Text>
      </Stack>
    </Modal>
  );
}
