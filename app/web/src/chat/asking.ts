// Questions under way. They outlive the page that asked them: whoever looks at a document meanwhile finds the answer.
import { useCallback, useSyncExternalStore } from "react";
import { Problem } from "@/api/client";
import { streamed } from "@/api/events";
import type { paths } from "@/api/schema";
import { sessionChanged } from "@/session/session";
import { answerOf, begun, heard, isBusy, type Answer, type Attempt, type Wish } from "./attempt";
import type { Place } from "./place";
import { keepTurn, refreshList, turnOf } from "./thread";

type Body = paths["/v1/answers"]["post"]["requestBody"]["content"]["application/json"];

const attempts = new Map<string, Attempt>();
const running = new Map<string, AbortController>();
const listeners = new Set<() => void>();
let scheduled = false;

function tellNow(): void {
  scheduled = false;
  for (const listener of listeners) listener();
}

// Once a frame is as often as anybody sees; a page in the background has no frames.
function tell(): void {
  if (scheduled) return;
  scheduled = true;
  if (document.hidden) setTimeout(tellNow, 100);
  else requestAnimationFrame(tellNow);
}

function set(key: string, attempt: Attempt | null): void {
  if (attempt) attempts.set(key, attempt);
  else attempts.delete(key);
  tell();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The question that is under way in a conversation, or that failed in it; null for none. */
export function useAttempt({ key }: Place): Attempt | null {
  return useSyncExternalStore(subscribe, useCallback(() => attempts.get(key) ?? null, [key]));
}

/**
 * Ask. Resolves with the answer once it is kept in its conversation; with null where there is none, or none to keep.
 * A question that began a conversation stays in sight until it is discarded: its conversation has another place.
 */
export async function ask(place: Place, wish: Wish): Promise<Answer | null> {
  running.get(place.key)?.abort();
  const mine = new AbortController();
  running.set(place.key, mine);
  set(place.key, begun(wish));
  const isMine = () => running.get(place.key) === mine;
  try {
    const answer = await answered(place, wish, mine.signal, isMine);
    return isMine() ? finished(place, wish, answer) : null;
  } catch (error) {
    if (isMine()) await failed(place, error, mine.signal.aborted);
    return null;
  } finally {
    if (isMine()) running.delete(place.key);
  }
}

async function answered(place: Place, wish: Wish, signal: AbortSignal, isMine: () => boolean): Promise<Answer> {
  const body = {
    question: wish.question,
    conversation_id: place.conversation ?? "new",
    ...(wish.collection !== null && { collection: wish.collection }),
    ...(wish.assistant !== null && { assistant: wish.assistant }),
    ...(wish.replaces !== null && { replaces: wish.replaces }),
  } satisfies Partial<Body>;
  for await (const event of streamed("POST", "/v1/answers", { body, signal })) {
    const answer = answerOf(event);
    if (answer) return answer;
    const attempt = attempts.get(place.key);
    if (attempt && isMine()) set(place.key, heard(attempt, event));
  }
  throw new Problem(0, "The answer broke off", "The connection ended before the answer was whole. Nothing was stored.");
}

function finished(place: Place, wish: Wish, answer: Answer): Answer | null {
  const id = answer.conversation_id ?? null;
  const attempt = attempts.get(place.key);
  if (id === null) {
    if (attempt) set(place.key, { ...attempt, phase: "loose", text: answer.answer, answer });
    return null;
  }
  keepTurn(id, turnOf(answer, wish.question), wish.replaces);
  if (place.conversation !== null) set(place.key, null);
  else if (attempt) set(place.key, { ...attempt, phase: "answering", text: answer.answer, citations: answer.citations, sentences: answer.sentences });
  tellNow();
  void refreshList();
  return answer;
}

async function failed(place: Place, error: unknown, stopped: boolean): Promise<void> {
  const attempt = attempts.get(place.key);
  const problem = error instanceof Error ? error : new Error(String(error));
  if (attempt) set(place.key, stopped ? { ...attempt, phase: "stopped" } : { ...attempt, phase: "failed", error: problem });
  if (problem instanceof Problem && problem.status === 401) await sessionChanged();
}

/** Stop the answer. Nothing of it is stored; the question stays. */
export function stop(place: Place): void {
  const attempt = attempts.get(place.key);
  if (attempt && isBusy(attempt)) running.get(place.key)?.abort();
}

/** Take what came to no answer out of sight. */
export function discard(place: Place): void {
  running.get(place.key)?.abort();
  running.delete(place.key);
  set(place.key, null);
}
