"use strict";
(() => {
  const one = (selector, from = document) => from.querySelector(selector);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  for (const part of all(".scripted")) part.hidden = false;

  // ---- light and dark ----
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const theme = one("#theme");
  // Pages from files may be refused a store.
  const store = (value) => {
    try {
      if (value) localStorage.setItem("hardwire-theme", value);
      return localStorage.getItem("hardwire-theme");
    } catch {
      return null;
    }
  };
  const isDark = () => (root.dataset.theme || (dark.matches ? "dark" : "light")) === "dark";
  const label = () => { theme.textContent = isDark() ? "Light" : "Dark"; };
  const kept = store();
  if (kept === "dark" || kept === "light") root.dataset.theme = kept;
  theme.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    store(root.dataset.theme);
    label();
  });
  dark.addEventListener("change", label);
  label();

  // ---- the table: order ----
  const table = one("#ranked");
  const rows = all("tbody tr", table);
  const heads = all("thead th", table);
  const key = (row, column, kind) => {
    const cell = row.cells[column];
    return kind === "number" ? Number(cell.dataset.value) : cell.textContent.trim();
  };
  const sort = (column, head) => {
    const kind = head.dataset.sort;
    const first = kind === "number" && column > 0 ? "descending" : "ascending";
    const other = first === "ascending" ? "descending" : "ascending";
    const order = head.getAttribute("aria-sort") === first ? other : first;
    for (const h of heads) h.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", order);
    const sign = order === "ascending" ? 1 : -1;
    const compare = (a, b) => kind === "number" ? a - b : a.localeCompare(b, undefined, { numeric: true });
    const sorted = rows
      .map((row) => [key(row, column, kind), row])
      .sort(([a, x], [b, y]) => sign * compare(a, b) || x.cells[0].dataset.value - y.cells[0].dataset.value);
    one("tbody", table).append(...sorted.map(([, row]) => row));
  };
  heads.forEach((head, column) => {
    if (!head.dataset.sort) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(column, head));
    head.append(button);
  });

  // ---- the table: search ----
  const filter = one("#filter");
  const state = one("#state");
  const loops = new Map(all("details.loop").map((loop) => [loop.dataset.loop, loop]));
  const texts = new Map();
  const text = (row) => {
    const id = row.dataset.loop;
    if (!texts.has(id)) {
      const source = all(".source .code > code", loops.get(id)).map((code) => code.textContent);
      texts.set(id, [row.textContent, one("a", row).title, ...source].join("\n").toLowerCase());
    }
    return texts.get(id);
  };
  const search = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = new Set();
    for (const row of rows) {
      const fits = (!state.value || row.dataset.state === state.value) && words.every((word) => text(row).includes(word));
      row.hidden = !fits;
      if (fits) shown.add(row.dataset.loop);
    }
    for (const [id, loop] of loops) loop.hidden = !shown.has(id);
    for (const item of all("#findings li")) item.hidden = !shown.has(item.dataset.loop);
    one("#shown").textContent = shown.size === rows.length ? `${rows.length}` : `${shown.size} of ${rows.length}`;
    one("#none").hidden = shown.size > 0;
  };
  filter.addEventListener("input", search);
  state.addEventListener("change", search);
  one(".filters").addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, select, textarea");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      filter.focus();
      filter.scrollIntoView({ block: "center" });
    } else if (event.key === "Escape" && event.target === filter) {
      filter.value = "";
      search();
    }
  });

  // ---- traces and machine code: marked up when they are first seen ----
  const tooLong = 400_000;
  const pattern = /(;.*)|(%\d+)|(?<==\s|^\s+(?:\d+\s+)?)([a-z_][a-z_0-9]*)/g;
  const line = (text) => {
    const row = document.createElement("span");
    let end = 0;
    for (const found of text.matchAll(pattern)) {
      row.append(text.slice(end, found.index));
      const piece = document.createElement("span");
      piece.textContent = found[0];
      const isGuard = found[3] && /^(guard|check|unbox_u?int|i\w+_ovf|leave|branch)/.test(found[3]);
      piece.className = found[1] ? "comment" : found[2] ? "value" : isGuard ? "guard" : "op";
      row.append(piece);
      end = found.index + found[0].length;
    }
    row.append(text.slice(end), "\n");
    return row;
  };
  const markUp = (pre) => {
    if (pre.dataset.done) return;
    pre.dataset.done = "yes";
    const text = pre.textContent;
    if (text.length > tooLong) return;
    const lines = text.replace(/\n$/, "").split("\n").map((text) => {
      const row = line(text);
      const number = /\s; (\d+)(?:,|$)/.exec(text);
      if (number) row.dataset.inst = number[1];
      return row;
    });
    pre.replaceChildren(...lines);
  };
  document.addEventListener("toggle", (event) => {
    if (event.target.open) for (const pre of all(":scope > pre.ir, :scope > .fold pre.ir", event.target)) markUp(pre);
  }, true);
  document.addEventListener("click", (event) => {
    const value = event.target.closest?.(".ir .value");
    if (!value) return;
    const pre = value.closest("pre");
    const on = !value.classList.contains("hit");
    for (const hit of all(".hit", pre)) hit.classList.remove("hit");
    if (on) for (const other of all(".value", pre)) if (other.textContent === value.textContent) other.classList.add("hit");
  });

  // ---- links open what they lead into ----
  const reveal = (target) => {
    for (let fold = target.closest("details"); fold; fold = fold.parentElement.closest("details")) {
      fold.hidden = false;
      fold.open = true;
    }
  };
  const go = (hash) => {
    const target = hash.length > 1 && document.getElementById(decodeURIComponent(hash.slice(1)));
    if (!target) return false;
    reveal(target);
    target.scrollIntoView({ block: target.matches("li, span") ? "center" : "start" });
    return true;
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href^='#']");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const hash = link.getAttribute("href");
    // A line that the page does not show: the loop, then.
    const found = go(hash) || (link.dataset.open && go(`#${link.dataset.open}`));
    if (!found) return;
    event.preventDefault();
    if (link.dataset.inst !== undefined) {
      const pre = document.getElementById(hash.slice(1));
      markUp(pre);
      const row = one(`[data-inst="${link.dataset.inst}"]`, pre);
      for (const at of all(".at", pre)) at.classList.remove("at");
      row?.classList.add("at");
      row?.scrollIntoView({ block: "center" });
    } else {
      history.replaceState(null, "", hash);
      // The mark of the target follows the address only where that is set.
      location.hash = hash;
    }
  });
  addEventListener("hashchange", () => go(location.hash));
  if (location.hash) go(location.hash);
})();
