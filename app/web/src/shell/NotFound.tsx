import { Empty } from "@/kit/Empty";
import { Link } from "@/kit/Link";
import { Page } from "@/kit/Page";

export function NotFound() {
  return (
    <Page title="There is no such page">
      <Empty title="It may have been deleted, or is not for you to see">
        <Link to="/">Back to the chat</Link>
      </Empty>
    </Page>
  );
}
