// What a script adds to the page, which works without it: an upload with progress to one server or to both, their
// receipts side by side, the refusal of what is too large before it is sent, and the events.
"use strict";

const { texts, servers, limit, tooMuch } = JSON.parse(document.currentScript.dataset.shared);
const at = (id) => document.getElementById(id);
const fill = (text, ...values) => values.reduce((filled, value) => filled.replace("{}", value), text);

function size(bytes) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  for (; unit < units.length - 1 && bytes >= (unit ? 999.95 : 1000); unit += 1) bytes /= 1000;
  return `${String(Number(bytes.toFixed(1))).replace(".", texts.decimal)} ${units[unit]}`;
}

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

for (const part of document.querySelectorAll(".scripted")) part.hidden = false;

// --- the form ---

const input = at("files");
const drop = input.closest(".drop");

function showChosen() {
  const rows = [...input.files].map((file) =>
    element("li", {}, element("span", {}, file.name), element("span", {}, size(file.size))));
  at("chosen").replaceChildren(...rows);
  at("chosen").hidden = rows.length === 0;
  at("drop-text").textContent = rows.length ? fill(texts.chosen, rows.length) : texts.drop;
}

input.addEventListener("change", showChosen);
window.addEventListener("pageshow", showChosen); // after going back the browser has chosen the same files again
for (const name of ["dragenter", "dragover"]) drop.addEventListener(name, () => drop.classList.add("over"));
for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.classList.remove("over"));
// the input takes what is dropped on it by itself; what misses it by a hair must not replace the page
for (const name of ["dragover", "drop"]) window.addEventListener(name, (event) => {
  if (event.target !== input) event.preventDefault();
});

if (Object.keys(servers).length > 1) at("actions").prepend(element("button", { className: "main" }, texts.both));

at("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const chosen = event.submitter?.value;
  offer(at("receipts"), new FormData(at("form")), chosen ? [chosen] : Object.keys(servers));
});

at("too-much").addEventListener("click", () => {
  const form = new FormData();
  form.append("files", new Blob(Array(tooMuch / 1e6).fill(new Uint8Array(1e6))), "zeros.bin");
  offer(at("refusals"), form, Object.keys(servers));
});

// --- sending ---

let busy = false;

// Send the form, unless its files are larger than the servers accept: then offer to send it anyway.
function offer(place, form, protocols) {
  if (busy) return;
  const failed = place.querySelector(".failed");
  const total = form.getAll("files").reduce((sum, file) => sum + file.size, 0);
  place.hidden = false;
  if (total <= limit) { send(place, form, protocols); return; }
  const anyway = element("button", { type: "button" }, texts.anyway);
  anyway.addEventListener("click", () => { if (!busy) send(place, form, protocols); });
  failed.replaceChildren(fill(texts.refused, size(total), size(limit)), anyway);
  anyway.focus();
}

// One server after the other, so that none slows the other down. The form is written once: both get the same bytes.
async function send(place, form, protocols) {
  busy = true;
  const [failed, progress] = [".failed", ".progress"].map((name) => place.querySelector(name));
  failed.replaceChildren();
  progress.hidden = false;
  place.scrollIntoView({ block: "nearest" });
  try {
    const whole = new Response(form);
    const [type, body] = [whole.headers.get("Content-Type"), await whole.blob()];
    for (const protocol of protocols) {
      answers[place.id][protocol] = await post(body, type, protocol, progress);
      show(place);
    }
  } catch (reason) { // the server that does not answer, null if the user has cancelled it, or an error of the browser
    if (reason instanceof Error) failed.textContent = texts.unreadable;
    else if (reason) {
      failed.textContent = fill(texts.lost, reason);
      delete answers[place.id][reason];
      show(place);
    }
  }
  progress.hidden = true;
  busy = false;
  place.scrollIntoView({ block: "nearest" });
}

// The answer of one server, and how long it took.
function post(body, type, protocol, progress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const [bar, step, figures] = ["progress", ".step", ".figures"].map((name) => progress.querySelector(name));
    const begun = performance.now();
    const passed = () => performance.now() - begun;
    let upload = null;

    request.upload.addEventListener("progress", ({ loaded, total }) => {
      bar.value = total ? loaded / total : 1;
      figures.textContent = `${size(loaded)} / ${size(total)}`;
    });
    request.upload.addEventListener("load", ({ total }) => {
      upload = `${time(passed())}, ${size(total / passed() * 1000)}/s`;
      bar.removeAttribute("value");
      step.textContent = fill(texts.received, protocol);
    });
    request.addEventListener("load", () => {
      const timing = /desc="(.*)";dur=(.*)/.exec(request.getResponseHeader("Server-Timing"));
      if (!timing) { reject(protocol); return; } // it is not the demo that has answered
      const [, server, handler] = timing;
      const answer = time(passed());
      resolve({ body: request.responseText, server, upload, handler: time(Number(handler)), answer });
    });
    request.addEventListener("error", () => reject(protocol));
    request.addEventListener("abort", () => reject(null));

    bar.value = 0;
    step.textContent = fill(texts.sending, protocol);
    figures.textContent = "";
    progress.querySelector(".cancel").onclick = () => request.abort();
    request.open("POST", `${servers[protocol]}/receipt?language=${texts.code}`);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("Content-Type", type);
    request.send(body);
  });
}

function time(milliseconds) {
  const [value, unit] = milliseconds < 1000 ? [milliseconds, "ms"] : [milliseconds / 1000, "s"];
  return `${value < 10 ? value.toFixed(1).replace(".", texts.decimal) : Math.round(value)} ${unit}`;
}

// --- the receipts ---

// The answers stay with this entry of the history: going back shows them again.
const answers = history.state ?? { receipts: {}, refusals: {} };

// The lines of a receipt, or of an error: names, values, and a language. pages.py has the same function for receipts.
function linesOn({ fields, files, status, title, detail, reason }) {
  if (status) return [[String(status), title], ["", detail], ["", reason, "en"]];
  const lines = [...fields];
  for (const { name, type, size: bytes, sha256 } of files) {
    lines.push([name, `${size(bytes)}, ${type}`], ["SHA-256", sha256]);
  }
  return lines.length ? lines : [["", texts.no_fields]];
}

// Lines as a list. Those that differ from the lines of the other receipt are marked.
function list(lines, others = lines) {
  return element("dl", {}, ...lines.map(([name, value, lang], number) => {
    const [otherName, otherValue] = others[number] ?? [];
    const text = value || texts.empty;
    const same = name === otherName && value === otherValue;
    const shown = same ? text : element("mark", {}, text);
    return element("div", {}, element("dt", {}, name), element("dd", lang ? { lang } : {}, shown));
  }));
}

function slip(protocol, mine, theirs = mine) {
  const made = element("article", { className: `slip ${protocol}` }, element("h4", {}, protocol));
  if (!mine) made.append(element("p", {}, texts.nothing));
  else made.append(
    list([[texts.server, mine.server]], [[texts.server, theirs.server]]),
    list(linesOn(JSON.parse(mine.body)), linesOn(JSON.parse(theirs.body))),
    list([[texts.upload, mine.upload ?? "–"], [texts.handler, mine.handler], [texts.answer, mine.answer]]),
  );
  return made;
}

// Show what the servers have answered, side by side.
function show(place) {
  const given = answers[place.id];
  const protocols = Object.keys(servers);
  const slips = protocols.map((protocol) =>
    slip(protocol, given[protocol], given[protocols.find((other) => other !== protocol)]));
  const [first, second] = protocols.map((protocol) => given[protocol]?.body);
  const both = first !== undefined && second !== undefined;
  const sign = element("p", { className: "sign", ariaHidden: "true" }, both ? (first === second ? "=" : "≠") : "");
  if (slips.length > 1) slips.splice(1, 0, sign);
  place.querySelector(".slips").replaceChildren(...slips);
  place.querySelector(".verdict").textContent =
    both ? fill(first === second ? texts.equal : texts.different, size(new Blob([first]).size)) : "";
  history.replaceState(answers, "");
}

for (const name of Object.keys(answers)) {
  at(name).hidden = name !== "receipts" && Object.keys(answers[name]).length === 0;
  show(at(name));
}

// --- the events ---

let sources = [];
let turns = 0; // so that the hands always go forward

function stopListening() {
  for (const source of sources) source.close();
  sources = [];
}

at("listen").addEventListener("click", () => {
  stopListening();
  const counts = {};
  const start = 360 * turns;
  turns += 1;
  at("streamed").textContent = "";
  for (const [protocol, origin] of Object.entries(servers)) {
    const dial = at(`dial-${protocol}`);
    const source = new EventSource(`${origin}/turn`);
    const end = (text) => {
      source.close();
      at("streamed").append(element("span", {}, text), " ");
    };
    source.addEventListener("message", ({ data, lastEventId }) => {
      counts[protocol] = (counts[protocol] ?? 0) + 1;
      dial.querySelector(".hand").setAttribute("transform", `rotate(${start + JSON.parse(data).angle} 50 50)`);
      dial.querySelector(".data").textContent = data;
      if (lastEventId === "12") end(fill(texts.streamed, counts[protocol], protocol)); // else it would begin again
    });
    source.addEventListener("error", () => end(fill(texts.lost, protocol)));
    sources.push(source);
  }
});
window.addEventListener("pagehide", stopListening); // a page with an open connection is not kept for going back
