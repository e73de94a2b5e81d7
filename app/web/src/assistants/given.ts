// What somebody says about an assistant, and what of it the API is told.
import type { Schemas } from "@/api/client";
import { accessInWords, accessOf, type Access } from "@/documents/access/access";

export type Assistant = Schemas["AssistantBody"];

/** As the form holds it. */
export interface Given {
  readonly name: string;
  readonly description: string;
  readonly collection: string | null;
  readonly instructions: string;
  readonly questions: readonly string[];
  readonly access: Access;
}

export const MAX_NAME = 64;
export const MAX_DESCRIPTION = 500;
export const MAX_INSTRUCTIONS = 2_000;
export const MAX_QUESTION = 300;
export const MAX_QUESTIONS = 6;

/** One to begin with, which searches the first collection that its maker looks after. */
export function begun(curates: readonly string[]): Given {
  const collection = curates.includes("default") ? "default" : (curates[0] ?? null);
  return { name: "", description: "", collection, instructions: "", questions: [], access: "everyone" };
}

export function givenOf(assistant: Assistant): Given {
  const { name, description, collection, questions } = assistant;
  return { name, description, collection, questions, instructions: assistant.instructions ?? "", access: accessOf(assistant.access ?? []) };
}

/** What is sent: without blanks around it, without rows that are empty or said twice. */
export function bodyOf({ name, description, collection, instructions, questions, access }: Given): Schemas["NewAssistantBody"] {
  return {
    name: name.trim(),
    description: description.trim(),
    collection,
    instructions: instructions.trim(),
    questions: [...new Set(questions.map((question) => question.trim()))].filter((question) => question !== ""),
    access: Array.isArray(access) ? access.toSorted() : access,
  };
}

/** What is different from what was there; what somebody else changed meanwhile is left as they set it. */
export function changesOf(before: Assistant, given: Given): Schemas["ChangedAssistantBody"] {
  const was = bodyOf(givenOf(before));
  const now = bodyOf(given);
  return {
    ...(now.name !== was.name && { name: now.name }),
    ...(now.description !== was.description && { description: now.description }),
    ...(now.collection !== was.collection && { collection: now.collection ?? null }),
    ...(now.instructions !== was.instructions && { instructions: now.instructions }),
    ...(!isSame(now.questions, was.questions) && { questions: now.questions }),
    ...(!isSame(now.access, was.access) && { access: now.access }),
  };
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Say why a name cannot be one; nothing where it can, or is yet to be typed. */
export function faultOf(name: string): string | null {
  return name.includes("/") ? "Without slashes." : null;
}

export function isWhole({ name, access }: Given): boolean {
  return name.trim() !== "" && faultOf(name) === null && !(Array.isArray(access) && access.length === 0);
}

/** Say in words who may use one. */
export function usersOf({ access, collection }: Pick<Assistant, "access" | "collection">, names: Record<string, string>): string {
  const who = accessInWords(access ?? [], names);
  return who === "everyone" && collection !== null ? "everyone who may read the collection" : who;
}
