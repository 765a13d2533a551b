// The client for Node and for Chromium. As a program of Node it reads one line of JSON for each row.

const content = size => Uint8Array.from({length: size}, (_, index) => index % 251);

function bodyOf(sent) {
  if (sent.form) return new URLSearchParams(sent.form);
  if (sent.file) {
    const form = new FormData();
    form.append("file", new Blob([content(sent.file[1])]), sent.file[0]);
    return form;
  }
  return sent.size ? content(sent.size) : undefined;
}

async function one(sent, first) {
  const seen = {status: 0, fields: {}, body: "", whole: true, late: false, error: ""};
  const leaving = new AbortController();
  const patience = setTimeout(() => {
    seen.late = true;
    leaving.abort();
  }, sent.seconds * 1000);
  try {
    const answer = await fetch(sent.url, {
      method: sent.method, headers: sent.fields, body: bodyOf(sent), cache: "no-store", redirect: "manual",
      signal: leaving.signal,
    });
    seen.status = answer.status;
    seen.fields = Object.fromEntries(answer.headers);
    const reader = answer.body?.getReader();
    for (let piece; reader && !(piece = await reader.read()).done;) {
      seen.body += String.fromCharCode(...piece.value);
      first();
      if (sent.leave) {
        leaving.abort();
        break;
      }
    }
  } catch (error) {
    seen.whole = false;
    seen.error = String(error.cause ?? error);
  }
  clearTimeout(patience);
  return seen;
}

async function exchange(all, first) {
  const seen = [];
  for (const sent of all) seen.push(await one(sent, first));
  return seen;
}

if (typeof process !== "undefined") {
  const say = value => process.stdout.write(JSON.stringify(value) + "\n");
  const lines = require("node:readline").createInterface({input: process.stdin});
  lines.on("line", async line => say(await exchange(JSON.parse(line), () => say("first"))));
}
