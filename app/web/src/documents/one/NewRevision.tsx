import { useRef, useState } from "react";
import { Button, Text } from "@mantine/core";
import { IconUpload } from "@tabler/icons-react";
import type { Schemas } from "@/api/client";
import { useCaller } from "@/session/session";
import { uploadQueue } from "../upload/queue";
import { endingOf, uploadName } from "./uploadName";

/** Uploads another file as the next revision of a document that was uploaded. */
export function NewRevision({ document }: { document: Schemas["OpenedDocumentBody"] }) {
  const { csrf_token } = useCaller();
  const input = useRef<HTMLInputElement>(null);
  const [refused, setRefused] = useState("");
  const name = uploadName(document.uri);
  if (name === null) return null;

  function send(file: File) {
    if (endingOf(file.name) !== endingOf(name ?? "")) return setRefused(`This document is a ${endingOf(name ?? "")} file; upload another kind as a document of its own.`);
    setRefused("");
    // Under its name, whatever the file is called: that is what makes it the same document.
    uploadQueue.add([{ name: name ?? file.name, file }], { collection: document.collection, access: null, metadata: null }, csrf_token ?? "");
  }

  return (
    <>
      <Button variant="default" leftSection={<IconUpload size={16} aria-hidden />} onClick={() => input.current?.click()}>Upload a new revision</Button>
      <input ref={input} type="file" hidden aria-label="New revision" onChange={({ currentTarget }) => {
        const [file] = currentTarget.files ?? [];
        if (file) send(file);
        currentTarget.value = "";
      }} />
      {refused && <Text size="sm" c="red" role="alert">{refused}</Text>}
    </>
  );
}
