import { lazy, Suspense, useState } from "react";
import { ActionIcon, Menu } from "@mantine/core";
import { IconDots, IconFileText, IconJson, IconPencil, IconTrash } from "@tabler/icons-react";

const Rename = lazy(async () => ({ default: (await import("./ConversationDialogs")).Rename }));
const Delete = lazy(async () => ({ default: (await import("./ConversationDialogs")).Delete }));

interface ConversationMenuProps {
  id: string;
  title: string;
  onDeleted: (id: string) => void;
}

/** What one can do with a whole conversation. */
export function ConversationMenu({ id, title, onDeleted }: ConversationMenuProps) {
  const [dialog, setDialog] = useState<"rename" | "delete" | null>(null);
  const exported = (format: string) => `/v1/conversations/${id}/export?format=${format}`;
  const close = () => setDialog(null);
  return (
    <>
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size="sm" aria-label={`More about ${title}`} className="chat-more"><IconDots size={16} aria-hidden /></ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconPencil size={16} aria-hidden />} onClick={() => setDialog("rename")}>Rename</Menu.Item>
          <Menu.Item component="a" href={exported("markdown")} download leftSection={<IconFileText size={16} aria-hidden />}>Export as text (Markdown)</Menu.Item>
          <Menu.Item component="a" href={exported("json")} download leftSection={<IconJson size={16} aria-hidden />}>Export for programs (JSON)</Menu.Item>
          <Menu.Item color="red" leftSection={<IconTrash size={16} aria-hidden />} onClick={() => setDialog("delete")}>Delete</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Suspense>
        {dialog === "rename" && <Rename id={id} title={title} onClose={close} />}
        {dialog === "delete" && <Delete id={id} title={title} onClose={close} onDeleted={onDeleted} />}
      </Suspense>
    </>
  );
}
