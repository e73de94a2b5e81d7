import { useEffect, useRef } from "react";
import { Badge, Button, Checkbox, Group, Text } from "@mantine/core";
import type { Schemas } from "@/api/client";
import { changesOf, fieldsOf } from "./edited";
import { QuestionForm } from "./QuestionForm";
import { QuestionWords } from "./QuestionWords";

type Action = Schemas["QuestionReviewBody"]["action"];

interface QuestionRowProps {
  question: Schemas["KeptQuestionBody"];
  picked: boolean;
  open: boolean;
  busy: boolean;
  onPick: (on: boolean) => void;
  onOpen: (on: boolean) => void;
  onReview: (action: Action, changes: Schemas["QuestionChangesBody"]) => void;
}

/** A question with what is known about its answer; opens into a form. */
export function QuestionRow({ question, picked, open, busy, onPick, onOpen, onReview }: QuestionRowProps) {
  const edit = useRef<HTMLButtonElement>(null);
  const wasOpen = useRef(open);
  useEffect(() => {
    if (wasOpen.current && !open) edit.current?.focus();
    wasOpen.current = open;
  }, [open]);
  return (
    <li>
      <Group gap="sm" wrap="nowrap" align="flex-start">
        <Checkbox mt={2} checked={picked} onChange={(event) => onPick(event.currentTarget.checked)} aria-label={`Pick: ${question.text.slice(0, 100)}`} />
        <div className="grow">
          {open ? (
            <QuestionForm question={fieldsOf(question)} verb="Save" busy={busy} withheld={question.withheld ?? false} onCancel={() => onOpen(false)}
              onSave={(fields) => onReview("edit", changesOf(question, fields))} />
          ) : (
            <>
              <Group gap="xs">
                <Text fw={600} size="sm" className="pre" dir="auto" lineClamp={6}>{question.text}</Text>
                {question.draft && <Badge color="yellow" variant="light" className="state">draft</Badge>}
                {question.withheld && <Badge color="gray" variant="light" className="state">words withheld</Badge>}
              </Group>
              <QuestionWords question={question} lines={4} />
            </>
          )}
        </div>
        {!open && (
          <Group gap={6} className="row-actions">
            {question.draft && <Button size="compact-sm" variant="light" loading={busy} onClick={() => onReview("approve", {})}>Approve</Button>}
            <Button ref={edit} size="compact-sm" variant="default" onClick={() => onOpen(true)}>Edit</Button>
          </Group>
        )}
      </Group>
    </li>
  );
}
