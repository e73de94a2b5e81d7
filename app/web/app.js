// Asks, shows the answer with its quotes, opens a quote in its document. Text goes in as text nodes, never as HTML.
import * as feedback from "/assets/feedback.js";

const at = (id) => document.getElementById(id);
const make = (name, text = "") => Object.assign(document.createElement(name), { textContent: text });

// Of the set-up link that `attune serve` printed; taken out of the address bar at once.
let setUp = new URLSearchParams(location.hash.slice(1)).get("setup");
if (setUp) history.replaceState(null, "", "/");
let csrf = "";
let conversation = "new";
let asking = new AbortController();

function say(message, isError = false) {
  at("status").textContent = message;
  at("status").classList.toggle("error", isError);
}

// The browser sends the session's cookie by itself; no script can read it.
async function send(method, path, body, more = {}) {
  const response = await fetch(path, {
    method,
    headers: { "X-CSRF-Token": csrf, ...(body && { "Content-Type": "application/json" }), ...more.headers },
    body: body && JSON.stringify(body),
    signal: more.signal,
  });
  if (response.ok) return response;
  const problem = await response.json();
  throw Object.assign(new Error(problem.detail), { status: response.status });
}

function show(session) {
  csrf = session?.csrf_token ?? "";
  at("who").hidden = at("ask").hidden = !session;
  at("sign-in").hidden = Boolean(session);
  at("name").textContent = session?.user.display_name ?? "";
  if (!session) at("answer").hidden = at("anew").hidden = true;
  at(session ? "question" : "user").focus();
}

async function begin() {
  try {
    show(await (await send("GET", "/v1/session")).json());
    return;
  } catch (error) {
    show(null);
    if (error.status !== 401) say(error.message, true);
  }
  const provider = await (await send("GET", "/v1/oidc")).json();
  at("provider").hidden = !provider.enabled;
  at("provider").textContent = `Sign in with ${provider.name}`;
  const { needed } = await (await send("GET", "/v1/setup")).json();
  if (!needed) setUp = null;
  if (setUp) {
    at("sign-in-title").textContent = "Make the first administrator";
    at("sign-in-button").textContent = "Make administrator";
    at("password").autocomplete = "new-password";
    at("password").minLength = 12;
    say("Choose a name, and a password of 12 characters or more.");
  } else if (needed) {
    say("There is no administrator yet: open the link that attune serve printed.");
  }
}

// A name may hold a percent sign that begins nothing.
function readable(uri) {
  try { return decodeURI(uri); } catch { return uri; }
}

// The events of an answer as they come: [name, data] each.
async function* events(question) {
  const asked = { question, conversation_id: conversation };
  const response = await send("POST", "/v1/answers", asked, {
    headers: { Accept: "text/event-stream" },
    signal: asking.signal,
  });
  let pending = "";
  for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
    const whole = (pending + piece).split("\n\n");
    pending = whole.pop();
    for (const event of whole) {
      const fields = Object.fromEntries(event.split("\n").map((line) => line.split(/: (.*)/s)));
      if (fields.event) yield [fields.event, JSON.parse(fields.data)];
    }
  }
}

function place(citation) {
  const names = [...new Set([citation.title, ...citation.section])].join(" › ");
  return citation.page ? `${names}, page ${citation.page}` : names;
}

const DOUBTS = { partly: "Partly borne out by its source", unsupported: "Not borne out by its source" };

function withMarks(text, body) {
  return text.split(/(\[\d+\])/).filter(Boolean).map((part) => {
    const citation = body.citations.find((c) => `[${c.number}]` === part);
    if (!citation) return part;
    const mark = make("button", String(citation.number));
    mark.setAttribute("aria-label", `Open source ${citation.number}`);
    mark.onclick = () => open(citation);
    return mark;
  });
}

// Each sentence by its verdict; offsets count code points, a string here counts UTF-16 units.
function showWords(body) {
  const points = Array.from(body.answer);
  const between = (start, end) => points.slice(start, end).join("");
  const parts = [];
  let told = 0;
  for (const sentence of body.sentences) {
    parts.push(...withMarks(between(told, sentence.start), body));
    told = sentence.end;
    const words = withMarks(between(sentence.start, sentence.end), body);
    if (!DOUBTS[sentence.verdict]) { parts.push(...words); continue; }
    const doubted = make("span");
    doubted.className = sentence.verdict;
    doubted.title = [DOUBTS[sentence.verdict], ...sentence.missing].join(": ");
    doubted.append(...words, Object.assign(make("small", ` (${DOUBTS[sentence.verdict].toLowerCase()})`)));
    parts.push(doubted);
  }
  at("words").replaceChildren(...parts, ...withMarks(between(told), body));
}

function showAnswer(body) {
  showWords(body);
  const sources = body.abstained ? body.nearest : body.citations;
  at("sources-title").textContent = body.abstained ? "The closest passages" : "Sources";
  at("sources-title").hidden = sources.length === 0;
  at("sources").replaceChildren(...sources.map((citation) => {
    const item = make("li");
    const title = make("button", `${citation.number}. ${place(citation)}`);
    title.onclick = () => open(citation);
    if (citation.suspect) title.append(make("small", " (parts of this passage speak to a language model)"));
    if (citation.masked) title.append(make("small", " (secrets or personal data in this quote are replaced by marks)"));
    item.append(title, make("blockquote", citation.quote), feedback.judge(citation));
    return item;
  }));
  at("answer").hidden = false;
  feedback.about(body);
  conversation = body.conversation_id;
  at("anew").hidden = false;
  say(body.degraded ? "The language model did not answer; these are the documents' own words." : "");
}

async function open(citation) {
  try {
    const path = `/v1/documents/${citation.document_id}?revision=${citation.revision_id}`;
    const found = await (await send("GET", path)).json();
    const letters = found.text;
    at("source-title").textContent = place(citation);
    at("source-uri").textContent = readable(found.uri);
    // Offsets count code points; a string here counts UTF-16 units.
    const points = Array.from(letters);
    const mark = make("mark", points.slice(citation.start, citation.end).join(""));
    at("source-text").replaceChildren(
      points.slice(0, citation.start).join(""), mark, points.slice(citation.end).join(""));
    at("source").showModal();
    feedback.opened(citation);
    mark.scrollIntoView({ block: "center" });
  } catch (error) {
    say(error.message, true);
  }
}

at("sign-in").onsubmit = async (event) => {
  event.preventDefault();
  const given = { name: at("user").value, password: at("password").value };
  try {
    const path = setUp ? "/v1/setup" : "/v1/session";
    show(await (await send("POST", path, setUp ? { ...given, token: setUp } : given)).json());
    setUp = null;
    at("sign-in").reset();
    say("");
  } catch (error) {
    say(error.message, true);
  }
};

at("sign-out").onclick = async () => {
  asking.abort();
  try {
    await send("DELETE", "/v1/session");
  } catch (error) {
    if (error.status !== 401) { say(error.message, true); return; }
  }
  location.reload();
};

async function follow(question) {
  for await (const [name, data] of events(question)) {
    if (name === "retrieval") {
      at("words").replaceChildren();
      at("sources").replaceChildren();
      at("sources-title").hidden = at("feedback").hidden = true;
      say("Reading …");
    } else if (name === "token") {
      at("answer").hidden = false;
      at("words").append(data.text);
    } else if (name === "error") {
      at("words").replaceChildren();
      if (!data.recoverable) throw new Error(data.detail);
    } else if (name === "done") {
      showAnswer(data);
    }
  }
}

at("ask").onsubmit = async (event) => {
  event.preventDefault();
  asking.abort();
  asking = new AbortController();
  const mine = asking;
  at("stop").hidden = false;
  say("Searching …");
  try {
    await follow(at("question").value);
  } catch (error) {
    if (mine.signal.aborted) { if (mine === asking) say("Stopped."); return; }
    at("answer").hidden = true;
    if (error.status === 401) show(null);
    say(error.message, true);
  } finally {
    if (mine === asking) at("stop").hidden = true;
  }
};

at("stop").onclick = () => asking.abort();

at("anew").onclick = () => {
  conversation = "new";
  at("answer").hidden = true;
  at("anew").hidden = true;
  at("question").value = "";
  at("question").focus();
  say("");
};

feedback.begin(send, say);
begin();
