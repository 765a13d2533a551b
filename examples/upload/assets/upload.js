// What a script adds to the form, which works without it: the list of chosen files, and an upload with a progress bar.
"use strict";

const UNITS = ["B", "kB", "MB", "GB", "TB"];

function size(bytes, decimal) {
  let unit = 0;
  let value = bytes;
  while (unit < UNITS.length - 1 && value >= (unit ? 999.95 : 1000)) { value /= 1000; unit += 1; }
  return (unit ? value.toFixed(1).replace(".", decimal) : String(value)) + "\u00a0" + UNITS[unit];
}

function start() {
  const form = document.getElementById("form");
  if (!form) return;
  const at = (id) => document.getElementById(id);
  const { decimal, sending, received, chosen, failed } = form.dataset;
  const input = at("files");
  const drop = input.closest(".drop");
  const dropText = at("drop-text").textContent;

  input.addEventListener("change", () => {
    const rows = [...input.files].map((file) => {
      const row = document.createElement("li");
      const [name, bytes] = [document.createElement("span"), document.createElement("span")];
      name.textContent = file.name;
      bytes.textContent = size(file.size, decimal);
      row.append(name, bytes);
      return row;
    });
    at("chosen").replaceChildren(...rows);
    at("chosen").hidden = rows.length === 0;
    at("drop-text").textContent = rows.length ? chosen.replace("{}", rows.length) : dropText;
  });
  for (const name of ["dragenter", "dragover"]) drop.addEventListener(name, () => drop.classList.add("over"));
  for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.classList.remove("over"));
  // the input takes what is dropped on it by itself; what misses it by a hair must not replace the page
  for (const name of ["dragover", "drop"]) window.addEventListener(name, (event) => {
    if (event.target !== input) event.preventDefault();
  });

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const request = new XMLHttpRequest();
    const begun = performance.now();

    function end(problem) {
      at("progress").hidden = at("cancel").hidden = true;
      at("send").disabled = false;
      at("failed").textContent = problem;
      at("failed").hidden = !problem;
    }
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      const seconds = (performance.now() - begun) / 1000;
      at("bar").value = total ? loaded / total : 1;
      at("progress-figures").textContent =
        `${size(loaded, decimal)} / ${size(total, decimal)}` +
        (seconds > 0.5 ? ` \u00b7 ${size(Math.round(loaded / seconds), decimal)}/s` : "");
    });
    request.upload.addEventListener("load", () => {
      at("bar").removeAttribute("value");
      at("progress-text").textContent = received;
    });
    request.addEventListener("load", () => show(request.response, () => end(failed)));
    request.addEventListener("error", () => end(failed));
    request.addEventListener("abort", () => end(""));

    at("bar").value = 0;
    at("progress-text").textContent = sending;
    at("progress-figures").textContent = "";
    at("progress").hidden = at("cancel").hidden = at("failed").hidden = false;
    at("failed").hidden = true;
    at("send").disabled = true;
    at("cancel").onclick = () => request.abort();

    request.open("POST", form.action);
    request.setRequestHeader("Accept", "text/html");
    request.responseType = "document";
    request.send(new FormData(form));
  });
}

// The answer is a whole page, as without scripts: its parts take the places of ours, the focus goes to its heading.
function show(page, fail) {
  if (!page || !page.getElementById("main")) { fail(); return; }
  history.pushState(null, "", location.href);
  document.title = page.title;
  document.documentElement.lang = page.documentElement.lang;
  for (const part of ["header", "main", "footer"]) document.querySelector(part).replaceWith(page.querySelector(part));
  window.scrollTo(0, 0);
  document.querySelector("h1").focus();
}

window.addEventListener("popstate", () => location.reload());
start();
