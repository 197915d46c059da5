"use strict";
(() => {
  const { parts, subjects, rules, units, findings, words } = JSON.parse(document.getElementById("data").textContent);
  const STEP = 50;
  const form = document.getElementById("filters");
  const skeleton = document.getElementById("finding").content.firstElementChild;
  const [PART, LEVEL, MESSAGE, SUBJECT, RULE, UNIT, YEAR, DAY, MARK, SAID, STATE] = Array(11).keys();
  const lists = [...document.querySelectorAll("[data-list]")].map((box) => ({
    name: box.dataset.list, box, rows: [], done: 0, group: null,
    more: document.querySelector(`[data-more="${box.dataset.list}"]`),
    count: document.querySelector(`[data-count="${box.dataset.list}"]`),
  }));
  const { format: number } = new Intl.NumberFormat(document.documentElement.lang);
  const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

  // What is searched: without case or accents; where the words typed have accents, with them.
  const plain = (text) => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").replace(/[đĐ]/g, "d").toLowerCase();
  const PLACED = "òa oà óa oá ỏa oả õa oã ọa oạ òe oè óe oé ỏe oẻ õe oẽ ọe oẹ ùy uỳ úy uý ủy uỷ ũy uỹ ụy uỵ".split(" ");
  const spelled = (word) => [word, ...PLACED.flatMap((mark, at) => (word.includes(mark) ? word.replace(mark, PLACED[at ^ 1]) : []))];
  const texts = (row) => [row[MESSAGE], subjects[row[SUBJECT]], rules[row[RULE]][0], rules[row[RULE]][1], units[row[UNIT]] || "",
    row[MARK], ...row[SAID].flatMap((at) => parts[at][1].map((line) => (typeof line === "string" ? line : line[0])))].join("\n");
  let folded = null;
  const fold = () => {
    const known = new Map();
    const once = (text) => known.get(text) ?? (known.set(text, plain(text)), known.get(text));
    const said = parts.map(([, lines]) => lines.map((line) => plain(typeof line === "string" ? line : line[0])).join("\n"));
    folded = findings.map((row) => [once(row[MESSAGE]), once(subjects[row[SUBJECT]]), once(rules[row[RULE]].join("\n")),
      once(units[row[UNIT]] || ""), row[MARK], ...row[SAID].map((at) => said[at])].join("\n"));
  };
  const finder = (typed) => {
    const asked = typed.normalize("NFC").toLowerCase().split(/\s+/).filter(Boolean);
    if (!asked.length) return () => true;
    if (!folded) fold();
    const bare = asked.map(plain);
    const exact = asked.filter((word, at) => word !== bare[at]).map(spelled);
    const accented = (row) => {
      const text = texts(row).toLowerCase();
      return exact.every((ways) => ways.some((word) => text.includes(word)));
    };
    return (row, at) => bare.every((word) => folded[at].includes(word)) && (!exact.length || accented(row));
  };

  // What is shown
  const GROUPS = { subject: (row) => row[SUBJECT], rule: (row) => row[RULE], level: (row) => row[LEVEL] };
  const HEADINGS = { subject: (key) => subjects[key], rule: (key) => rules[key][1], level: (key) => words[key] };
  const grouped = (rows, by) => {
    const groups = new Map();
    for (const row of rows) {
      const key = GROUPS[by](row);
      groups.has(key) ? groups.get(key).push(row) : groups.set(key, [row]);
    }
    return [...groups.values()].flatMap((group) => group.map((row) => [row, group.length]));
  };
  const put = (node, place, text) => { node.querySelector(place).textContent = text; };
  const lined = (line) => {
    const dd = document.createElement("dd");
    const [text, link, aside] = typeof line === "string" ? [line, "", ""] : line;
    const said = document.createElement("bdi");
    said.textContent = text;
    if (link) {
      const a = document.createElement("a");
      a.href = link;
      a.rel = "noopener noreferrer";
      a.append(said);
      dd.append(a);
    } else dd.append(said);
    if (aside) {
      const span = document.createElement("span"), inner = document.createElement("bdi");
      span.className = "aside";
      inner.textContent = aside;
      span.append(inner);
      dd.append(" ", span);
    }
    return dd;
  };
  const drawn = (row) => {
    const node = skeleton.cloneNode(true);
    node.className = `finding ${row[LEVEL]}`;
    put(node, ".badge", words[row[LEVEL]]);
    put(node, ".message", row[MESSAGE]);
    put(node, ".subject", subjects[row[SUBJECT]]);
    put(node, ".title", rules[row[RULE]][1]);
    put(node, ".day", `(${words.law_of} ${row[DAY]})`);
    put(node, ".state", row[STATE]);
    put(node, ".mark bdi", row[MARK]);
    node.querySelector("dl").append(...row[SAID].map((at) => {
      const [heading, lines] = parts[at];
      const div = document.createElement("div"), dt = document.createElement("dt");
      dt.textContent = heading;
      div.append(dt, ...lines.map(lined));
      return div;
    }));
    return node;
  };
  const draw = (list, upTo) => {
    const by = form.elements.group.value, made = document.createDocumentFragment();
    for (const [row, size] of list.rows.slice(list.done, upTo)) {
      const key = GROUPS[by](row);
      if (key !== list.group) {
        const heading = document.createElement("h3"), name = document.createElement("bdi"), count = document.createElement("span");
        name.textContent = HEADINGS[by](key);
        count.className = "count";
        count.textContent = number(size);
        heading.append(name, " ", count);
        made.append(heading);
        list.group = key;
      }
      made.append(drawn(row));
    }
    list.box.append(made);
    list.done = Math.min(upTo, list.rows.length);
    const left = list.rows.length - list.done;
    list.more.parentElement.hidden = !left;
    list.more.textContent = filled(words.page_more, { n: number(Math.min(STEP, left)), left: number(left) });
  };
  const redraw = (list, upTo) => {
    list.box.replaceChildren();
    list.box.dataset.by = form.elements.group.value;
    list.done = 0;
    list.group = null;
    if (!list.rows.length) {
      const none = document.createElement("p");
      none.className = "intro";
      none.textContent = words.page_no_match;
      list.box.append(none);
    }
    draw(list, upTo);
  };
  const filter = () => {
    const { rule, unit, year, state, group } = form.elements;
    const levels = new Set([...form.querySelectorAll("[name=level]:checked")].map((box) => box.value));
    const found = finder(form.elements.words.value);
    const kept = findings.filter((row, at) => levels.has(row[LEVEL]) && (!rule.value || row[RULE] === +rule.value)
      && (!unit.value || row[UNIT] === +unit.value) && (!year.value || row[YEAR] === year.value)
      && (!state.value || row[STATE] === state.value) && found(row, at));
    for (const list of lists) {
      list.rows = grouped(kept.filter((row) => row[PART] === list.name), group.value);
      list.count.textContent = number(list.rows.length);
      redraw(list, STEP);
    }
    document.getElementById("shown").textContent = filled(words.page_shown, { n: number(kept.length), all: number(findings.length) });
  };

  // What is chosen
  const offer = (name, choices) => {
    const select = form.elements[name];
    if (choices.length < 2) return;
    for (const [value, text] of choices) select.add(new Option(text.length > 90 ? `${text.slice(0, 89)}…` : text, value));
    select.parentElement.hidden = false;
  };
  const alphabetical = new Intl.Collator(document.documentElement.lang, { numeric: true });
  const sorted = (names) => names.map((text, at) => [at, text]).sort((one, other) => alphabetical.compare(one[1], other[1]));
  offer("rule", sorted(rules.map((rule) => rule[1])));
  offer("unit", sorted(units));
  const different = (column) => [...new Set(findings.map((row) => row[column]))].filter(Boolean).sort().map((one) => [one, one]);
  offer("year", different(YEAR));
  offer("state", different(STATE));
  let waiting;
  form.addEventListener("input", (event) => {
    clearTimeout(waiting);
    waiting = setTimeout(filter, event.target.name === "words" ? 150 : 0);
  });
  form.addEventListener("reset", () => setTimeout(filter));
  form.addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("click", ({ target }) => {
    const bar = target.closest("[data-filter]"), list = lists.find((one) => one.more === target);
    if (bar) {
      const { filter: name, value } = bar.dataset;
      if (name === "level") for (const box of form.querySelectorAll("[name=level]")) box.checked = box.value === value;
      else {
        const known = { rule: rules.map((rule) => rule[0]), unit: units }[name], at = known ? known.indexOf(value) : value;
        form.elements[at < 0 ? "words" : name].value = at < 0 ? value : at;
      }
      filter();
    }
    if (list) {
      const last = list.box.lastElementChild;
      draw(list, list.done + STEP);
      const next = last.nextElementSibling;
      (next.matches("article") ? next : next.nextElementSibling).focus();
    }
  });
  addEventListener("beforeprint", () => lists.forEach((list) => draw(list, list.rows.length)));
  addEventListener("afterprint", () => lists.forEach((list) => redraw(list, STEP)));
  form.hidden = false;
  filter();
})();
