import { ActionIcon, CloseButton, Text, Title, Tooltip } from "@mantine/core";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";

interface SourceBarProps {
  title: string;
  /** Among the sources of the answer, from 1. */
  position: number;
  total: number;
  step: (by: -1 | 1) => void;
  onClose: () => void;
}

/** Which source it is, and the way to the next; stays in sight. */
export function SourceBar({ title, position, total, step, onClose }: SourceBarProps) {
  return (
    <header className="source-bar">
      <div className="source-bar-row">
        <Text size="sm" c="dimmed" role="status" className="figures grow">Source {position} of {total}</Text>
        {total > 1 && (
          <>
            <Step label="Source before (k)" ended={position <= 1} onStep={() => step(-1)} Icon={IconChevronLeft} />
            <Step label="Next source (j)" ended={position >= total} onStep={() => step(1)} Icon={IconChevronRight} />
          </>
        )}
        <CloseButton aria-label="Close the source" onClick={onClose} />
      </div>
      <Title order={2} size="h5" lineClamp={2} className="breakable" dir="auto" title={title}>{title}</Title>
    </header>
  );
}

// At an end it stays focusable: a button that is switched off under the fingers would drop the focus, and the keys with it.
function Step({ label, ended, onStep, Icon }: { label: string; ended: boolean; onStep: () => void; Icon: typeof IconChevronLeft }) {
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" aria-label={label.replace(/ \(.\)$/, "")} aria-disabled={ended || undefined} data-disabled={ended || undefined}
        onClick={onStep}>
        <Icon size={18} aria-hidden />
      </ActionIcon>
    </Tooltip>
  );
}
