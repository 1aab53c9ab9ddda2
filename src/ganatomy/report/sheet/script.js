// Comfort only: the page says all it has to say without this.
(() => {
  "use strict";
  const root = document.documentElement;
  const made = (tag, text, kind) => {
    const it = document.createElement(tag);
    if (text) it.textContent = text;
    if (kind) it.className = kind;
    if (tag === "button") it.type = "button";
    return it;
  };
  const tools = document.getElementById("tools");

  // Light or dark: what the system says until somebody says otherwise.
  const dark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const theme = made("button");
  const named = () => { theme.textContent = dark() ? "Light page" : "Dark page"; };
  try { const kept = localStorage.getItem("ganatomy-theme"); if (kept === "light" || kept === "dark") root.dataset.theme = kept; } catch { /* no memory */ }
  theme.addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    try { localStorage.setItem("ganatomy-theme", root.dataset.theme); } catch { /* no memory */ }
    named();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", named);
  named();
  tools.append(theme);

  // All folded parts at once, and for print.
  const folded = [...document.querySelectorAll("details")];
  if (folded.length) {
    const all = made("button", "Open all folded parts");
    all.addEventListener("click", () => {
      const open = folded.some((each) => !each.open);
      for (const each of folded) each.open = open;
      all.textContent = open ? "Close all folded parts" : "Open all folded parts";
    });
    tools.append(all);
    let shut = [];
    addEventListener("beforeprint", () => { shut = folded.filter((each) => !each.open); for (const each of shut) each.open = true; });
    addEventListener("afterprint", () => { for (const each of shut) each.open = false; });
  }

  // A figure alone on the screen.
  const box = made("dialog");
  box.setAttribute("aria-label", "Figure");
  const close = made("button", "Close", "close");
  const stage = made("div", "", "stage");
  stage.tabIndex = 0;
  stage.setAttribute("role", "region");
  stage.setAttribute("aria-label", "The figure at full size");
  const said = made("p");
  let from = null;
  close.addEventListener("click", () => box.close());
  box.append(close, stage, said);
  box.addEventListener("click", (event) => { if (event.target === box) box.close(); });
  box.addEventListener("close", () => { stage.replaceChildren(); if (from) from.focus(); });
  document.body.append(box);
  for (const image of document.querySelectorAll(".paper img")) {
    const opener = made("button", "", "opener");
    opener.setAttribute("aria-label", "Enlarge figure: " + image.dataset.name);
    image.replaceWith(opener);
    opener.append(image);
    opener.addEventListener("click", () => {
      const large = image.cloneNode();
      large.loading = "eager";
      stage.replaceChildren(large);
      const caption = opener.closest("figure").querySelector("figcaption");
      said.textContent = caption ? caption.textContent : image.alt;
      from = opener;
      box.showModal();
      close.focus();
    });
  }

  // What does not overflow needs no stop of the tab key, and what holds a button has one already.
  const boxes = [...document.querySelectorAll(".scroll")].map((box) => [box, box.getAttribute("aria-label")]);
  const stops = () => {
    const over = boxes.map(([box]) => box.scrollWidth > box.clientWidth);
    for (const [at, [box, label]] of boxes.entries()) {
      const wanted = { tabindex: "0", role: "region", "aria-label": label };
      for (const name of Object.keys(wanted)) {
        if (over[at]) box.setAttribute(name, wanted[name]); else box.removeAttribute(name);
      }
    }
  };
  stops();
  addEventListener("resize", stops);
  for (const each of folded) each.addEventListener("toggle", stops);
  for (const paper of document.querySelectorAll(".paper[tabindex]")) paper.removeAttribute("tabindex");

  // Commands to the clipboard.
  const status = made("p", "", "hidden");
  status.setAttribute("role", "status");
  document.body.append(status);
  for (const code of document.querySelectorAll("code.command")) {
    const copy = made("button", "Copy", "copy");
    copy.setAttribute("aria-label", "Copy: " + code.textContent);
    copy.addEventListener("click", async () => {
      let done = true;
      try { await navigator.clipboard.writeText(code.textContent); } catch {
        const picked = document.createRange();
        picked.selectNodeContents(code);
        getSelection().removeAllRanges();
        getSelection().addRange(picked);
        done = false;
      }
      copy.textContent = done ? "Copied" : "Selected";
      status.textContent = copy.textContent;
      setTimeout(() => { copy.textContent = "Copy"; status.textContent = ""; }, 2000);
    });
    code.after(copy);
  }

  // Rows in the order of a column; numbers by size, whatever is no number last.
  for (const table of document.querySelectorAll("table.claims")) {
    const body = table.tBodies[0];
    if (body.rows.length < 6) continue;
    for (const head of table.querySelectorAll("thead th")) {
      const at = head.cellIndex;
      const cells = [...body.rows].map((row) => row.cells[at]);
      const numeric = cells.some((cell) => cell.hasAttribute("data-sort"));
      if (!numeric && head.classList.contains("number")) continue;
      const sort = made("button", head.textContent, "sort");
      head.replaceChildren(sort);
      sort.addEventListener("click", () => {
        const up = head.getAttribute("aria-sort") !== "ascending";
        for (const other of table.querySelectorAll("thead th")) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        const key = (row) => numeric ? size(row.cells[at].dataset.sort) : row.cells[at].textContent;
        const order = [...body.rows].sort((one, two) => compare(key(one), key(two), up));
        body.append(...order);
      });
    }
  }
  function size(text) {
    return text === "inf" ? Infinity : text === "-inf" ? -Infinity : Number.parseFloat(text);
  }
  function compare(one, two, up) {
    if (typeof one === "string") return up ? one.localeCompare(two) : two.localeCompare(one);
    if (Number.isNaN(one) || Number.isNaN(two)) return Number.isNaN(one) - Number.isNaN(two);
    return one === two ? 0 : (one < two) === up ? -1 : 1;
  }
})();
