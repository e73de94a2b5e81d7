import { ActionIcon, Chip, Group, Text, Tooltip } from "@mantine/core";
import { IconPencil, IconThumbDown, IconThumbDownFilled, IconThumbUp, IconThumbUpFilled } from "@tabler/icons-react";
import { REASONS, withReason, withVerdict, type Said } from "./said";

interface ThumbsProps {
  said: Said;
  give: (said: Said) => Promise<boolean>;
  onCorrect: () => void;
}

/** Whether an answer is right, in one press; a correction in the next. */
export function Thumbs({ said, give, onCorrect }: ThumbsProps) {
  const up = said.verdict === "up";
  const down = said.verdict === "down";
  return (
    <>
      <Tooltip label={up ? "You found this right. Press to take it back" : "This answer is right"}>
        <ActionIcon variant="subtle" color={up ? "green" : "gray"} aria-label="Right answer" aria-pressed={up} onClick={() => void give(withVerdict(said, "up"))}>
          {up ? <IconThumbUpFilled size={18} aria-hidden /> : <IconThumbUp size={18} aria-hidden />}
        </ActionIcon>
      </Tooltip>
      <Tooltip label={down ? "You found this wrong. Press to take it back" : "This answer is wrong"}>
        <ActionIcon variant="subtle" color={down ? "red" : "gray"} aria-label="Wrong answer" aria-pressed={down} onClick={() => void give(withVerdict(said, "down"))}>
          {down ? <IconThumbDownFilled size={18} aria-hidden /> : <IconThumbDown size={18} aria-hidden />}
        </ActionIcon>
      </Tooltip>
      <Tooltip label={said.answer ? "Change your correction" : "Correct the answer"}>
        <ActionIcon variant="subtle" color={said.answer ? "blue" : "gray"} aria-label={said.answer ? "Change your correction" : "Correct the answer"} onClick={onCorrect}>
          <IconPencil size={18} aria-hidden />
        </ActionIcon>
      </Tooltip>
    </>
  );
}

/** Why it is wrong, in one press each. */
export function Reasons({ said, give }: Pick<ThumbsProps, "said" | "give">) {
  if (said.verdict !== "down") return null;
  return (
    <div role="group" aria-label="What is wrong with it?" className="chat-reasons">
      <Text size="sm" c="dimmed">What is wrong with it?</Text>
      <Group gap={6}>
        {REASONS.map(([reason, words]) => (
          <Chip key={reason} size="xs" variant="outline" checked={said.reasons.includes(reason)} onChange={() => void give(withReason(said, reason))}>
            {words}
          </Chip>
        ))}
      </Group>
    </div>
  );
}
