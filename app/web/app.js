// Asks, shows the answer with its quotes, opens a quote in its document. Text goes in as text nodes, never as HTML.
const at = (id) => document.getElementById(id);
const make = (name, text = "") => Object.assign(document.createElement(name), { textContent: text });

let token = sessionStorage.getItem("token") ?? "";
let conversation = "new";
let asking = new AbortController();

function showSignedIn() {
  at("sign-in").hidden = token !== "";
  at("sign-out").hidden = token === "";
}

function say(message, isError = false) {
  at("status").textContent = message;
  at("status").classList.toggle("error", isError);
}

async function call(path, body) {
  const response = await fetch(path, {
    method: body ? "POST" : "GET",
    headers: { Authorization: `Bearer ${token}`, ...(body && { "Content-Type": "application/json" }) },
    body: body && JSON.stringify(body),
  });
  const found = await response.json();
  if (!response.ok) throw new Error(response.status === 401 ? "This token is not valid." : found.detail);
  return found;
}

// The events of an answer as they come: [name, data] each.
async function* events(question) {
  const response = await fetch("/v1/answers", {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json", Accept: "text/event-stream" },
    body: JSON.stringify({ question, conversation_id: conversation }),
    signal: asking.signal,
  });
  if (!response.ok) {
    const problem = await response.json();
    throw new Error(response.status === 401 ? "This token is not valid." : problem.detail);
  }
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
    item.append(title, make("blockquote", citation.quote));
    return item;
  }));
  at("answer").hidden = false;
  conversation = body.conversation_id;
  at("anew").hidden = false;
  say(body.degraded ? "The language model did not answer; these are the documents' own words." : "");
}

async function open(citation) {
  try {
    const found = await call(`/v1/documents/${citation.document_id}?revision=${citation.revision_id}`);
    const letters = found.text;
    at("source-title").textContent = place(citation);
    at("source-uri").textContent = decodeURI(found.uri);
    // Offsets count code points; a string here counts UTF-16 units.
    const points = Array.from(letters);
    const mark = make("mark", points.slice(citation.start, citation.end).join(""));
    at("source-text").replaceChildren(
      points.slice(0, citation.start).join(""), mark, points.slice(citation.end).join(""));
    at("source").showModal();
    mark.scrollIntoView({ block: "center" });
  } catch (error) {
    say(error.message, true);
  }
}

at("sign-in").onsubmit = (event) => {
  event.preventDefault();
  token = at("token").value.trim();
  sessionStorage.setItem("token", token);
  showSignedIn();
  say("");
};

at("sign-out").onclick = () => {
  token = "";
  sessionStorage.removeItem("token");
  at("answer").hidden = true;
  showSignedIn();
};

async function follow(question) {
  for await (const [name, data] of events(question)) {
    if (name === "retrieval") {
      at("words").replaceChildren();
      at("sources").replaceChildren();
      at("sources-title").hidden = true;
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
    if (error.message.startsWith("This token")) at("sign-out").click();
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

showSignedIn();
at("question").focus();
