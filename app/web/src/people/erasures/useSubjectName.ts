import { queries } from "@/api/client";

/** The name that has to be typed to forget something; its id where it has none to be read, null while that is not known. */
export function useSubjectName(kind: "user" | "document", subject: string | null): string | null {
  const id = subject ?? "";
  const user = queries.useQuery("get", "/v1/users/{user_id}", { params: { path: { user_id: id } } }, { enabled: kind === "user" && id !== "" });
  const document = queries.useQuery("get", "/v1/documents/{document_id}", { params: { path: { document_id: id } } }, { enabled: kind === "document" && id !== "" });
  if (subject === null) return null;
  const asked = kind === "user" ? user : document;
  if (asked.isPending) return null;
  // Whoever may not read a document may forget it; and an account that is gone already may have left words.
  return (kind === "user" ? user.data?.name : document.data?.title) ?? subject;
}
