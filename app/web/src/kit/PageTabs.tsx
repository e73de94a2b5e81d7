import type { ReactNode } from "react";
import { Tabs } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";

export interface PageTab {
  value: string;
  label: string;
  content: () => ReactNode;
}

const NOTHING: string[] = [];

interface PageTabsProps {
  tabs: PageTab[];
  label: string;
  /** What else of the address holds for all tabs, such as the collection. */
  keep?: string[];
}

/** Tabs of a page; which one is open stands in the address, so that it can be linked and gone back to. */
export function PageTabs({ tabs, label, keep = NOTHING }: PageTabsProps) {
  const navigate = useNavigate();
  const given: Record<string, string | undefined> = useSearch({ strict: false });
  const open = tabs.find((tab) => tab.value === given["tab"]) ?? tabs[0];
  const kept = Object.fromEntries(keep.map((name) => [name, given[name]]));
  return (
    <Tabs value={open?.value ?? null} keepMounted={false}
      onChange={(value) => void navigate({ to: ".", search: { ...kept, tab: value ?? undefined } })}>
      <Tabs.List aria-label={label} mb="md">
        {tabs.map((tab) => (
          <Tabs.Tab key={tab.value} value={tab.value}>{tab.label}</Tabs.Tab>
        ))}
      </Tabs.List>
      {tabs.map((tab) => (
        <Tabs.Panel key={tab.value} value={tab.value}>{tab.value === open?.value && tab.content()}</Tabs.Panel>
      ))}
    </Tabs>
  );
}
