import {
  IconBooks, IconChartLine, IconChecklist, IconMessage, IconPlayerPlay, IconRobot, IconSchool, IconUsers, type Icon,
} from "@tabler/icons-react";
import type { Session } from "@/session/session";

export interface Area {
  to: "/" | "/assistants" | "/review" | "/documents" | "/runs" | "/quality" | "/learning" | "/people";
  label: string;
  icon: Icon;
}

const EVERYBODY: Area[] = [
  { to: "/", label: "Chat", icon: IconMessage },
  { to: "/documents", label: "Documents", icon: IconBooks },
];
const CURATORS: Area[] = [
  { to: "/assistants", label: "Assistants", icon: IconRobot },
  { to: "/review", label: "Review", icon: IconChecklist },
  { to: "/runs", label: "Runs", icon: IconPlayerPlay },
];
const ADMINISTRATORS: Area[] = [
  { to: "/quality", label: "Quality", icon: IconChartLine },
  { to: "/learning", label: "Learning", icon: IconSchool },
  { to: "/people", label: "People", icon: IconUsers },
];

/** The areas of the page that somebody may use; the server decides again on each request. */
export function areasOf({ role }: Session): Area[] {
  if (role === "reader") return EVERYBODY;
  return role === "curator" ? [...EVERYBODY, ...CURATORS] : [...EVERYBODY, ...CURATORS, ...ADMINISTRATORS];
}
