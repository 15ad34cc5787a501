/* Everything works without this file; it makes things quicker. No dependencies, no build step, no HTML from strings. */
"use strict";

(() => {
  const root = document.documentElement;
  root.classList.add("js");
  const remembered = (() => { try { return localStorage.getItem("theme"); } catch { return null; } })();
  if (remembered) root.dataset.theme = remembered; // before the first paint

  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const one = (selector, within = document) => within.querySelector(selector);
  const isServed = "served" in root.dataset;

  function toggleTheme() {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    try { localStorage.setItem("theme", root.dataset.theme); } catch { /* a private window */ }
  }

  // A page of this server, parsed. Scripts in it do not run.
  async function fetched(address, options = {}) {
    const answer = await fetch(address, { credentials: "same-origin", ...options });
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  }

  // Long runs come without the bodies of their calls: each is fetched when it is unfolded.
  async function fill(call) {
    const place = one(":scope > [data-unfolded]", call);
    if (!place || "asked" in call.dataset) return;
    call.dataset.asked = "";
    try {
      const page = await fetched(call.dataset.body, { headers: { "X-Fragment": "1" } });
      place.replaceWith(...page.body.childNodes);
    } catch {
      delete call.dataset.asked; // the link to the page of the call is still there
    }
  }

  // Unfold the call that an address names, so that a link to a step shows all of it.
  function unfoldTarget() {
    let name;
    try { name = decodeURIComponent(location.hash.slice(1)); } catch { return; }
    const target = name && document.getElementById(name);
    if (!target) return;
    for (let fold = target.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    const call = one(":scope > .did > details", target);
    if (call) call.open = true;
  }

  function toggleCalls(button) {
    const calls = all(".ledger details.call");
    const open = calls.some((call) => !call.open);
    calls.forEach((call) => { call.open = open; });
    if (button) { button.textContent = open ? "Fold all" : "Unfold all"; button.setAttribute("aria-pressed", open); }
  }

  // A cursor that walks over whatever the page is a list of.
  let cursor = null;
  function walk(selector, by) {
    const stops = all(selector).filter((stop) => !stop.hidden && stop.offsetParent !== null);
    if (!stops.length) return;
    const here = stops.indexOf(cursor);
    const middle = stops.findIndex((stop) => stop.getBoundingClientRect().top > 70);
    const next = here >= 0 ? here + by : by > 0 ? Math.max(middle, 0) : middle - 1;
    move(stops[Math.min(Math.max(next, 0), stops.length - 1)]);
  }
  function setCursor(to) {
    cursor?.removeAttribute("data-cursor");
    cursor = to;
    cursor?.setAttribute("data-cursor", "");
  }
  function move(to) {
    if (!to) return;
    setCursor(to);
    (cursor.matches("tr, li") && one("a, summary", cursor) || cursor).focus({ preventScroll: true });
    cursor.scrollIntoView({ block: "nearest" });
  }

  // What stands in a newer part for an element of the old one: by its address where it has one, else by its place.
  function counterpart(element, old, made) {
    const alike = (within) => all(element.tagName, within);
    const addressOf = (some) => some.id || (some.matches("a") ? some : one("a", some))?.getAttribute("href");
    const address = addressOf(element);
    return address ? alike(made).find((other) => addressOf(other) === address) : alike(made)[alike(old).indexOf(element)];
  }

  // The parts of a page that are told apart by data-refresh take the place of those that are there. The cursor and
  // the focus of who reads stay where they are.
  function refresh(page) {
    for (const part of all("[data-refresh]", page)) {
      const old = one(`[data-refresh="${part.dataset.refresh}"]`);
      if (!old || old.innerHTML === part.innerHTML) continue;
      const made = document.importNode(part, true), folds = all("details", old);
      const [marked, focused] = [cursor, document.activeElement].map((here) =>
        old.contains(here) && here !== old ? counterpart(here, old, made) || null : undefined);
      all("details", made).forEach((fold, at) => { if (folds[at]) fold.open = folds[at].open; });
      old.replaceWith(made);
      if (marked !== undefined) setCursor(marked);
      focused?.focus({ preventScroll: true });
    }
  }

  function queryOf(form) {
    const wanted = [...new FormData(form)].filter(([, value]) => value);
    return new URLSearchParams(wanted).toString();
  }

  function setFilters(form, query) {
    for (const field of form.elements) if (field.name) field.value = "";
    new URLSearchParams(query).forEach((value, name) => {
      const field = one(`[name="${CSS.escape(name)}"]`, form);
      if (!field) return;
      if (field.tagName === "SELECT" && ![...field.options].some((option) => option.value === value)) field.add(new Option(value));
      field.value = value;
    });
  }

  function markFilters(form) {
    all("select, input", form).forEach((field) => field.classList.toggle("on", Boolean(field.value)));
  }

  // Filters of a served table: the server has the rows. The latest request wins.
  function filterServed(form) {
    let latest = null, waiting = 0;
    async function apply() {
      latest?.abort();
      latest = new AbortController();
      const query = queryOf(form), address = query ? `index.html?${query}` : "index.html";
      history.replaceState(null, "", address);
      markFilters(form);
      try { refresh(await fetched(address, { signal: latest.signal })); } catch (problem) { if (problem.name !== "AbortError") location.assign(address); }
    }
    form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(apply, 120); });
    return apply;
  }

  // Filters of a static table: the rows are in a script of their own.
  function filterStatic(form) {
    const { rows = [], checks = [] } = window.toolworldRows || {};
    const body = one("[data-rows]"), model = one("[data-row]");
    const words = { pass: "Passed", fail: "Failed", void: "Void", unclear: "Unclear", open: "Not judged", skipped: "skipped", none: "not looked at" };
    const texts = rows.map((row) => row[14]);
    const conditions = {
      env: (row, value) => row[6] === value, set: (row, value) => row[5] === value, agent: (row, value) => row[4] === value,
      outcome: (row, value) => row[0] === value, check: (row, value) => row[8].includes(value),
      blame: (row, value) => row[9] === value, tag: (row, value) => row[10].includes(value), task: (row, value) => row[2] === value,
    };
    let shown = 100;

    const icon = (name) => {
      const made = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      made.setAttribute("class", "icon"); made.setAttribute("aria-hidden", "true");
      const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
      use.setAttribute("href", `#i-${name}`); made.append(use);
      return made;
    };
    const element = (tag, name, ...inner) => { const made = document.createElement(tag); if (name) made.className = name; made.append(...inner); return made; };
    function line([outcome, address, task, request, agent, set, , marks, , , , why, calls, trial]) {
      const row = model.cloneNode(false), cells = [...model.cells].map((cell) => cell.cloneNode(false));
      row.append(...cells);
      cells[0].append(element("span", `outcome ${outcome}`, icon(outcome), words[outcome]));
      const link = element("a", "", task); link.href = address;
      cells[1].append(link, element("span", "sub", request));
      cells[2].append(agent, ...(set === agent ? [] : [element("span", "sub", trial ? `${set} · trial ${trial}` : set)]));
      cells[3].append(element("span", "marks", ...marks.map((mark, at) => {
        const dot = element("span", `dot ${mark}`, ...(mark === "none" ? [] : [icon(mark)]), element("span", "away", `${checks[at]} ${words[mark].toLowerCase()}`));
        dot.title = `${checks[at]}: ${words[mark].toLowerCase()}`;
        return dot;
      })));
      cells[4].append(why); cells[5].append(calls.toLocaleString("en"));
      return row;
    }
    function apply() {
      const wanted = Object.fromEntries(new FormData(form));
      const parts = (wanted.q || "").toLowerCase().split(/\s+/).filter(Boolean);
      const hits = rows.filter((row, at) =>
        Object.entries(conditions).every(([name, holds]) => !wanted[name] || holds(row, wanted[name])) && parts.every((part) => texts[at].includes(part)));
      body.replaceChildren(...hits.slice(0, shown).map(line));
      markFilters(form);
      const count = (outcome) => hits.filter((row) => row[0] === outcome).length;
      const passed = count("pass"), judged = passed + count("fail");
      one("[data-tally]").textContent = `${hits.length.toLocaleString("en")} ${hits.length === 1 ? "run" : "runs"}` +
        (judged ? ` · ${Math.round((100 * passed) / judged)} % passed, 95 % interval ${wilson(passed, judged)}` : "") +
        ["unclear", "void", "open"].map((name) => (count(name) ? ` · ${count(name)} ${words[name].toLowerCase()}` : "")).join("");
      const nothing = one("[data-nothing]"), more = one("button[data-more]");
      if (nothing) nothing.hidden = hits.length > 0;
      if (more) more.parentElement.hidden = hits.length <= shown;
      const query = queryOf(form);
      history.replaceState(null, "", query ? `?${query}` : location.pathname);
    }
    form.addEventListener("input", () => { shown = 100; apply(); });
    one("button[data-more]")?.addEventListener("click", () => { shown += 100; apply(); });
    return () => { shown = 100; apply(); };
  }
  function wilson(hits, n) {
    const z = 1.959964, p = hits / n, d = 1 + (z * z) / n;
    const middle = (p + (z * z) / (2 * n)) / d, half = (z / d) * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n));
    return `${Math.round(100 * Math.max(0, middle - half))} % to ${Math.round(100 * Math.min(1, middle + half))} %`;
  }

  function filterRuns(form) {
    if (!isServed && !one("[data-row]")) return;
    const apply = isServed ? filterServed(form) : filterStatic(form);
    form.addEventListener("submit", (event) => { event.preventDefault(); apply(); });
    // links that are filters, wherever they stand, also in parts that came later
    document.addEventListener("click", (event) => {
      const link = event.target.closest("[data-filter], [data-clear]");
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
      event.preventDefault();
      setFilters(form, link.dataset.filter || "");
      apply();
      form.scrollIntoView({ block: "start" });
    });
    if (!isServed && location.search) { setFilters(form, location.search); apply(); }
    markFilters(form);
  }

  // Records of a state that is written as a file; a served one asks the server.
  function findRecords(form) {
    const rows = all("[data-coll] tbody tr");
    const texts = rows.map((row) => row.textContent.toLowerCase());
    function apply() {
      const words = one("input[type=search]", form).value.toLowerCase().split(/\s+/).filter(Boolean);
      const changed = Boolean(one("[data-only-changed]", form)?.checked);
      let hits = 0;
      rows.forEach((row, at) => {
        row.hidden = !(words.every((word) => texts[at].includes(word)) && (!changed || "changed" in row.dataset));
        hits += !row.hidden;
      });
      all("[data-coll]").forEach((box) => { box.hidden = !one("tbody tr:not([hidden])", box) && (words.length > 0 || changed); });
      one("output", form).textContent = words.length || changed ? `${hits} of ${rows.length} records` : "";
    }
    form.addEventListener("input", apply);
    form.addEventListener("submit", (event) => event.preventDefault());
  }

  // The server says when there is more; the parts that differ are fetched then.
  function watch(address) {
    if (!one("[data-refresh]")) return;
    const note = one("[data-live-note]");
    let busy = false, again = false;
    async function update() {
      if (busy) { again = true; return; }
      busy = true;
      const asked = location.href;
      try {
        const page = await fetched(asked);
        if (asked === location.href) refresh(page); // else a filter was changed meanwhile
      } catch { /* the next event tries again */ }
      busy = false;
      if (again) { again = false; setTimeout(update, 500); }
    }
    // A browser has six connections to a server: a page that nobody sees gives its own back.
    let events = null;
    function follow() {
      if (document.hidden) { events?.close(); events = null; return; }
      if (events) return;
      events = new EventSource(address);
      events.onmessage = update;
      events.onopen = () => { note.hidden = false; note.textContent = "live"; update(); };
      events.onerror = () => { note.hidden = false; note.textContent = "not live"; };
    }
    document.addEventListener("visibilitychange", follow);
    addEventListener("pagehide", () => { events?.close(); events = null; });
    addEventListener("pageshow", follow);
    follow();
  }

  const LINES = "[data-turn]:has(> .said > .words), [data-step], [data-row], .flips li";
  const CHANGES = "[data-step]:has(.change), tr[data-changed]";
  const keys = {
    j: () => walk(LINES, 1), k: () => walk(LINES, -1),
    n: () => walk(CHANGES, 1), p: () => walk(CHANGES, -1),
    f: () => move(one(".step.blamed")),
    u: () => toggleCalls(one("[data-unfold]")),
    "[": () => one("a[rel=prev]")?.click(), "]": () => one("a[rel=next]")?.click(),
    "/": () => one("input[type=search]")?.focus(),
    t: toggleTheme,
    "?": () => one("#help").showModal(),
  };

  document.addEventListener("DOMContentLoaded", () => {
    one("[data-theme-toggle]").addEventListener("click", toggleTheme);
    one("[data-help]").addEventListener("click", keys["?"]);
    const unfold = one("[data-unfold]");
    if (unfold) unfold.addEventListener("click", () => toggleCalls(unfold));
    all("details[data-body]").forEach((call) => call.addEventListener("toggle", () => { if (call.open) fill(call); }));
    const filters = one("[data-filters]"), find = one("[data-find]"), sides = one("[data-sides]");
    if (filters) filterRuns(filters);
    if (find && !isServed) findRecords(find);
    if (sides && !isServed) sides.addEventListener("submit", (event) => {
      event.preventDefault();
      const [a, b] = all("select", sides).map((choice) => choice.selectedOptions[0].dataset.slug);
      if (a !== b) location.assign(`../${a}/${b}.html`);
    });
    if (root.dataset.live) watch(root.dataset.live);
    unfoldTarget();
    addEventListener("hashchange", unfoldTarget);
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, dialog")) return;
      const act = keys[event.key];
      if (act) { event.preventDefault(); act(); }
    });
  });
})();
