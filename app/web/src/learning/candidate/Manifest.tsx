import { Section } from "@/people/Section";

/** The manifest as it was written: its SHA-256 is the candidate's id. */
export function Manifest({ id, manifest }: { id: string; manifest: Record<string, unknown> }) {
  return (
    <Section title="Manifest" description="What the candidate is made of: its files with their SHA-256, the model it fits, seed and versions. The id of the candidate is the hash of it.">
      <dl className="facts"><dt>Id</dt><dd><code className="breakable">{id}</code></dd></dl>
      <details>
        <summary>Show the manifest</summary>
        <pre className="pre manifest">{JSON.stringify(manifest, null, 2)}</pre>
      </details>
    </Section>
  );
}
