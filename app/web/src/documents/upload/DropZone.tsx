import { useRef, useState, type DragEvent } from "react";
import { Button, Group, Text } from "@mantine/core";
import { IconFile, IconFolder } from "@tabler/icons-react";
import { chosen, dropped, type Picked } from "./dropped";

/** A place to drop files and folders on, with buttons that do the same. */
export function DropZone({ onPicked, busy = false }: { onPicked: (files: Picked[]) => void; busy?: boolean }) {
  const [over, setOver] = useState(false);
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);

  function dragged(event: DragEvent, isOver: boolean) {
    event.preventDefault();
    setOver(isOver);
  }

  return (
    <div className="drop" data-over={over || undefined} onDragOver={(event) => dragged(event, true)} onDragLeave={(event) => dragged(event, false)}
      onDrop={(event) => {
        dragged(event, false);
        void dropped(event.dataTransfer).then(onPicked);
      }}>
      <Text size="sm" mb="xs">Drop files or folders here</Text>
      <Group justify="center" gap="xs">
        <Button variant="default" size="xs" leftSection={<IconFile size={14} aria-hidden />} disabled={busy} onClick={() => files.current?.click()}>Choose files</Button>
        <Button variant="default" size="xs" leftSection={<IconFolder size={14} aria-hidden />} disabled={busy} onClick={() => folder.current?.click()}>Choose a folder</Button>
      </Group>
      <input ref={files} type="file" multiple hidden aria-label="Files to upload" onChange={({ currentTarget }) => {
        onPicked(chosen(currentTarget.files));
        currentTarget.value = "";
      }} />
      <input ref={(input) => { folder.current = input; input?.setAttribute("webkitdirectory", ""); }} type="file" multiple hidden aria-label="Folder to upload"
        onChange={({ currentTarget }) => {
          onPicked(chosen(currentTarget.files));
          currentTarget.value = "";
        }} />
    </div>
  );
}
