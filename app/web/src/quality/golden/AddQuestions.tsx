import { useState } from "react";
import { Button, Menu, Modal } from "@mantine/core";
import { IconBook, IconChevronDown, IconFileImport, IconMessageCheck, IconPlus, IconWriting } from "@tabler/icons-react";
import type { Schemas } from "@/api/client";
import { FromDocuments } from "./FromDocuments";
import { FromFeedback } from "./FromFeedback";
import { FromFile } from "./FromFile";
import { NewQuestion } from "./NewQuestion";

export type GoldenSet = Schemas["GoldenSetBody"];

const WAYS = {
  documents: { title: "Draft questions from documents", Form: FromDocuments },
  feedback: { title: "Take approved corrections", Form: FromFeedback },
  file: { title: "Import questions", Form: FromFile },
  one: { title: "Write a question", Form: NewQuestion },
};
type Way = keyof typeof WAYS;

export interface WayProps {
  /** The set they are added to; null for one that is yet to be named. */
  set: GoldenSet | null;
  onDone: () => void;
}

/** A menu of the ways in which questions come into a golden set. */
export function AddQuestions({ set }: { set: GoldenSet | null }) {
  const [way, setWay] = useState<Way | null>(null);
  const open = way === null ? null : WAYS[way];
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button leftSection={<IconPlus size={16} aria-hidden />} rightSection={<IconChevronDown size={14} aria-hidden />}>
            {set ? "Add questions" : "Make a golden set"}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconBook size={16} aria-hidden />} onClick={() => setWay("documents")}>Draft from documents</Menu.Item>
          <Menu.Item leftSection={<IconMessageCheck size={16} aria-hidden />} onClick={() => setWay("feedback")}>Take approved corrections</Menu.Item>
          <Menu.Item leftSection={<IconFileImport size={16} aria-hidden />} onClick={() => setWay("file")}>Import a file, or paste</Menu.Item>
          <Menu.Item leftSection={<IconWriting size={16} aria-hidden />} onClick={() => setWay("one")}>Write one</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Modal opened={open !== null} onClose={() => setWay(null)} title={open?.title} size="lg">
        {open && <open.Form set={set} onDone={() => setWay(null)} />}
      </Modal>
    </>
  );
}
