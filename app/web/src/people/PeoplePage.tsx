import { Page } from "@/kit/Page";
import { PageTabs } from "@/kit/PageTabs";
import { AdministratorsOnly } from "./AdministratorsOnly";
import { AuditLog } from "./audit/AuditLog";
import { Erasures } from "./erasures/Erasures";
import { GroupList } from "./groups/GroupList";
import { UserList } from "./users/UserList";

const TABS = [
  { value: "users", label: "Users", content: () => <UserList /> },
  { value: "groups", label: "Groups", content: () => <GroupList /> },
  { value: "audit", label: "Audit log", content: () => <AuditLog /> },
  { value: "erasures", label: "Erasures", content: () => <Erasures /> },
];

export function PeoplePage() {
  return (
    <Page title="People" description="Who may come in, what they may do, what was done, and what was forgotten.">
      <AdministratorsOnly><PageTabs tabs={TABS} label="Parts of people" /></AdministratorsOnly>
    </Page>
  );
}
