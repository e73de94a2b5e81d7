import { notifications } from "@mantine/notifications";
import { api } from "@/api/client";
import { refresh } from "@/api/queryClient";
import { Confirmed } from "@/kit/Confirmed";
import { short } from "../words";

/** Goes back to what was live before; only if this candidate is the one that is live. */
export function RollBack({ candidateId }: { candidateId: string }) {
  async function goBack() {
    const { data } = await api.POST("/v1/learning/rollback", { body: { candidate: candidateId } });
    await refresh("/v1/learning");
    const now = data?.live ? `Candidate ${short(data.live)} is live again.` : "Nothing learned serves now.";
    notifications.show({ color: "green", title: "Rolled back", message: now });
  }
  return (
    <Confirmed label="Roll back" variant="default" question="Roll back what is live?" verb="Roll back" onConfirm={goBack}
      consequence={`Candidate ${short(candidateId)} stops serving with the next question, and what was live before it serves again. No file is touched: it stays here and can be promoted again, with a new approval. A trial that runs stops.`} />
  );
}
