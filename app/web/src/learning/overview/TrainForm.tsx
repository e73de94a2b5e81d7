import { useState } from "react";
import { Button, Checkbox, Group, NativeSelect, Radio, Stack } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { queries, type Schemas } from "@/api/client";
import { refresh } from "@/api/queryClient";
import { Failure } from "@/kit/Failure";
import { placeInWords, RUNGS, type Rung } from "../words";

type Place = NonNullable<Schemas["NewRunBody"]["report_to"]>;
type Which = "open" | "some" | "generator";

const PLACES: Place[] = ["tensorboard", "mlflow", "wandb"];

function isPlace(value: string): value is Place {
  return PLACES.some((place) => place === value);
}

function isWhich(value: string): value is Which {
  return value === "open" || value === "some" || value === "generator";
}

/** Which rungs are tried, and where figures are told besides. */
export function TrainForm({ needs }: { needs: Schemas["NeedBody"][] }) {
  const [which, setWhich] = useState<Which>("open");
  const [chosen, setChosen] = useState<Rung[]>(["memory"]);
  const [place, setPlace] = useState<Place | null>(null);
  const train = queries.useMutation("post", "/v1/learning/runs", { meta: { quiet: true }, onSuccess: begun });
  const rungs: Rung[] = which === "open" ? [] : which === "generator" ? ["generator"] : chosen;
  return (
    <form onSubmit={(event) => {
      event.preventDefault();
      train.mutate({ body: { rungs, report_to: place } });
    }}>
      <Stack gap="sm">
        <Radio.Group label="What to try" value={which} onChange={(value) => isWhich(value) && setWhich(value)}>
          <Stack gap="xs" mt="xs">
            <Radio value="open" label="The whole ladder" description="Each rung that is open, on top of the open ones below it." />
            <Radio value="some" label="Some rungs" description="Each on top of what is live." />
            <Radio value="generator" label="The language model" description="In a run of its own, by approved corrections." />
          </Stack>
        </Radio.Group>
        {which === "some" && <Rungs needs={needs} chosen={chosen} choose={setChosen} />}
        <NativeSelect label="Tell the figures to" description="Besides this page. Figures only, and no words; the tool has to be installed on the server."
          value={place ?? ""} onChange={({ currentTarget: { value } }) => setPlace(isPlace(value) ? value : null)}
          data={[{ value: "", label: "Nobody else" }, ...PLACES.map((value) => ({ value, label: placeInWords(value) }))]} maw={420} />
        <Failure error={train.error} />
        <Group><Button type="submit" loading={train.isPending} disabled={which === "some" && chosen.length === 0}>Train</Button></Group>
      </Stack>
    </form>
  );
}

function Rungs({ needs, chosen, choose }: { needs: Schemas["NeedBody"][]; chosen: Rung[]; choose: (rungs: Rung[]) => void }) {
  const ladder = needs.filter(({ rung }) => rung !== "generator");
  return (
    <Checkbox.Group label="Rungs" value={chosen} onChange={(values) => choose(ladder.map(({ rung }) => rung).filter((rung) => values.includes(rung)))}>
      <Group gap="md" mt="xs">
        {ladder.map(({ rung, missing, lacks }) => (
          <Checkbox key={rung} value={rung} label={`${RUNGS[rung].name}${missing || lacks ? " (closed at the last count)" : ""}`} />
        ))}
      </Group>
    </Checkbox.Group>
  );
}

async function begun(): Promise<void> {
  await refresh("/v1/learning", "/v1/approvals");
  notifications.show({ color: "green", title: "The training waits for its turn", message: "It begins within seconds." });
}
