import { Stack } from "@mantine/core";
import { Shown } from "@/kit/Shown";
import { useLearning, useRuns } from "../learned";
import { Ladder } from "./Ladder";
import { Serving } from "./Serving";
import { Train, UnderWay } from "./Train";
import { RunningTrial } from "./RunningTrial";

export function Overview() {
  const learning = useLearning();
  const runs = useRuns().data?.runs ?? [];
  return (
    <Shown query={learning}>
      {(found) => (
        <Stack gap="lg">
          <Serving learning={found} />
          {found.trial && <RunningTrial trial={found.trial} />}
          <UnderWay runs={runs} />
          <Ladder needs={found.rungs} runs={runs} />
          <Train needs={found.rungs} runs={runs} />
        </Stack>
      )}
    </Shown>
  );
}
