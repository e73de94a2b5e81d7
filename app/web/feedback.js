// What readers say about an answer, and which of its sources they read. Saying something again replaces it whole.
const at = (id) => document.getElementById(id);
const make = (name, text = "") => Object.assign(document.createElement(name), { textContent: text });

const REASONS = {
  wrong_source: "Wrong source", wrong_answer: "Wrong answer", incomplete: "Incomplete",
  outdated: "Outdated", unclear: "Unclear", not_answered: "Not answered",
};
const COPIED_AT_LEAST = 1;

let send;
let tell;
let interaction = "";
let said = {};
let reading = null;

function nothing() {
  return { verdict: null, reasons: [], answer: null, right_chunks: [], wrong_chunks: [] };
}

// Of two that are sent at once the later has to be the last to arrive.
let sending = Promise.resolve();

function give(change) {
  Object.assign(said, change);
  show();
  const { answer, verdict, ...rest } = said;
  const body = { ...rest, ...(answer && { answer }), ...(verdict && { verdict }) };
  const empty = !answer && !verdict && !said.reasons.length && !said.right_chunks.length && !said.wrong_chunks.length;
  if (empty) return;
  const about = interaction;
  sending = sending.then(async () => {
    try {
      await send("POST", `/v1/answers/${about}/feedback`, body);
      if (about === interaction) tell("Thank you. Your feedback is kept.");
    } catch (error) {
      if (about === interaction) tell(error.message, true);
    }
  });
}

function show() {
  for (const [id, verdict] of [["right", "up"], ["wrong", "down"]]) {
    at(id).setAttribute("aria-pressed", String(said.verdict === verdict));
  }
  at("why").hidden = said.verdict !== "down";
  for (const button of at("reasons").children) {
    button.setAttribute("aria-pressed", String(said.reasons.includes(button.value)));
  }
  for (const button of document.querySelectorAll("#sources .judge button")) {
    button.setAttribute("aria-pressed", String(said[button.name].includes(button.value)));
  }
}

function toggled(list, value) {
  return list.includes(value) ? list.filter((one) => one !== value) : [...list, value];
}

// Two buttons under a source: that it is the right one, or that it is not.
export function judge(citation) {
  const line = make("p");
  line.className = "judge";
  for (const [name, other, words] of [
    ["right_chunks", "wrong_chunks", "Right source"], ["wrong_chunks", "right_chunks", "Wrong source"],
  ]) {
    const button = Object.assign(make("button", words), { type: "button", name, value: citation.chunk_id });
    button.setAttribute("aria-pressed", "false");
    button.onclick = () => give({
      [name]: toggled(said[name], citation.chunk_id),
      [other]: said[other].filter((one) => one !== citation.chunk_id),
    });
    line.append(button);
  }
  return line;
}

export function about(body) {
  interaction = body.interaction_id;
  said = nothing();
  at("correction").value = "";
  at("feedback").hidden = false;
  show();
}

export function opened(citation) {
  reading = { interaction, chunk_id: citation.chunk_id, since: performance.now() };
}

async function note(kind, seconds) {
  if (!reading) return;
  try {
    await send("POST", `/v1/answers/${reading.interaction}/readings`, { chunk_id: reading.chunk_id, kind, seconds });
  } catch {
    // A reader is not told that their reading could not be counted.
  }
}

export function begin(sending_, telling) {
  send = sending_;
  tell = telling;
  at("right").onclick = () => give({ verdict: said.verdict === "up" ? null : "up", reasons: [] });
  at("wrong").onclick = () => give({ verdict: said.verdict === "down" ? null : "down" });
  at("reasons").replaceChildren(...Object.entries(REASONS).map(([value, words]) => {
    const button = Object.assign(make("button", words), { type: "button", value });
    button.onclick = () => give({ reasons: toggled(said.reasons, value) });
    return button;
  }));
  at("why").onsubmit = (event) => {
    event.preventDefault();
    give({ answer: at("correction").value.trim() || null });
  };
  at("source").addEventListener("close", () => {
    if (reading) note("opened", (performance.now() - reading.since) / 1000);
    reading = null;
  });
  at("source-text").addEventListener("copy", () => {
    if (String(getSelection()).length >= COPIED_AT_LEAST) note("copied", 0);
  });
}
