import { useRef, useState } from "react";
import { api } from "@/api/client";
import { refresh } from "@/api/queryClient";
import { changeTurn, type Turn } from "../thread";
import { bodyOf, saidIn, type Said } from "./said";

/** What I said about a turn, and a way to say something else. */
export function useSaid(conversation: string, turn: Turn) {
  const [pending, setPending] = useState<Said | null>(null);
  const [failure, setFailure] = useState("");
  // Of two that are sent at once the later has to be the last to arrive.
  const sending = useRef<Promise<unknown>>(Promise.resolve());
  const latest = useRef<Said | null>(null);
  const said = pending ?? saidIn(turn.feedback);

  async function give(next: Said): Promise<boolean> {
    latest.current = next;
    setPending(next);
    setFailure("");
    const sent = sending.current.then(() => send(turn.interaction_id, next));
    sending.current = sent.catch(() => undefined);
    try {
      const feedback = await sent;
      changeTurn(conversation, turn.interaction_id, { feedback });
      return true;
    } catch (error) {
      if (latest.current === next) setFailure(error instanceof Error ? error.message : String(error));
      return false;
    } finally {
      // What is shown afterwards is what the server holds.
      if (latest.current === next) setPending(null);
    }
  }

  return { said, give, failure };
}

async function send(interaction: string, said: Said) {
  const body = bodyOf(said);
  const params = { path: { interaction_id: interaction } };
  if (body === null) {
    await api.DELETE("/v1/answers/{interaction_id}/feedback", { params });
    void refresh("/v1/feedback");
    return null;
  }
  const { data } = await api.POST("/v1/answers/{interaction_id}/feedback", { params, body });
  void refresh("/v1/feedback");
  return data ?? null;
}

/** Note that a source was opened or copied. A reader is not told when that could not be counted. */
export async function noteReading(interaction: string, chunk: string, kind: "opened" | "copied", seconds: number): Promise<void> {
  const body = { chunk_id: chunk, kind, seconds: Math.min(seconds, 3_600) };
  try {
    await api.POST("/v1/answers/{interaction_id}/readings", { params: { path: { interaction_id: interaction } }, body });
  } catch {
    // Nothing the reader could do about it.
  }
}
