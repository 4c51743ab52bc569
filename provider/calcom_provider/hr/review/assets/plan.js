"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const DAY = 86400000;
  const STEP = 50; // people drawn at once in a group: more would make the page slow to answer

  // Whatever comes with the data becomes text, never markup.
  function el(tag, className, ...inside) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    made.append(...inside.filter((one) => one !== null && one !== undefined && one !== ""));
    return made;
  }
  function draw(tag, attributes, ...inside) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value));
    made.append(...inside);
    return made;
  }
  const bdi = (text) => el("bdi", "", text);
  const plural = (count, one, many) => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

  const number = (iso) => Math.round(Date.parse(`${iso}T00:00:00Z`) / DAY);
  const asDate = (day) => new Date(day * DAY);
  const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  function told(days) {
    if (!days) return "none";
    const [from, to] = days.map((iso) => asDate(number(iso)));
    const short = (date, year) => `${date.getUTCDate()} ${months[date.getUTCMonth()]}${year ? ` ${date.getUTCFullYear()}` : ""}`;
    const count = number(days[1]) - number(days[0]) + 1;
    const same = from.getUTCFullYear() === to.getUTCFullYear();
    const text = count === 1 ? short(from, true) : `${short(from, !same)} – ${short(to, true)}`;
    return `${text} (${plural(count, "day", "days")})`;
  }

  // -- the one axis of days that all strips share, so that an eye can compare them --------------------------
  const extents = data.people.flatMap((one) => one.changes.flatMap((change) => [change.before_days, change.after_days]))
    .filter(Boolean);
  const first = extents.reduce((least, days) => Math.min(least, number(days[0])), Infinity);
  const last = extents.reduce((most, days) => Math.max(most, number(days[1])), -Infinity);
  const monday = (day) => day - ((asDate(day).getUTCDay() + 6) % 7);
  const start = extents.length ? monday(first) : 0;
  const width = extents.length ? Math.max(monday(last) + 7 - start, 28) : 0;

  function weekends(height) {
    const found = [];
    for (let week = 0; week < width; week += 7) found.push(`M${week + 5} 0h2v${height}h-2z`);
    return draw("path", { class: "we", d: found.join("") });
  }
  const hatching = draw("svg", { class: "hidden", "aria-hidden": "true" }, draw("defs", {},
    draw("pattern", { id: "hatch", width: 4, height: 4, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
      draw("rect", { class: "hatch-back", width: 4, height: 4 }),
      draw("line", { class: "hatch-line", x1: 0, y1: 0, x2: 0, y2: 4 }))));

  function strip(change) {
    const drawn = draw("svg", { class: "strip", role: "img", viewBox: `0 0 ${width} 10`, preserveAspectRatio: "none",
      "aria-label": `from ${told(change.before_days)} to ${told(change.after_days)}` }, weekends(10));
    const band = (days, name) => {
      if (days[1] >= days[0]) drawn.append(draw("rect", { class: name, x: days[0] - start, width: days[1] - days[0] + 1, height: 10 }));
    };
    const [was, is] = [change.before_days, change.after_days].map((days) => days && days.map(number));
    if (was && is && was[0] <= is[1] && is[0] <= was[1]) {
      band([Math.max(was[0], is[0]), Math.min(was[1], is[1])], "same");
      band([is[0], was[0] - 1], "add");
      band([was[1] + 1, is[1]], "add");
      band([was[0], is[0] - 1], "cut");
      band([is[1] + 1, was[1]], "cut");
    } else {
      if (was) band(was, "cut");
      if (is) band(is, "add");
    }
    drawn.append(draw("rect", { class: "bg", width, height: 10 }));
    return drawn;
  }

  function calendar() {
    if (!width) return null;
    const bar = draw("svg", { "aria-hidden": "true" });
    const every = width > 400 ? 3 : width > 200 ? 2 : 1;
    const firsts = [];
    for (let day = start; day < start + width; day += 1) if (asDate(day).getUTCDate() === 1) firsts.push(day);
    // The month that the axis begins in is told only where its name does not run into the next one.
    const wide = !firsts.length || (firsts[0] - start) / width > 0.2;
    (wide ? [start, ...firsts] : firsts).filter((_, place) => place % every === 0).forEach((day, place) => {
      const date = asDate(day);
      const text = months[date.getUTCMonth()] + (date.getUTCMonth() === 0 || !place ? ` ${date.getUTCFullYear()}` : "");
      bar.append(draw("text", { x: `${((day - start) / width) * 100}%`, y: 13 }, text));
    });
    return el("div", "months", bar);
  }

  function outChart() {
    const place = byId("out");
    const days = Object.keys(data.out);
    if (!place) return;
    if (!days.length) {
      place.append(el("p", "empty", "Nobody is newly out."));
      return;
    }
    const most = Math.max(...Object.values(data.out));
    const drawn = draw("svg", { viewBox: `0 0 ${width} 100`, preserveAspectRatio: "none" }, weekends(100));
    days.forEach((iso) => {
      const height = (data.out[iso] / most) * 96;
      drawn.append(draw("rect", { x: number(iso) - start + 0.1, y: 100 - height, width: 0.8, height },
        draw("title", {}, `${iso}: ${data.out[iso]}`)));
    });
    const busiest = days.find((iso) => data.out[iso] === most);
    const iso = (day) => asDate(day).toISOString().slice(0, 10);
    place.append(drawn, el("div", "axis", el("span", "", iso(start)),
      el("span", "", `most: ${most} on ${busiest}`), el("span", "", iso(start + width - 1))));
  }

  // -- people -----------------------------------------------------------------------------------------------
  function values(list, name) {
    return list.length ? list.map((text) => el("span", name, bdi(text || "(empty)"))) : [el("span", "none", "none")];
  }

  function change(one) {
    const row = el("div", "change", one.what ? el("span", "what", bdi(one.what)) : null);
    const days = one.before_days || one.after_days;
    if (days) {
      if (one.before_days) row.append(el("span", "was", told(one.before_days)));
      if (one.before_days && one.after_days) row.append("→");
      if (one.after_days) row.append(el("span", "is", told(one.after_days)));
    } else if (one.before) {
      row.append(...values(one.before, "was"), "→", ...values(one.after, "is"));
    }
    row.append(el("span", "why", one.why));
    if (one.foreign) row.append(el("span", "why bad", "somebody else's value"));
    if (one.note) row.append(el("span", "none", one.note));
    if (one.state) row.append(el("span", one.state === "done" ? "state done" : "state", one.state));
    if (days) row.append(strip(one));
    return row;
  }

  function person(one) {
    const small = [one.id === null ? "" : `id ${one.id}`, one.keys.length ? `HR ${one.keys.join(", ")}` : ""];
    return el("div", "person",
      el("div", "who", bdi(one.name), el("small", "", small.filter(Boolean).join(" · "))),
      el("div", "", ...one.changes.map(change)));
  }

  data.people.forEach((one) => {
    one.reasons = [...new Set(one.changes.map((each) => each.why))];
    one.states = [...new Set(one.changes.map((each) => (each.state || "planned").split(" ")[0]))];
    one.text = [one.name, one.id, one.dept, ...one.keys, ...one.changes.flatMap((each) => [
      each.what, each.why, each.note, ...(each.before || []), ...(each.after || []),
      ...(each.before_days || []), ...(each.after_days || []),
    ])].filter((each) => each !== null && each !== undefined).join("\n").toLowerCase();
  });

  function fill(select, all, list) {
    select.append(el("option", "", all));
    select.firstChild.value = "";
    [...new Set(list)].sort().forEach((text) => {
      const option = el("option", "", text || "(none)");
      option.value = text || "-";
      select.append(option);
    });
    if (select.options.length < 3) select.parentElement.hidden = true;
  }

  function group(name, people, open) {
    const made = el("details", "group", el("summary", "", bdi(name || "No department known"),
      el("span", "soft", plural(people.length, "person", "people"))));
    let shown = 0;
    function more(button) {
      const next = people.slice(shown, shown + STEP).map(person);
      shown += next.length;
      if (button) button.remove();
      made.append(...next);
      if (shown < people.length) {
        const again = el("button", "more", `Show ${Math.min(STEP, people.length - shown)} more of ${people.length - shown}`);
        again.type = "button";
        again.addEventListener("click", () => more(again));
        made.append(again);
      }
    }
    made.addEventListener("toggle", () => {
      if (made.open && !shown) more(null);
    });
    made.open = open;
    return made;
  }

  function list() {
    const place = byId("list");
    const words = byId("search").value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const [why, dept, state, by] = ["why", "dept", "state", "group"].map((id) => byId(id).value);
    const found = data.people.filter((one) =>
      words.every((word) => one.text.includes(word))
      && (!why || one.reasons.includes(why))
      && (!dept || (one.dept || "-") === dept)
      && (!state || one.states.includes(state)));
    byId("count").textContent = found.length === data.people.length
      ? plural(found.length, "person changes", "people change")
      : `${found.length.toLocaleString("en")} of ${plural(data.people.length, "person", "people")}`;
    const groups = new Map();
    found.forEach((one) => {
      const names = by === "dept" ? [one.dept] : by === "why" ? (why ? [why] : one.reasons) : ["Everybody"];
      names.forEach((name) => groups.set(name, [...(groups.get(name) || []), one]));
    });
    const ordered = [...groups.entries()].sort(([a], [b]) => (a === "") - (b === "") || a.localeCompare(b));
    const few = found.length <= STEP;
    place.replaceChildren(...ordered.map(([name, people], index) => group(name, people, few || index === 0)));
    if (!found.length) place.append(el("p", "empty", "Nobody fits. Search less, or clear a filter."));
  }

  function people() {
    if (!byId("list")) return;
    document.body.append(hatching);
    fill(byId("why"), "all", data.people.flatMap((one) => one.reasons));
    fill(byId("dept"), "all", data.people.map((one) => one.dept));
    fill(byId("state"), "all", data.people.flatMap((one) => one.states));
    if (!data.people.some((one) => one.dept)) byId("group").value = "";
    const axis = calendar();
    if (axis) {
      const sample = (name) => draw("svg", { class: "strip", viewBox: "0 0 22 12", "aria-hidden": "true" }, draw("rect", { class: name, width: 22, height: 12 }));
      byId("legend").append(el("span", "", sample("add"), "newly out"), el("span", "", sample("same"), "stays out"),
        el("span", "", sample("cut"), "no longer out"), el("span", "", sample("we"), "weekend"));
      byId("list").before(axis);
    }
    let waiting = 0;
    byId("search").addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(list, 120);
    });
    ["why", "dept", "state", "group"].forEach((id) => byId(id).addEventListener("change", list));
    list();
  }

  // -- rows that are not written ----------------------------------------------------------------------------
  function issue(one) {
    const body = el("div", "scroll");
    const made = el("details", "issue", el("summary", "", el("b", "", one.rows.length.toLocaleString("en")),
      el("span", `level ${one.level}`, one.level), el("span", "", one.title), el("code", "", one.code)),
    el("p", "mend", one.mend), body);
    const columns = [["row", "Row"], ["key", "HR key"], ["column", "Column"], ["who", "Person"], ["dept", "Department"],
      ["days", "Days"], ["hint", "Perhaps meant"]]
      .filter(([name]) => one.rows.some((row) => (Array.isArray(row[name]) ? row[name].length : row[name])));
    let shown = 0;
    const lines = el("tbody", "");
    function more(button) {
      const next = one.rows.slice(shown, shown + STEP);
      shown += next.length;
      if (button) button.remove();
      lines.append(...next.map((row) => el("tr", "", ...columns.map(([name]) =>
        el("td", name === "row" ? "n" : "", bdi(Array.isArray(row[name]) ? row[name].join(", ") : String(row[name] ?? "")))))));
      if (shown < one.rows.length) {
        const again = el("button", "more", `Show more of ${one.rows.length - shown}`);
        again.type = "button";
        again.addEventListener("click", () => more(again));
        made.append(again);
      }
    }
    made.addEventListener("toggle", () => {
      if (!made.open || shown) return;
      const head = el("tr", "", ...columns.map(([name, title]) => el("th", name === "row" ? "n" : "", title)));
      body.append(el("table", "", el("thead", "", head), lines));
      more(null);
    });
    return made;
  }

  outChart();
  people();
  const place = byId("issues");
  if (place) place.append(...data.issues.map(issue));
})();
