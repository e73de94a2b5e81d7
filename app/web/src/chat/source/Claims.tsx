import { Text } from "@mantine/core";
import { IconAlertTriangle, IconCheck, IconX } from "@tabler/icons-react";
import { count } from "@/kit/numbers";
import type { Turn } from "../thread";
import { claimsOn, verdictOf, type Claim } from "./claims";

const ICONS = { supported: IconCheck, partly: IconAlertTriangle, unsupported: IconX };
const SHOWN = 1; // of the sentences that need no second look

/** What the answer takes from a source, and how far that is borne out; what is not comes first. */
export function Claims({ turn, number }: { turn: Turn; number: number }) {
  const claims = turn.abstained ? [] : claimsOn(turn, number);
  const doubted = claims.filter(({ verdict }) => verdict !== "supported");
  const borne = claims.filter(({ verdict }) => verdict === "supported");
  if (claims.length === 0) return null;
  return (
    <section aria-label="What the answer says by it" className="source-claims">
      {doubted.length > 0 && <ClaimList claims={doubted} />}
      {borne.length > SHOWN && (
        <details>
          <summary><Text span size="sm">{count(borne.length, "sentence")} of the answer {doubted.length > 0 ? "are" : "stand on this source, all"} borne out</Text></summary>
          <ClaimList claims={borne} />
        </details>
      )}
      {borne.length > 0 && borne.length <= SHOWN && <ClaimList claims={borne} />}
    </section>
  );
}

function ClaimList({ claims }: { claims: Claim[] }) {
  return (
    <ul>
      {claims.map((claim, n) => {
        const Icon = ICONS[claim.verdict];
        return (
          // oxlint-disable-next-line react/no-array-index-key -- a sentence may be said twice, and keeps nothing
          <li key={n} data-verdict={claim.verdict}>
            <Icon size={16} aria-hidden />
            <div>
              <Text size="sm" fw={600}>{verdictOf(claim)}</Text>
              <Text size="sm" c="dimmed" dir="auto" className="breakable">{claim.words}</Text>
              {claim.missing.length > 0 && <Text size="sm" className="breakable">What the quotes lack: {claim.missing.join(", ")}</Text>}
            </div>
          </li>
        );
      })}
    </ul>
  );
}
