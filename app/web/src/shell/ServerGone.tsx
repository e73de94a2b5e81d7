import { useEffect } from "react";
import { Loader, Text } from "@mantine/core";
import { api } from "@/api/client";
import { tryAgain } from "@/api/queryClient";
import { reached } from "@/api/standing";

const AGAIN_MS = 3_000;

/** Says that the server does not answer, and looks again until it does. What was typed stays. */
export function ServerGone() {
  const there = reached.use();
  useEffect(() => {
    if (there) return undefined;
    const timer = setInterval(() => void tryAgain(() => api.GET("/v1/health/live")), AGAIN_MS);
    return () => clearInterval(timer);
  }, [there]);
  return (
    <div role="status" className="gone">
      {!there && (
        <div className="gone-words">
          <Loader size={14} aria-hidden />
          <Text size="sm">The server does not answer. This page looks again every few seconds; what you typed stays.</Text>
        </div>
      )}
    </div>
  );
}
