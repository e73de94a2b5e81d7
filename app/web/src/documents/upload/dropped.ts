// Files as they were dropped or chosen, folders with all that is below them.
import { isRubbish, keptName } from "./batches";

export interface Picked {
  name: string;
  file: File;
}

/** Return the files of an `<input type="file">`. */
export function chosen(files: FileList | null): Picked[] {
  return [...(files ?? [])].map((file) => picked(file, file.webkitRelativePath || file.name)).filter(({ path }) => !isRubbish(path)).map(({ one }) => one);
}

function picked(file: File, path: string): { path: string; one: Picked } {
  return { path, one: { name: keptName(path), file } };
}

/** Return the files that were dropped. */
export async function dropped(given: DataTransfer): Promise<Picked[]> {
  // Both have to be read before the first wait: a DataTransfer is empty after its event.
  const entries = [...given.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  const plain = [...given.files];
  if (entries.length === 0) return plain.filter(({ name }) => !isRubbish(name)).map((file) => ({ name: file.name, file }));
  const found = await Promise.all(entries.map((entry) => below(entry)));
  return found.flat();
}

async function below(entry: FileSystemEntry): Promise<Picked[]> {
  const path = entry.fullPath.replace(/^\//, "");
  if (isRubbish(path)) return [];
  if (isFile(entry)) {
    const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject));
    return [picked(file, path).one];
  }
  if (!isFolder(entry)) return [];
  const found: Picked[] = [];
  for (const child of await children(entry)) found.push(...(await below(child)));
  return found;
}

async function children(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    // A hundred at a time, none at the end.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return all;
    all.push(...some);
  }
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile;
}

function isFolder(entry: FileSystemEntry): entry is FileSystemDirectoryEntry {
  return entry.isDirectory;
}
