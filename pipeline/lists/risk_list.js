// Draws the list from the JSON in the page. All text is set as text, never as markup; nothing is fetched. What somebody
// fills in is kept by this browser alone, until it is saved as a file to hand back. It has no words of its own: WORDS are
// those of the reader's language, LABELS what the values of the columns are called in it; what is saved are the values.
"use strict";
(() => {
  const PAGE = JSON.parse(document.getElementById("page").textContent);
  const AT_ONCE = 200; // rows drawn at a time, in batches: scrolling stays smooth however long the list is
  const BATCH = 25;
  const WHOLE = 1000; // rows of a list that stay drawn, so that the browser's own search finds everybody
  const WORDS = PAGE.words, LABELS = PAGE.labels, LANGUAGE = document.documentElement.lang;
  const COLUMNS = PAGE.columns;
  const byId = (id) => document.getElementById(id);
  const table = byId("table");

  // ---------------------------------------------------------------------------------------------------- small helpers
  function element(tag, attributes, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes ?? {})) made.setAttribute(name, value);
    made.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
    return made;
  }
  const drawn = (tag, attributes, text) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const words = (name) => (name.charAt(0).toUpperCase() + name.slice(1)).replaceAll("_", " ");
  const label = (name, value) => LABELS[name]?.[value] ?? value;
  const title = (name, value) => words(label(name, value));
  // A row is in the language of its owner, whatever the page is in: its own letters tell how its sentences end.
  const sentence = (text) => {
    const trimmed = text.trim();
    const end = /[.!?…。！？]$/.test(trimmed) ? "" : /[\u3040-\u30ff\u4e00-\u9fff]/.test(trimmed) ? "。" : ".";
    return trimmed.charAt(0).toUpperCase() + trimmed.slice(1) + end;
  };
  // A text of WORDS with its places filled: as nodes and texts in their order, or as one text.
  const pieces = (name, parts) => WORDS[name].split(/\{(\w+)\}/).flatMap((piece, at) => (at % 2 ? parts[piece] : piece));
  const say = (name, parts) => pieces(name, parts).join("");
  const plural = new Intl.PluralRules(LANGUAGE);
  const number = (value, digits) => value.toLocaleString(LANGUAGE, { maximumFractionDigits: 0, ...digits });
  const counted = (name, count) => WORDS[name][plural.select(count)].replace("{number}", number(count));
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const inPercent = (digits) => say("percent", { number: String(digits) });
  const percent = (p) => (p < 0.01 ? `<${inPercent(1)}` : p > 0.99 ? `>${inPercent(99)}` : inPercent(Math.round(p * 100)));
  const collator = new Intl.Collator(LANGUAGE, { numeric: true, sensitivity: "base" });

  const dated = (pattern, year, month, date) =>
    pattern.replace(/MMM|M|d|y/g, (part) => ({ MMM: WORDS.dates.months[month - 1], M: month, d: date, y: year })[part]);
  const day = (iso) => element("time", { datetime: iso }, dated(WORDS.dates.day, ...iso.split("-").map(Number)));
  const monthName = (month) => dated(WORDS.dates.month, ...month.split("-").map(Number));
  const amount = (() => {
    const digits = { minimumFractionDigits: PAGE.digits, maximumFractionDigits: PAGE.digits };
    try {
      const known = { style: "currency", currency: PAGE.currency, currencyDisplay: "code", ...digits };
      return new Intl.NumberFormat(LANGUAGE, known);
    } catch {
      const plainNumber = new Intl.NumberFormat(LANGUAGE, digits); // a code that Intl refuses
      return { format: (value) => `${PAGE.currency}\u00a0${plainNumber.format(value)}` };
    }
  })();
  function money(value) {
    const text = amount.format(value);
    if (!text.startsWith(PAGE.currency)) return [text];
    return [element("span", { class: "code" }, PAGE.currency), text.slice(PAGE.currency.length)];
  }

  // --------------------------------------------------------------------------------------------------------- the rows
  const rows = COLUMNS.rank.map((rank, at) => {
    const row = { at, level: PAGE.bands[COLUMNS.risk_band[at]], steps: PAGE.steps[at] };
    const said = [];
    for (const [name, cells] of Object.entries(COLUMNS)) {
      row[name] = cells[at];
      if (typeof cells[at] === "string") said.push(cells[at]);
      if (LABELS[name] && cells[at] !== null) said.push(label(name, cells[at]));
    }
    row.haystack = plain([...said, title("status", row.status)].join("\n"));
    return row;
  });

  const field = (name, children, more) =>
    element("span", { "data-field": name, ...more }, ...(Array.isArray(children) ? children : [children]));
  const dotted = (...parts) => parts.filter(Boolean).flatMap((part, at) => (at ? [" · ", part] : [part]));

  function riskCell(row) {
    const bar = element("span", { class: "bar", "aria-hidden": "true" }, element("i"));
    bar.firstChild.style.width = `${row.churn_probability * 100}%`;
    return element("td", { class: `risk ${row.level}` },
      element("span", { class: "risk-line" },
        field("churn_probability", percent(row.churn_probability)), field("risk_band", label("risk_band", row.risk_band), { class: "chip" })),
      bar, row.previous_probability === null || percent(row.previous_probability) === percent(row.churn_probability) ? null
        : element("span", { class: "sub" }, ...pieces("was", { risk: [field("previous_probability", percent(row.previous_probability))] })));
  }

  function customerCell(row) {
    const parts = [row.name && field("customer_id", row.customer_id), field("tier", label("tier", row.tier)), row.owner && field("owner", row.owner)];
    return element("td", { class: "customer" },
      row.name ? field("name", row.name, { class: "main" }) : field("customer_id", row.customer_id, { class: "main" }),
      element("span", { class: "sub" }, ...dotted(...parts)));
  }

  function actionCell(row) {
    if (row.work === "watch") return element("td", { class: "action none" }, field("action", sentence(row.action), { class: "main" }));
    const how = dotted(row.channel && field("channel", title("channel", row.channel)), row.who && field("who", label("who", row.who)));
    const duty = row.work === "duty" ? field("work", title("work", row.work), { class: "chip duty" }) : null;
    return element("td", { class: "action" }, element("span", { class: "main" }, ...(duty ? [duty, " "] : []), field("action", row.action)), element("span", { class: "sub" }, ...how));
  }

  function tableRow(row) {
    const open = element("button", {
      class: "open", type: "button", "aria-expanded": "false", "aria-controls": `more-${row.at}`,
      "aria-label": say("details_of", { name: row.name ?? row.customer_id }),
    });
    const made = element("tr", { class: "row", "data-at": row.at },
      element("td", { class: "rank" }, open, field("rank", String(row.rank))),
      customerCell(row),
      riskCell(row),
      element("td", { class: "value", "data-words": WORDS.value_at_stake }, field("value_at_stake", money(row.value_at_stake))),
      element("td", { class: "reason" }, row.reason_1 === null ? "" : field("reason_1", sentence(row.reason_1), { class: "main" })),
      actionCell(row),
      element("td", { class: "due", "data-words": WORDS.due }, row.due_day === null ? "" : field("due_day", day(row.due_day))),
      element("td", { class: "status" }, field("status", title("status", row.status), { class: `state ${row.status}` }), filledMark(row)));
    return made;
  }

  // ------------------------------------------------------------------------------------------- what people fill in
  const KEPT_UNDER = `churn ${PAGE.company} ${PAGE.as_of}`;
  const filled = (() => {
    try {
      return new Map(Object.entries(JSON.parse(localStorage.getItem(KEPT_UNDER) ?? "{}")));
    } catch {
      return new Map(); // a browser that keeps nothing, or another page's text under this name
    }
  })();
  const isFilled = (row) => filled.has(row.customer_id);
  const inAWord = (answers) => words(answers.outcome ? label("outcome", answers.outcome) : answers.answer ? label("answer", answers.answer)
    : WORDS[answers.wrong_reason ? "wrong_reason" : answers.snooze_until_day ? "snoozed" : "note"]);

  function filledMark(row) {
    return isFilled(row) ? element("span", { class: "filled", "data-field": "filled" }, inAWord(filled.get(row.customer_id))) : null;
  }

  function keep(row, name, value) {
    const answers = { ...filled.get(row.customer_id), [name]: value.trim() };
    if (Object.values(answers).some(Boolean)) filled.set(row.customer_id, answers); else filled.delete(row.customer_id);
    let kept = true;
    try {
      localStorage.setItem(KEPT_UNDER, JSON.stringify(Object.fromEntries(filled)));
    } catch {
      kept = false;
    }
    const cell = table.querySelector(`tr.row[data-at="${row.at}"] td.status`);
    cell?.querySelector(".filled")?.remove();
    const mark = filledMark(row);
    if (mark) cell?.append(mark);
    showFilled(kept);
  }

  function showFilled(kept = true) {
    const said = counted("rows_filled_in", filled.size);
    byId("filled").textContent = filled.size === 0 ? "" : kept ? said : say("not_kept", { filled: said });
    byId("save").hidden = filled.size === 0;
  }

  function save() {
    const listed = new Set([...rows.map((row) => row.customer_id), ...PAGE.former.map(([id]) => id)]);
    const content = { company: PAGE.company, as_of: PAGE.as_of, rows: [...filled].filter(([id]) => listed.has(id)).map(([customer_id, answers]) => ({ customer_id, ...answers })) };
    const url = URL.createObjectURL(new Blob([JSON.stringify(content, null, 1)], { type: "application/json" }));
    element("a", { href: url, download: `outcomes_${PAGE.as_of}.json` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  }

  function fillBlock(row) {
    const answers = filled.get(row.customer_id) ?? {};
    const labelled = (words, input, name) => {
      input.value = answers[name] ?? "";
      input.addEventListener("input", () => keep(row, name, input.value));
      return element("label", {}, element("span", {}, WORDS[words]), input);
    };
    const choice = (name, choices) => element("select", { "data-fill": name }, element("option", { value: "" }, "–"),
      ...choices.map(([value, shown]) => element("option", { value }, shown)));
    const reasons = [1, 2, 3].filter((place) => (row[`reason_${place}`] ?? null) !== null).map((place) => [String(place), say("reason", { number: place })]);
    return element("section", { class: "fill" }, element("h3", {}, WORDS.what_came_of_it),
      element("div", { class: "fields" },
        labelled("outcome", choice("outcome", PAGE.outcomes.map((one) => [one, title("outcome", one)])), "outcome"),
        labelled("done_on", element("input", { type: "date", "data-fill": "done_day", min: PAGE.as_of }), "done_day"),
        labelled("customers_answer", choice("answer", PAGE.answers.map((one) => [one, title("answer", one)])), "answer"),
        reasons.length ? labelled("not_true", choice("wrong_reason", reasons), "wrong_reason") : null,
        labelled("leave_alone_until", element("input", { type: "date", "data-fill": "snooze_until_day", min: PAGE.as_of }), "snooze_until_day"),
        labelled("note_field", element("textarea", { "data-fill": "note", rows: "2", maxlength: "2000" }), "note")));
  }

  // ------------------------------------------------------------------------------------------------------- an open row
  const fact = (name, words, children) =>
    element("div", {}, element("dt", {}, WORDS[words]), element("dd", { "data-field": name }, ...children));

  const reasonsOf = (row) => ["reason_1", "reason_2", "reason_3"].filter((name) => row[name] !== null);

  function whyBlock(row) {
    const reasons = reasonsOf(row);
    const list = element("ol", { class: "reasons" },
      ...reasons.map((name) => element("li", { "data-field": name }, sentence(row[name]))));
    const block = element("section", {}, element("h3", {}, WORDS.why_at_risk),
      row.change === null ? null : element("p", { class: "faint" }, ...pieces("since_the_last_list", { change: [field("change", sentence(row.change))] })),
      reasons.length ? list : element("p", { class: "faint" }, WORDS.nothing_stands_out),
      row.reason_1_act === null ? null : element("p", { class: "faint" }, ...pieces(row.reason_1_act === "no" ? "can_be_acted_on" : "can_be_acted_on_by", {
        act: [field("reason_1_act", label("reason_1_act", row.reason_1_act))],
        team: [field("reason_1_team", row.reason_1_team === null ? WORDS.anybody : label("reason_1_team", row.reason_1_team))],
      })),
      row.reason_1_kind === null ? null : element("p", { class: "faint" },
        ...pieces("kind_of_cause", { kind: [field("reason_1_kind", label("reason_1_kind", row.reason_1_kind))] })));
    if (row.protects !== null) {
      block.append(element("h3", {}, WORDS.speaks_for_staying), element("p", { class: "protects", "data-field": "protects" }, sentence(row.protects)));
    }
    return block;
  }

  function actionBlock(row) {
    const facts = [];
    if (row.channel !== null) facts.push(fact("channel", "how", [title("channel", row.channel)]));
    if (row.who !== null) facts.push(fact("who", "who", [label("who", row.who)]));
    if (row.due_day !== null) facts.push(fact("due_day", "due", [day(row.due_day)]));
    if (row.playbook !== null) facts.push(fact("playbook", "playbook", [title("playbook", row.playbook)]));
    facts.push(fact("status", "status", pieces(row.status === "new" ? "listed" : "listed_since", {
      status: [field("status", title("status", row.status))], day: [field("since_week", day(row.since_week))],
    })));
    facts.push(fact("last_order_day", "last_order", [day(row.last_order_day)]));
    if (row.usual_order_day !== null) facts.push(usualOrder(row));
    if (row.next_order_day !== null) facts.push(fact("next_order_day", "next_order", [day(row.next_order_day)]));
    if (row.cancellation_day !== null) facts.push(fact("cancellation_day", "cancellation", [day(row.cancellation_day)]));
    facts.push(fact("last_contact_day", "last_contact", [row.last_contact_day === null ? WORDS.none_known : day(row.last_contact_day)]));
    const what = element("p", { class: row.work === "watch" ? "faint" : "todo", "data-field": "action" }, sentence(row.action));
    const caution = row.caution === null ? null
      : element("p", { class: "caution" }, element("b", {}, `${WORDS.mind} `), field("caution", sentence(row.caution)));
    return element("section", {}, element("h3", {}, WORDS.what_to_do), what, caution, ...draftOf(row), element("dl", { class: "details" }, ...facts));
  }

  function usualOrder(row) {
    const due = field("usual_order_day", day(row.usual_order_day));
    const late = (Date.parse(PAGE.as_of) - Date.parse(row.usual_order_day)) / 86400000;
    return element("div", {}, element("dt", {}, WORDS.usual_order),
      element("dd", {}, ...(late > 0 ? pieces("and_overdue", { day: [due], overdue: [counted("overdue", late)] }) : [due])));
  }

  function draftOf(row) {
    if (row.draft === null) return [];
    const text = element("p", { class: "draft", "data-field": "draft" }, row.draft);
    const button = element("button", { type: "button", class: "copy" }, WORDS.copy);
    button.addEventListener("click", () => copy(text, button));
    return [element("h3", {}, WORDS.what_to_send), text, button];
  }

  async function copy(text, button) {
    try {
      await navigator.clipboard.writeText(text.textContent);
    } catch { // no permission: what is marked can be copied without one
      getSelection().selectAllChildren(text);
      document.execCommand("copy");
    }
    button.textContent = WORDS.copied;
    setTimeout(() => { button.textContent = WORDS.copy; }, 2000);
  }

  // From a typical customer, family by family, to this one. Positions are log-odds, in which the parts add up; readers
  // see a direction, words and the customer's own risk, for the numbers in between would mean nothing to them.
  function stepsOf(row) {
    const [base, ...parts] = row.steps;
    const steps = parts.map((by, at) => ({ name: PAGE.families[at], by })).filter((step) => step.by !== 0);
    steps.sort((a, b) => Math.abs(b.by) - Math.abs(a.by));
    if (steps.length > 8) {
      const rest = steps.splice(7);
      steps.push({ name: counted("smaller_influences", rest.length), by: rest.reduce((sum, step) => sum + step.by, 0) });
    }
    let at = base;
    for (const step of steps) [step.from, step.to] = [at, (at += step.by)];
    return { base, steps, end: at };
  }

  function waterfall(row, width) {
    const { base, steps, end } = stepsOf(row);
    const every = [base, end, ...steps.map((step) => step.to)];
    const low = Math.min(...every), high = Math.max(...every, low + 0.1);
    const narrow = width < 400, left = narrow ? 142 : 160, right = 54, line = 24, top = 2;
    const x = (value) => left + 8 + ((value - low) / (high - low)) * (width - left - right - 8);
    const y = (at) => top + at * line;
    const bottom = y(steps.length + 2);
    const told = (step) => say(step.by > 0 ? "family_raises" : "family_lowers", { family: step.name });
    const heading = say("from_a_typical_customer", { steps: steps.map(told).join(WORDS.semicolon), risk: percent(row.churn_probability) });
    const svg = drawn("svg", { viewBox: `0 0 ${width} ${bottom + 22}`, width, class: "waterfall", role: "img", "aria-label": heading });
    const lettering = (at, text, kind) => svg.append(drawn("text", { x: left, y: y(at) + line / 2 + 4, "text-anchor": "end", class: kind }, text));
    const join = (at, value) => svg.append(drawn("line", { x1: x(value), x2: x(value), y1: y(at) + line - 6, y2: y(at + 1) + 6, class: "join" }));

    svg.append(drawn("line", { x1: x(base), x2: x(base), y1: top, y2: bottom, class: "typical-line" }));
    lettering(0, WORDS.typical_customer, "end-label");
    svg.append(drawn("circle", { cx: x(base), cy: y(0) + line / 2, r: 4, class: "end-mark" }));
    join(0, base);
    steps.forEach((step, i) => {
      const [from, to] = [x(Math.min(step.from, step.to)), x(Math.max(step.from, step.to))];
      lettering(i + 1, step.name, "step-label");
      const bar = drawn("rect", { x: from, y: y(i + 1) + 5, width: Math.max(to - from, 1), height: line - 10, rx: 2, class: step.by > 0 ? "raises" : "lowers" });
      bar.append(drawn("title", {}, told(step)));
      svg.append(bar);
      join(i + 1, step.to);
    });
    lettering(steps.length + 1, WORDS.this_customer, "end-label");
    svg.append(drawn("circle", { cx: x(end), cy: y(steps.length + 1) + line / 2, r: 5, class: `end-mark ${row.level}` }));
    svg.append(drawn("text", { x: x(end) + 10, y: y(steps.length + 1) + line / 2 + 4, class: "end-number" }, percent(row.churn_probability)));
    svg.append(drawn("line", { x1: left + 8, x2: width - right, y1: bottom, y2: bottom, class: "axis" }));
    svg.append(drawn("text", { x: left + 8, y: bottom + 15, class: "axis-words" }, WORDS[narrow ? "stays" : "likely_to_stay"]));
    svg.append(drawn("text", { x: width, y: bottom + 15, "text-anchor": "end", class: "axis-words" }, WORDS[narrow ? "stops" : "likely_to_stop"]));
    return svg;
  }

  // -------------------------------------------------------------------- what the customer did, and what is usual
  function timelineBlock(row, width) {
    if (!PAGE.months.length) return null;
    const counts = PAGE.order_days[row.at], most = Math.max(...counts, 1), high = 54, wide = width / counts.length;
    const said = say("order_days", {
      number: counts.length, first: monthName(PAGE.months[0]), last: monthName(PAGE.months.at(-1)), days: counts.join(WORDS.comma),
    });
    const svg = drawn("svg", { viewBox: `0 0 ${width} ${high + 18}`, width, class: "timeline", role: "img", "aria-label": said });
    svg.append(drawn("line", { x1: 0, x2: width, y1: high + .5, y2: high + .5, class: "axis" }));
    counts.forEach((count, at) => {
      const tall = count / most * (high - 14), x = at * wide;
      const bar = drawn("rect", { x: x + 1, y: high - tall, width: Math.max(wide - 2, 1), height: tall, rx: 1, class: "month" });
      bar.append(drawn("title", {}, `${monthName(PAGE.months[at])}: ${count}`));
      svg.append(bar);
      if (count === most && counts.indexOf(most) === at) svg.append(drawn("text", { x: x + wide / 2, y: high - tall - 3, "text-anchor": "middle", class: "axis-words" }, String(count)));
      if (at % 6 === 0) svg.append(drawn("text", { x: x + 1, y: high + 14, class: "axis-words" }, monthName(PAGE.months[at])));
    });
    return element("section", { class: "bought" }, element("h3", {}, WORDS.order_days_by_month), svg);
  }

  const MEASURES = {
    days_since_last_order: (value) => value.toFixed(0),
    orders_90d: (value) => number(value, { maximumFractionDigits: 1 }),
    spend_90d: (value) => number(value, { maximumFractionDigits: Math.abs(value) < 100 ? PAGE.digits : 0 }),
  };
  function figuresBlock(row) {
    if (!PAGE.measures.length) return null;
    const said = (measure, value) => (value === null ? "–" : MEASURES[measure](value));
    const lines = PAGE.measures.map((measure, at) => element("tr", { "data-measure": measure },
      element("th", { scope: "row" }, say(measure, { currency: PAGE.currency })),
      ...PAGE.figures[row.at].slice(3 * at, 3 * at + 3).map((value) => element("td", {}, said(measure, value)))));
    const head = element("tr", {}, element("td", {}), ...[WORDS.now, WORDS.usual_here, say("others", { tier: label("tier", row.tier) })].map((words) => element("th", { scope: "col" }, words)));
    return element("section", { class: "beside" }, element("h3", {}, WORDS.beside_what_is_usual),
      element("table", { class: "figures" }, element("thead", {}, head), element("tbody", {}, ...lines)),
      element("p", { class: "faint" }, WORDS.usual_means));
  }

  function detailRow(row) {
    const width = Math.max(280, Math.min(440, document.documentElement.clientWidth - 64));
    const how = element("section", {}, element("h3", {}, WORDS.how_the_risk_comes_about), waterfall(row, width),
      element("p", { class: "legend" }, element("span", { class: "key raises" }, WORDS.raises), element("span", { class: "key lowers" }, WORDS.lowers)));
    const cell = element("td", { colspan: 8 }, element("div", { class: "panel" }, element("div", {}, whyBlock(row), figuresBlock(row)), actionBlock(row), element("div", { class: "how" }, how, timelineBlock(row, width)), fillBlock(row)));
    return element("tr", { class: "detail", id: `more-${row.at}` }, cell);
  }

  // ------------------------------------------------------------------------------------------- the next ten, on a page
  function callRow(row) {
    const reasons = reasonsOf(row).map((name) => sentence(row[name]));
    const where = [row.channel === null ? null : title("channel", row.channel), row.who === null ? null : label("who", row.who)].filter((one) => one !== null).join(WORDS.comma);
    return element("tr", { class: "call", "data-id": row.customer_id },
      element("th", { scope: "row" }, row.name ?? row.customer_id, element("span", { class: "faint" },
        [row.name === null ? null : row.customer_id, row.owner, say("call_risk", { risk: percent(row.churn_probability) })].filter((one) => one !== null).join(" · "))),
      element("td", {}, reasons.join(" ")),
      element("td", {}, element("b", {}, sentence(row.action)), element("span", { class: "faint" }, ...(row.due_day === null ? [where] : pieces("call_by", { where, day: [day(row.due_day)] }))),
        row.caution === null ? null : element("span", { class: "faint" }, `${WORDS.mind} ${sentence(row.caution)}`)),
      element("td", {}, row.draft ?? ""),
      element("td", { class: "result" }, ["done", "not_done"].map((one) => `☐ ${label("outcome", one)}`).join("\n")));
  }

  function showCalls(on) {
    const calls = shown.filter((row) => row.work !== "watch").slice(0, 10);
    if (on) byId("call-rows").replaceChildren(...calls.map(callRow));
    byId("no-calls").hidden = calls.length > 0;
    byId("list").hidden = on;
    byId("calls").hidden = !on;
    document.body.classList.toggle("only-calls", on);
    byId(on ? "print-calls" : "to-calls").focus();
  }
  byId("to-calls").addEventListener("click", () => showCalls(true));
  byId("to-list").addEventListener("click", () => showCalls(false));
  byId("print-calls").addEventListener("click", () => print());

  const opened = new Set();
  function setOpen(made, open) {
    const row = rows[Number(made.dataset.at)];
    made.classList.toggle("opened", open);
    made.querySelector(".open").setAttribute("aria-expanded", String(open));
    if (open) made.after(detailRow(row));
    else if (made.nextElementSibling?.classList.contains("detail")) made.nextElementSibling.remove();
    if (open) opened.add(row.at); else opened.delete(row.at);
  }

  // ------------------------------------------------------------------------------------------ search, filters and sort
  const state = { words: [], filters: new Map(), by: "rank", down: false };
  let shown = rows, drawnRows = 0;

  const falls = new Set(["churn_probability", "value_at_stake"]); // the large end is what people look for first
  const sortKey = (row, by) => (by === "customer_id" ? row.name ?? row.customer_id : row[by]);
  function compare(a, b) {
    const [left, right] = [sortKey(a, state.by), sortKey(b, state.by)];
    if (left === null || right === null) return (left === null) - (right === null) || a.rank - b.rank; // unknown comes last
    const order = typeof left === "number" ? left - right : collator.compare(left, right);
    return (state.down ? -order : order) || a.rank - b.rank;
  }

  // In a longer list a batch far from the screen is one empty row of its height; it is drawn again when it comes near.
  function drawBatch(batch) {
    const made = shown.slice(batch.from, batch.until).map(tableRow);
    batch.part.replaceChildren(...made);
    for (const one of made) if (opened.has(Number(one.dataset.at))) setOpen(one, true);
    batch.isDrawn = true;
  }

  function emptyBatch(batch) {
    const { height } = batch.part.getBoundingClientRect();
    if (shown.length <= WHOLE || isPrinting || !batch.isDrawn || height === 0 || batch.part.contains(document.activeElement)) return;
    const space = element("td", { colspan: 8, class: "space" });
    space.style.height = `${height}px`;
    batch.part.replaceChildren(element("tr", { "aria-hidden": "true" }, space));
    batch.isDrawn = false;
  }

  let isPrinting = false;
  const batches = new Map();
  const nearby = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const batch = batches.get(target);
      if (batch && isIntersecting && !batch.isDrawn) drawBatch(batch);
      else if (batch && !isIntersecting) emptyBatch(batch);
    }
  }, { rootMargin: "4000px 0px" });

  function forgetBatches() {
    nearby.disconnect();
    for (const part of batches.keys()) part.remove();
    batches.clear();
  }

  function drawMore(count) {
    const until = Math.min(shown.length, drawnRows + count);
    for (let from = drawnRows; from < until; from += BATCH) {
      const batch = { part: element("tbody"), from, until: Math.min(until, from + BATCH), isDrawn: false };
      batches.set(batch.part, batch);
      drawBatch(batch);
      table.append(batch.part);
      nearby.observe(batch.part);
    }
    drawnRows = until;
    byId("end").hidden = drawnRows >= shown.length;
    byId("more").textContent = say("show_more", { number: number(shown.length - drawnRows) });
  }

  function refresh() {
    shown = rows.filter((row) =>
      state.words.every((word) => row.haystack.includes(word)) &&
      [...state.filters].every(([name, value]) => row[name] === value));
    shown.sort(compare);
    forgetBatches();
    drawnRows = 0;
    drawMore(AT_ONCE);
    const narrowed = state.words.length > 0 || state.filters.size > 0;
    const at_stake = amount.format(shown.reduce((sum, row) => sum + row.value_at_stake, 0));
    byId("shown").textContent = narrowed
      ? say("narrowed", { shown: number(shown.length), customers: counted("customers", rows.length), amount: at_stake })
      : counted("customers", rows.length);
    byId("clear").hidden = !narrowed;
    byId("nothing").hidden = shown.length > 0;
    table.hidden = shown.length === 0;
    for (const head of document.querySelectorAll("th[data-sort]")) {
      if (head.dataset.sort === state.by) head.setAttribute("aria-sort", state.down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    }
  }

  function sortBy(name) {
    state.down = state.by === name ? !state.down : falls.has(name);
    state.by = name;
    byId("sort-by").value = name;
    refresh();
  }

  const FILTERS = ["work", "risk_band", "tier", "playbook", "owner", "status"];
  const NONE = { playbook: WORDS.no_playbook, owner: WORDS.no_owner };
  const order = { risk_band: Object.keys(PAGE.bands).reverse(), status: PAGE.statuses, work: PAGE.work };
  function choices(name) {
    const counts = new Map();
    for (const row of rows) counts.set(row[name], (counts.get(row[name]) ?? 0) + 1);
    const place = (value) => (order[name] ? order[name].indexOf(value) : 0);
    const sorted = [...counts].sort(([a], [b]) =>
      (a === null) - (b === null) || (a === null ? 0 : place(a) - place(b) || collator.compare(a, b)));
    return sorted;
  }
  function addFilter(name) {
    const found = choices(name);
    if (found.length < 2) return;
    const shownAs = (value) => (value === null ? NONE[name] : ["playbook", "status", "work"].includes(name) ? title(name, value) : label(name, value));
    const all = WORDS[`all_${name}`];
    const select = element("select", { "data-filter": name, "aria-label": say("filter", { what: WORDS[`column_${name}`] }) }, element("option", { value: "" }, all),
      ...found.map(([value, count], at) => element("option", { value: String(at) }, `${shownAs(value)} (${number(count)})`)));
    select.addEventListener("change", () => {
      if (select.value === "") state.filters.delete(name); else state.filters.set(name, found[Number(select.value)][0]);
      select.classList.toggle("set", select.value !== "");
      refresh();
    });
    byId("filters").append(select);
  }

  function clear() {
    byId("search").value = "";
    state.words = [];
    state.filters.clear();
    for (const select of byId("filters").children) { select.value = ""; select.classList.remove("set"); }
    refresh();
    byId("search").focus();
  }

  // ------------------------------------------------------------------------------------------------------------- wiring
  for (const name of FILTERS) addFilter(name);
  for (const name of ["rank", "value_at_stake", "churn_probability", "customer_id", "owner", "tier", "reason_1", "action", "due_day", "status", "last_order_day"]) {
    byId("sort-by").append(element("option", { value: name }, WORDS[`column_${name}`]));
  }
  byId("sort-by").addEventListener("change", (event) => { state.by = ""; sortBy(event.target.value); });
  for (const head of document.querySelectorAll("th[data-sort]")) {
    head.firstChild.addEventListener("click", () => sortBy(head.dataset.sort));
  }

  let waiting;
  byId("search").addEventListener("input", (event) => {
    clearTimeout(waiting); // wait for a pause in the typing
    waiting = setTimeout(() => { state.words = plain(event.target.value).split(/\s+/).filter(Boolean); refresh(); }, 120);
  });
  byId("tools").addEventListener("submit", (event) => event.preventDefault());
  byId("tools").addEventListener("reset", (event) => { event.preventDefault(); clear(); });
  byId("clear-too").addEventListener("click", clear);

  table.addEventListener("click", (event) => {
    const made = event.target.closest("tr.row");
    const copying = !event.target.matches(".open") && String(getSelection()); // someone marks text in the row
    if (!made || copying) return;
    setOpen(made, !made.classList.contains("opened"));
  });
  table.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !event.target.matches(".open")) return;
    const buttons = [...table.querySelectorAll(".open")];
    const next = buttons[buttons.indexOf(event.target) + step];
    if (next) { event.preventDefault(); next.focus(); }
  });

  byId("save").addEventListener("click", save);
  byId("more").addEventListener("click", () => drawMore(AT_ONCE));
  new IntersectionObserver(([entry]) => { if (entry.isIntersecting) drawMore(BATCH); }, { rootMargin: "800px" }).observe(byId("end"));
  addEventListener("beforeprint", () => {
    if (!byId("calls").hidden) return;
    isPrinting = true;
    drawMore(shown.length);
    for (const batch of batches.values()) if (!batch.isDrawn) drawBatch(batch);
    byId("glossary").open = true;
  });

  addEventListener("afterprint", () => { isPrinting = false; });

  for (const [at, [customer_id, name]] of PAGE.former.entries()) {
    const place = document.querySelector(`#former li:nth-child(${at + 1})`);
    const more = element("details", { class: "more" }, element("summary", { "aria-label": say("what_came_of", { name: name ?? customer_id }) }, WORDS.what_came_of_it));
    more.addEventListener("toggle", () => { if (more.open && more.childElementCount === 1) more.append(fillBlock({ customer_id, at: null })); });
    place?.append(" ", more);
  }

  showFilled();
  byId("undrawn").remove();
  byId("list").hidden = false;
  refresh();
})();
