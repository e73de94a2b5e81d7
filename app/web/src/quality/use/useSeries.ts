import { useState } from "react";
import { queries } from "@/api/client";
import { DAY } from "./series";

const MOST = 10_000;

/** The series of a figure over the last days, the oldest first. */
export function useSeries(name: string, days: number) {
  // The beginning stands still, or every drawing would ask for another series.
  const [today] = useState(Date.now);
  const since = new Date(today - days * DAY).toISOString();
  return queries.useQuery("get", "/v1/monitoring", { params: { query: { name, since, limit: MOST } } }, { placeholderData: (before) => before });
}
