import { Checkbox, Table, Text } from "@mantine/core";
import { Link } from "@/kit/Link";
import { bytes } from "@/kit/numbers";
import { When } from "@/kit/When";
import { accessInWords } from "../access/access";
import { useNames } from "../access/PeoplePicker";
import { kindOf, placeOf } from "../kinds";
import type { Listed } from "./useDocuments";

interface DocumentTableProps {
  documents: Listed[];
  curated: boolean;
  withCollection: boolean;
  selected: ReadonlySet<string>;
  onSelected: (selected: ReadonlySet<string>) => void;
}

/** Documents, one a row. */
export function DocumentTable({ documents, curated, withCollection, selected, onSelected }: DocumentTableProps) {
  const found = useNames(curated ? documents.flatMap(({ access }) => access ?? []) : []);
  const names = Object.fromEntries([...found].map(([key, { name, display_name }]) => [key, display_name || name]));
  const all = documents.every(({ id }) => selected.has(id));
  const toggled = (id: string) => {
    const next = new Set(selected);
    if (!next.delete(id)) next.add(id);
    onSelected(next);
  };
  return (
    <Table.ScrollContainer minWidth={curated ? 820 : 600}>
      <Table verticalSpacing="xs">
        <Table.Thead>
          <Table.Tr>
            {curated && (
              <Table.Td w={40}>
                <Checkbox aria-label="Select all that are shown" checked={all} indeterminate={!all && selected.size > 0}
                  onChange={() => onSelected(new Set(all ? [] : documents.map(({ id }) => id)))} />
              </Table.Td>
            )}
            <Table.Th scope="col">Title</Table.Th>
            {withCollection && <Table.Th scope="col">Collection</Table.Th>}
            <Table.Th scope="col">Kind</Table.Th>
            <Table.Th scope="col" ta="right">Size</Table.Th>
            <Table.Th scope="col">Changed</Table.Th>
            {curated && <Table.Th scope="col" miw="8rem">Who may read</Table.Th>}
            <Table.Th scope="col" ta="right">Findings</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {documents.map((document) => (
            <Table.Tr key={document.id}>
              {curated && (
                <Table.Td>
                  <Checkbox aria-label={`Select ${document.title}`} checked={selected.has(document.id)} onChange={() => toggled(document.id)} />
                </Table.Td>
              )}
              <Table.Td className="document-title">
                <Link to="/documents/$documentId" params={{ documentId: document.id }} className="breakable" dir="auto">{document.title}</Link>
                <Text size="xs" c="dimmed" className="breakable" lineClamp={2}>{placeOf(document.uri)}</Text>
              </Table.Td>
              {withCollection && <Table.Td className="breakable">{document.collection}</Table.Td>}
              <Table.Td>{kindOf(document.media_type)}</Table.Td>
              <Table.Td ta="right" className="figures nowrap">{bytes(document.size_bytes)}</Table.Td>
              <Table.Td><When at={document.updated_at} /></Table.Td>
              {curated && <Table.Td className="breakable">{accessInWords(document.access ?? [], names)}</Table.Td>}
              <Table.Td ta="right" className="figures">{document.findings}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
