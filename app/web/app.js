// Asks, shows the answer with its quotes, opens a quote in its document. Text goes in as text nodes, never as HTML.
const at = (id) => document.getElementById(id);
const make = (name, text = "") => Object.assign(document.createElement(name), { textContent: text });

let token = sessionStorage.getItem("token") ?? "";

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

function place(citation) {
  const names = [...new Set([citation.title, ...citation.section])].join(" › ");
  return citation.page ? `${names}, page ${citation.page}` : names;
}

function showWords(body) {
  at("words").replaceChildren();
  for (const paragraph of body.answer.split("\n\n")) {
    const line = make("p");
    for (const part of paragraph.split(/(\[\d+\])/)) {
      const citation = body.citations.find((c) => `[${c.number}]` === part);
      if (!citation) { line.append(part); continue; }
      const mark = make("button", String(citation.number));
      mark.setAttribute("aria-label", `Open source ${citation.number}`);
      mark.onclick = () => open(citation);
      line.append(mark);
    }
    at("words").append(line);
  }
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
    item.append(title, make("blockquote", citation.quote));
    return item;
  }));
  at("answer").hidden = false;
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

at("ask").onsubmit = async (event) => {
  event.preventDefault();
  const button = at("ask").querySelector("button");
  button.disabled = true;
  say("Searching …");
  try {
    showAnswer(await call("/v1/answers", { question: at("question").value }));
  } catch (error) {
    at("answer").hidden = true;
    say(error.message, true);
    if (error.message.startsWith("This token")) at("sign-out").click();
    say(error.message, true);
  } finally {
    button.disabled = false;
  }
};

showSignedIn();
at("question").focus();
