"use strict";
(() => {
  const { tokens, settings } = JSON.parse(document.getElementById("data").textContent);
  const about = document.getElementById("about");
  const percent = (p) => p >= 0.9995 ? "100 %" : p >= 0.0001 ? (100 * p).toFixed(2) + " %" : p > 0 ? (100 * p).toExponential(0) + " %" : "0 %";
  const add = (parent, name, text, kind) => {
    const it = document.createElement(name);
    if (text !== undefined) it.textContent = text;
    if (kind) it.className = kind;
    parent.append(it);
    return it;
  };
  const one = (token) => {
    const [text, id, origin, p, rank, bits, entropy, after, kept, die, candidates, set] = token;
    if (origin !== "drawn") {
      add(about, "p", `"${text}" (token ${id}) was ${origin === "chosen" ? "chosen" : "written"} by a person.`);
      return;
    }
    const how = entropy === null ? "" : `, entropy of its place ${entropy.toFixed(2)} bits`;
    add(about, "p", `"${text}" (token ${id}): ${percent(p)} by the model, rank ${rank}, surprise ${bits.toFixed(2)} bits${how}.`);
    add(about, "p", `The samplers left ${kept} token${kept === 1 ? "" : "s"}; of those it had ${percent(after)}. The die was ${die}.`);
    if (set !== null) add(about, "p", settings[set], "settings");
    if (candidates.length === 0) return;
    const table = add(about, "table");
    const head = add(table, "tr");
    for (const it of ["candidate", "by the model", "after the samplers"]) add(head, "th", it);
    for (const [word, model, left] of candidates) {
      const row = add(table, "tr");
      add(row, "td", `"${word}"`);
      add(row, "td", percent(model), "n");
      add(row, "td", left === null ? "cut" : percent(left), "n");
    }
  };
  const show = (event) => {
    const piece = event.target.closest("[data-t]");
    if (!piece) return;
    about.replaceChildren();
    tokens[piece.dataset.t].forEach(one);
  };
  document.addEventListener("mouseover", show);
  document.addEventListener("focusin", show);
  document.addEventListener("keydown", (event) => {
    const way = { ArrowRight: "nextElementSibling", ArrowLeft: "previousElementSibling" }[event.key];
    const piece = document.activeElement.closest("[data-t]");
    const next = way && piece && piece[way];
    if (next) {
      next.focus();
      event.preventDefault();
    }
    if (event.key === "Escape") about.replaceChildren();
  });
})();
