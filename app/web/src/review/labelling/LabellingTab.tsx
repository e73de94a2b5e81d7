import { SegmentedControl, Stack, Text } from "@mantine/core";
import { Agreed } from "./Agreed";
import { FillQueue } from "./FillQueue";
import { Grading } from "./Grading";
import { useAddress } from "../address";

/** Passages are graded by two people each: what they agree on is learned from and measured with. */
export function LabellingTab() {
  const [{ view, task }, change] = useAddress();
  const shown = view === "agreement" ? "agreement" : "grade";
  return (
    <Stack gap="md">
      <Text size="sm" maw={720}>
        Two people grade how well each passage answers a question, without seeing what the other said. Where they agree, search learns from it, and the question can go into a golden set.
      </Text>
      <div className="scrolled-choice">
        <SegmentedControl aria-label="What to do" value={shown} onChange={(value) => change({ view: value === "grade" ? undefined : value, task: undefined })}
          data={[{ value: "grade", label: "Grade passages" }, { value: "agreement", label: "Agreement" }]} />
      </div>
      {shown === "agreement" ? <Agreed /> : (
        <>
          {!task && <FillQueue />}
          <Grading />
        </>
      )}
    </Stack>
  );
}
