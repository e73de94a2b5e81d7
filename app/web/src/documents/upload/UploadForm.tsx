import { useState } from "react";
import { ActionIcon, Button, Checkbox, Group, Modal, Stack, Table, Text } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { bytes, count } from "@/kit/numbers";
import { useCaller } from "@/session/session";
import type { Access } from "../access/access";
import { AccessChoice } from "../access/AccessChoice";
import { MetadataFields } from "../MetadataFields";
import { metadataOf, metadataProblem, type Pair } from "../metadata";
import { DropZone } from "./DropZone";
import type { Picked } from "./dropped";
import { uploadQueue } from "./queue";

interface UploadFormProps {
  collection: string;
  files: Picked[];
  onFiles: (files: Picked[]) => void;
  onClose: () => void;
}

const SHOWN = 50;

/** What is asked before files are uploaded: which, who may read them, what is said about them. */
export function UploadForm({ collection, files, onFiles, onClose }: UploadFormProps) {
  const caller = useCaller();
  const [access, setAccess] = useState<Access>("everyone");
  const [saysAccess, setSaysAccess] = useState(false);
  const [pairs, setPairs] = useState<Pair[]>([]);
  const metadata = metadataOf(pairs);
  const namesNobody = saysAccess && Array.isArray(access) && access.length === 0;
  const total = files.reduce((sum, { file }) => sum + file.size, 0);

  function begin() {
    const to = { collection, access: saysAccess ? access : null, metadata: Object.keys(metadata).length > 0 ? metadata : null };
    uploadQueue.add(files, to, caller.csrf_token ?? "");
    onClose();
  }

  return (
    <Modal opened onClose={onClose} title={`Upload to ${collection}`} size="lg">
      <Stack>
        <DropZone onPicked={(more) => onFiles([...files, ...more])} />
        {files.length > 0 && <Files files={files} onFiles={onFiles} />}
        <Checkbox checked={saysAccess} onChange={({ currentTarget }) => setSaysAccess(currentTarget.checked)} label="Say who may read them"
          description="Otherwise new documents are for everyone who may read the collection, and those that are there already keep their readers." />
        {saysAccess && <AccessChoice label="Who may read them" value={access} onChange={setAccess} />}
        <div>
          <Text size="sm" fw={600}>Metadata</Text>
          <Text size="xs" c="dimmed" mb="xs">Short facts, such as a department or a year, by which searches can be narrowed. It may stay empty.</Text>
          <MetadataFields value={pairs} onChange={setPairs} />
        </div>
        <Group justify="space-between">
          <Text size="sm" c="dimmed" className="figures">{count(files.length, "file")}, {bytes(total)}</Text>
          <Group gap="xs">
            <Button variant="default" onClick={onClose}>Cancel</Button>
            <Button onClick={begin} disabled={files.length === 0 || namesNobody || metadataProblem(pairs) !== null}>Upload {count(files.length, "file")}</Button>
          </Group>
        </Group>
      </Stack>
    </Modal>
  );
}

function Files({ files, onFiles }: { files: Picked[]; onFiles: (files: Picked[]) => void }) {
  return (
    <div>
      <Table verticalSpacing={4} aria-label="Files to upload">
        <Table.Tbody>
          {files.slice(0, SHOWN).map(({ name, file }, at) => (
            <Table.Tr key={`${name} ${file.size} ${file.lastModified}`}>
              <Table.Td className="breakable">{name}</Table.Td>
              <Table.Td ta="right" className="figures nowrap">{bytes(file.size)}</Table.Td>
              <Table.Td w={40}>
                <ActionIcon variant="subtle" color="gray" aria-label={`Leave out ${name}`} onClick={() => onFiles(files.filter((_, n) => n !== at))}>
                  <IconX size={14} aria-hidden />
                </ActionIcon>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {files.length > SHOWN && <Text size="sm" c="dimmed">and {count(files.length - SHOWN, "more file", "more files")}</Text>}
    </div>
  );
}
