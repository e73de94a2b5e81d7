import { api, queries, type Schemas } from "@/api/client";
import { KeySection } from "./KeySection";

/** The API keys of somebody, for administrators. */
export function KeysOf({ userId }: { userId: string }) {
  const path = { user_id: userId };
  const query = queries.useQuery("get", "/v1/users/{user_id}/keys", { params: { path } });
  async function make(body: Schemas["NewKeyBody"]) {
    return (await api.POST("/v1/users/{user_id}/keys", { params: { path }, body })).data;
  }
  return <KeySection query={query} make={make} description="For programs that ask in this user's name. A key may do no more than its user." />;
}

async function makeOwn(body: Schemas["NewKeyBody"]) {
  return (await api.POST("/v1/keys", { body })).data;
}

/** One's own API keys. */
export function OwnKeys() {
  const query = queries.useQuery("get", "/v1/keys");
  return <KeySection query={query} make={makeOwn} description="For programs that ask in your name. A key may do no more than you." />;
}
