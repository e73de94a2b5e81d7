/** What was done, in words, by the action's name in the log. */
const WORDS: Record<string, string> = {
  "answer.open": "Opened an answer that somebody else was given",
  "approval.request": "Asked for an approval",
  "approval.approved": "Approved what somebody asked for",
  "approval.refused": "Refused what somebody asked for",
  "approval.spent": "Used an approval",
  "assistant.create": "Made an assistant",
  "assistant.change": "Changed an assistant",
  "assistant.delete": "Deleted an assistant",
  "audit.export": "Exported the audit log",
  "backup.create": "Made a backup",
  "backup.restore": "Restored a backup",
  "candidate.promote": "Put something learned into use",
  "candidate.rollback": "Went back to what was in use before",
  "candidate.stop": "Stopped a trial",
  "candidate.try": "Began a trial",
  "collection.access": "Said who reads and looks after a collection",
  "collection.create": "Made a collection",
  "collection.guards": "Set what guards a collection",
  "conversation.delete": "Deleted a conversation",
  "conversation.export": "Exported a conversation",
  "doctor.compact": "Made deleted data unreadable on disk",
  "doctor.repair": "Repaired catalog and index",
  "document.access": "Said who may read a document",
  "document.delete": "Deleted a document",
  "document.metadata": "Changed what is noted about a document",
  "document.open": "Opened a document",
  "document.original": "Opened a document's original file",
  "erasure.begin": "Began to forget something",
  "erasure.end": "Something was forgotten",
  "evaluation.accept": "Accepted an evaluation as the measure",
  "evaluation.delete": "Deleted an evaluation",
  "evaluation.keep": "Kept an evaluation made elsewhere",
  "evaluation.run": "Began an evaluation",
  "feedback.approve": "Approved a correction",
  "feedback.import": "Took in labels",
  "feedback.refuse": "Refused a correction",
  "feedback.withdraw": "Took back what they had said about an answer",
  "golden.delete": "Deleted a golden set",
  "golden.draft": "Had golden questions drafted",
  "golden.review": "Reviewed golden questions",
  "golden.write": "Changed a golden set",
  "group.change": "Changed a group",
  "group.claimed": "Groups that the provider claimed were set",
  "group.create": "Made a group",
  "group.delete": "Removed a group",
  "group.join": "Put somebody into a group",
  "group.leave": "Took somebody out of a group",
  "key.create": "Made an API key",
  "key.revoke": "Revoked an API key",
  "monitoring.observe": "Had the server measured at once",
  "policy.names": "Set names that are held back",
  "policy.set": "Set what is done about findings",
  "quarantine.release": "Let a document out of quarantine",
  "run.begin": "Began to take documents in",
  "session.begin": "Signed in",
  "session.end": "Signed out, or was signed out",
  "session.refused": "A sign-in was refused",
  "source.change": "Changed a source of documents",
  "source.create": "Set up a source of documents",
  "source.delete": "Removed a source of documents",
  "training.begin": "Began a training",
  "training.cancel": "Cancelled a training",
  "training.end": "A training ended",
  "user.change": "Changed a user's name or rights",
  "user.create": "Made a user",
  "user.delete": "Removed a user's account",
  "user.password": "Set a password",
};

const NOUNS: Record<string, string> = {
  document: "Documents", collection: "Collections", user: "Users", group: "Groups", key: "API keys", session: "Sign-ins", answer: "Answers",
  conversation: "Conversations", feedback: "Feedback", golden: "Golden sets", evaluation: "Evaluations", training: "Trainings",
  candidate: "What was learned", approval: "Approvals", source: "Sources", run: "Runs", policy: "Findings", quarantine: "Quarantine",
  erasure: "Erasures", backup: "Backups", doctor: "Repairs", audit: "The audit log", monitoring: "Monitoring", assistant: "Assistants",
};

/** Say what was done; of an action that is not known here, its own words. */
export function actionWords(action: string): string {
  const known = WORDS[action];
  if (known) return known;
  const [noun = "", verb = ""] = action.split(".");
  const words = `${noun}: ${verb.replaceAll("_", " ")}`;
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** What the log can be narrowed to: for each noun all of it, then each action. */
export function actionChoices(): { group: string; items: { value: string; label: string }[] }[] {
  return Object.entries(NOUNS).map(([noun, group]) => ({
    group,
    items: [
      { value: noun, label: `${group}: everything` },
      ...Object.keys(WORDS).filter((action) => action.startsWith(`${noun}.`)).map((value) => ({ value, label: actionWords(value) })),
    ],
  }));
}
