import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { Page } from "@/kit/Page";
import { ProblemShown } from "@/kit/ProblemShown";
import { NotFound } from "@/shell/NotFound";
import { Shell } from "@/shell/Shell";

type Search = Record<string, string | undefined>;

// What stands behind the question mark: texts, as a link gave them; each page reads its own.
function searched(given: Record<string, unknown>): Search {
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, value === undefined ? undefined : String(value)]));
}

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound, validateSearch: searched });

function page<const Path extends string>(path: Path, load: () => Promise<Record<string, unknown>>, name: string) {
  return createRoute({
    getParentRoute: () => root,
    path,
    component: lazyRouteComponent(load as () => Promise<Record<string, never>>, name),
  });
}

// One page for all conversations: it stays as it is, focus and all, when a new one gets its address.
const chat = createRoute({
  getParentRoute: () => root,
  id: "chat",
  component: lazyRouteComponent(() => import("@/chat/ChatPage"), "ChatPage"),
});
const conversations = chat.addChildren([
  createRoute({ getParentRoute: () => chat, path: "/" }),
  createRoute({ getParentRoute: () => chat, path: "/c/$conversationId" }),
]);

const tree = root.addChildren([
  conversations,
  page("/assistants", () => import("@/assistants/AssistantsPage"), "AssistantsPage"),
  page("/review", () => import("@/review/ReviewPage"), "ReviewPage"),
  page("/documents", () => import("@/documents/DocumentsPage"), "DocumentsPage"),
  page("/documents/$documentId", () => import("@/documents/DocumentPage"), "DocumentPage"),
  page("/sources/$sourceId", () => import("@/documents/SourcePage"), "SourcePage"),
  page("/runs", () => import("@/runs/RunsPage"), "RunsPage"),
  page("/runs/$runId", () => import("@/runs/RunPage"), "RunPage"),
  page("/quality", () => import("@/quality/QualityPage"), "QualityPage"),
  page("/quality/evaluations/$runId", () => import("@/quality/EvaluationPage"), "EvaluationPage"),
  page("/quality/comparison", () => import("@/quality/ComparisonPage"), "ComparisonPage"),
  page("/quality/golden/$name", () => import("@/quality/GoldenSetPage"), "GoldenSetPage"),
  page("/learning", () => import("@/learning/LearningPage"), "LearningPage"),
  page("/learning/candidates/$candidateId", () => import("@/learning/CandidatePage"), "CandidatePage"),
  page("/learning/runs/$runId", () => import("@/learning/TrainingPage"), "TrainingPage"),
  page("/people", () => import("@/people/PeoplePage"), "PeoplePage"),
  page("/people/$userId", () => import("@/people/UserPage"), "UserPage"),
  page("/people/groups/$groupId", () => import("@/people/GroupPage"), "GroupPage"),
  page("/account", () => import("@/account/AccountPage"), "AccountPage"),
]);

export const router = createRouter({
  routeTree: tree,
  defaultPreload: "intent",
  scrollRestoration: true,
  scrollToTopSelectors: ["#content"],
  defaultErrorComponent: ({ error, reset }) => <Page title="This page failed"><ProblemShown error={error} retry={reset} /></Page>,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
