"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { told } = calcomCharts;
  const state = { period: 1, team: -1, type: -1, value: -1 };
  const fields = Object.fromEntries(["period", "team", "type", "value"].map((name) => [name, document.getElementById(`by-${name}`)]));
  const panels = data.panels;
  let drawn = [];

  // -- numbers -----------------------------------------------------------------------------------------

  const sum = (numbers) => numbers.reduce((all, one) => all + one, 0);
  const rate = (part, whole) => (whole ? Math.round((1000 * part) / whole) / 10 : null);
  const percent = (share) => (share === null ? "–" : `${share.toLocaleString("en", { minimumFractionDigits: 1 })} %`);
  const weeksOf = (period) => data.periods[period];
  const inPeriod = (week) => week <= data.now && week > data.now - weeksOf(state.period);
  const typeFits = (type) => (state.type >= 0 ? type === state.type : state.team < 0 || data.types[type][1] === state.team);
  const facts = (kind) => {
    const all = panels.bookings.facts;
    const of = state.value >= 0 ? all.values : all.types;
    return of[kind].filter((row) => (state.value >= 0 ? row[1] === state.value : typeFits(row[1])));
  };
  const shownWeeks = (ahead) => {
    const first = data.now - weeksOf(state.period) + 1;
    return Array.from({ length: weeksOf(state.period) + (ahead ? data.weeks.length - 1 - data.now : 0) }, (_, place) => first + place);
  };
  const MEASURES = ["accepted", "cancelled", "rescheduled", "rejected", "pending", "over", "noShowGuest", "noShowHost", "leadMinutes", "leadBookings"];
  const added = (rows) => Object.fromEntries(MEASURES.map((name, place) => [name, sum(rows.map((row) => row[2 + place]))]));
  const rates = (numbers) => ({
    cancelled: rate(numbers.cancelled, numbers.accepted + numbers.cancelled),
    rescheduled: rate(numbers.rescheduled, numbers.accepted + numbers.cancelled + numbers.rescheduled),
    guests: rate(numbers.noShowGuest, numbers.over),
    hosts: rate(numbers.noShowHost, numbers.over),
  });
  const leadClasses = () => {
    const classes = data.leads.map(() => 0);
    facts("leads").filter((row) => inPeriod(row[0])).forEach((row) => { classes[row[2]] += row[3]; });
    return classes;
  };
  const loadOf = ({ all, teams, values }) => (state.value >= 0 ? values[state.value] : state.team >= 0 ? teams[state.team] : all);

  // -- what each part shows ----------------------------------------------------------------------------

  const parts = {
    bookings() {
      const rows = facts("measures");
      const weeks = shownWeeks(true);
      const names = new Map();
      const label = (type) => data.types[type][0];
      rows.filter((row) => inPeriod(row[0]) || row[0] > data.now).forEach((row) => {
        const name = state.value >= 0 ? valueName(state.value) : label(row[1]);
        names.set(name, (names.get(name) || 0) + row[2]);
      });
      const ordered = [...names.keys()].sort((a, b) => names.get(b) - names.get(a) || a.localeCompare(b));
      const first = ordered.length > 8 ? ordered.slice(0, 7) : ordered;
      const series = first.map((name) => ({ name, values: weeks.map((week) => sum(rows.filter((row) => row[0] === week && (state.value >= 0 || label(row[1]) === name)).map((row) => row[2]))) }));
      const totals = weeks.map((week) => sum(rows.filter((row) => row[0] === week).map((row) => row[2])));
      if (first.length < ordered.length) series.push({ name: `${ordered.length - first.length} others`, values: totals.map((all, place) => all - sum(series.map((one) => one.values[place]))) });
      return {
        draw: (its) => calcomCharts.weeks(its, { kind: "bar", weeks: weeks.map((week) => data.weeks[week]), series, now: weeks.indexOf(data.now) }),
        columns: ["Week of", ...series.map((one) => one.name), "All"],
        rows: weeks.map((week, place) => [data.weeks[week], ...series.map((one) => one.values[place]), totals[place]]),
        empty: !sum(totals),
      };
    },
    outcomes() {
      const weeks = shownWeeks(false);
      const rows = facts("measures");
      const found = weeks.map((week) => { const numbers = added(rows.filter((row) => row[0] === week)); return { numbers, ...rates(numbers) }; });
      const named = [["Cancelled", "cancelled"], ["Moved", "rescheduled"], ["Guest absent", "guests"], ["Host absent", "hosts"]];
      return {
        draw: (its) => calcomCharts.weeks(its, { kind: "line", percent: true, weeks: weeks.map((week) => data.weeks[week]), now: -1, series: named.map(([name, key]) => ({ name, values: found.map((one) => one[key]) })) }),
        columns: ["Week of", "Bookings", "Cancelled", "Moved", "Rejected", "Pending", "Over", "Guest absent", "Host absent", "Cancellation rate, %", "Reschedule rate, %", "No-show rate (guests), %", "No-show rate (hosts), %"],
        rows: weeks.map((week, place) => {
          const { numbers, ...shares } = found[place];
          return [data.weeks[week], numbers.accepted, numbers.cancelled, numbers.rescheduled, numbers.rejected, numbers.pending, numbers.over, numbers.noShowGuest, numbers.noShowHost, shares.cancelled, shares.rescheduled, shares.guests, shares.hosts];
        }),
        empty: !sum(found.map((one) => one.numbers.accepted + one.numbers.cancelled)),
      };
    },
    "lead-time"() {
      const classes = leadClasses();
      const all = sum(classes);
      const shown = classes.map((number) => percent(rate(number, all)));
      return {
        draw: (its, width) => calcomCharts.bars(its, { width, names: data.leads, values: classes, shown, upright: width > 640, tips: classes.map((number, place) => `${told(number)} bookings, ${shown[place]}`) }),
        height: (width) => (width > 640 ? 290 : 300),
        columns: ["Lead time", "Bookings", "Share, %"],
        rows: classes.map((number, place) => [data.leads[place], number, rate(number, all)]),
        empty: !all,
      };
    },
    hours() {
      const slots = Array(168).fill(0);
      facts("hours").filter((row) => row[0] <= state.period).forEach((row) => { slots[row[2]] += row[3]; });
      const names = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
      return {
        draw: (its, width) => calcomCharts.hours(its, { slots, width }),
        height: () => 290,
        columns: ["Hour", ...names],
        rows: Array.from({ length: 24 }, (_, hour) => [`${String(hour).padStart(2, "0")}:00`, ...names.map((_, day) => slots[24 * day + hour])]),
        empty: !sum(slots),
      };
    },
    load() {
      const weeks = shownWeeks(false);
      const chosen = loadOf(panels.load.facts);
      const own = state.value >= 0 ? valueName(state.value) : state.team >= 0 ? data.teams[state.team] : null;
      const values = (both) => weeks.map((week) => both[week][2]);
      if (!chosen) return { hidden: `Fewer than five people of ${own} worked in these weeks, so their load is not shown.` };
      const series = [{ name: own || "Everybody", values: values(chosen) }];
      if (own) series.push({ name: "Everybody", faint: true, values: values(panels.load.facts.all) });
      return {
        draw: (its) => calcomCharts.weeks(its, { kind: "line", percent: true, weeks: weeks.map((week) => data.weeks[week]), series, now: -1 }),
        columns: ["Week of", "Bookable hours", "Booked hours", "Utilisation, %"],
        rows: weeks.map((week, place) => [data.weeks[week], Math.round(chosen[week][0] / 6) / 10, Math.round(chosen[week][1] / 6) / 10, series[0].values[place]]),
      };
    },
    fairness() {
      const rows = panels.fairness.facts.rows.filter((row) => row[0] === state.period && typeFits(row[1]));
      rows.sort((a, b) => (b[7] ?? -1) - (a[7] ?? -1) || b[3] - a[3]);
      const drawnRows = rows.filter((row) => row[7] !== null).slice(0, 12);
      const tip = (row) => `Gini ${row[7]}: ${row[2]} hosts, ${told(row[3])} bookings\nfrom ${row[4]} to ${row[6]} each, ${row[5]} in the middle`;
      return {
        draw: drawnRows.length ? (its, width) => calcomCharts.bars(its, { width, room: 1.45, names: drawnRows.map((row) => typeName(row[1])), values: drawnRows.map((row) => row[7]), shown: drawnRows.map((row) => `${row[7].toFixed(2)}  (${row[4]} to ${row[6]} each)`), tips: drawnRows.map(tip) }) : null,
        height: () => 40 + 30 * drawnRows.length,
        columns: ["Event type", "Hosts", "Bookings", "Least of a host", "Median", "Most of a host", "Gini coefficient"],
        rows: rows.map((row) => [typeName(row[1]), ...row.slice(2)]),
        empty: !rows.length,
      };
    },
    routing() {
      const { forms, rows } = panels.routing.facts;
      const fits = rows.filter((row) => inPeriod(row[0]));
      const by = (form) => {
        const own = fits.filter((row) => form === null || row[1] === form);
        const of = (...outcomes) => sum(own.filter((row) => outcomes.includes(row[2])).map((row) => row[3]));
        return [sum(own.map((row) => row[3])), of(1, 2, 3, 4, 5, 6, 7, 8, 9), of(9), of(8), of(6, 7), of(3, 4), of(2)];
      };
      const all = by(null);
      const shown = [told(all[0]), `${told(all[1])}  (${percent(rate(all[1], all[0]))} of the answers)`, `${told(all[2])}  (${percent(rate(all[2], all[0]))} of the answers)`];
      return {
        draw: (its, width) => calcomCharts.bars(its, { width, room: 1.6, names: ["Answers", "Booked", "Held"], values: all.slice(0, 3), shown }),
        height: () => 150,
        columns: ["Form", "Answers", "Booked", "Held", "Ahead", "Somebody absent", "Cancelled or rejected", "Moved", "Booking rate, %"],
        rows: forms.map((name, form) => { const own = by(form); return [name, ...own, rate(own[1], own[0])]; }).filter((row) => row[1]),
        empty: !all[0],
      };
    },
    absences() {
      const { days, all, teams, values } = panels.absences.facts;
      const counts = state.value >= 0 ? values[state.value] : state.team >= 0 ? teams[state.team] : all;
      if (!counts) return { hidden: "Nothing is known about this choice." };
      return {
        draw: (its, width) => calcomCharts.calendar(its, { days, counts, today: data.today, width }),
        height: (width) => (width < 700 ? 560 : 250),
        columns: ["Day", "People out"],
        rows: days.map((day, place) => [day, told(counts[place])]),
        hint: counts.every((one) => one < 0) ? "On none of these days are five or more people out." : null,
      };
    },
    "team-coverage": () => coverage("team-coverage", (place) => data.teams[place], (place) => state.team < 0 || place === state.team, "Team", "below"),
    "attribute-coverage": () => coverage("attribute-coverage", valueName, (place) => state.value < 0 || place === state.value, "Value", "nobody"),
    growth() {
      const { weeks, all, values } = panels.growth.facts;
      const from = Math.max(0, weeks.length - weeksOf(state.period));
      const own = state.value >= 0 ? values[state.value] : null;
      const counts = (own || all).slice(from);
      const known = counts.map((one) => (one >= 0 ? one : null));
      return {
        draw: (its) => calcomCharts.weeks(its, { kind: "line", said: "", weeks: weeks.slice(from), series: [{ name: own ? valueName(state.value) : "Members", values: known }], now: -1 }),
        columns: ["Day", "Accepted members"],
        rows: weeks.slice(from).map((day, place) => [day, told(counts[place])]),
      };
    },
    "fleet-runs"() {
      const { rows } = panels["fleet-runs"].facts;
      const series = [["Worst age (min)", 7], ["Planned (min)", 8]].map(([name, place]) => ({ name, values: rows.map((row) => row[place]) }));
      return { draw: (its) => calcomCharts.weeks(its, { kind: "line", weeks: rows.map((row) => row[0].slice(0, 10)), series, now: -1, said: "" }) };
    },
    "sync-health"() {
      const { rows } = panels["sync-health"].facts;
      const series = [["Requests", 1], ["Throttled", 2]].map(([name, place]) => ({ name, values: rows.map((row) => row[place]) }));
      return { draw: (its) => calcomCharts.weeks(its, { kind: "bar", weeks: rows.map((row) => row[0]), series, now: -1, said: "" }) };
    },
  };

  function coverage(key, name, fits, what, alarm) {
    const { days, rows } = panels[key].facts;
    const shown = rows.filter(([place]) => fits(place));
    if (!shown.length) return { hidden: `${what === "Team" ? "This team" : "This value"} is not among those that are covered worst.` };
    const cell = (one) => {
      if (!one) return { share: null, alarm: false, text: "", tip: "nothing known" };
      const [scheduled, out, bad, least] = one;
      const there = scheduled === -2 ? "–" : scheduled < 0 ? "<5" : out >= 0 ? told(scheduled - out) : `at least ${scheduled - 4}`;
      const share = scheduled > 0 && out >= 0 ? Math.round((100 * out) / scheduled) : null;
      const tip = [`${told(scheduled)} would work, ${told(out)} out, ${there} there`, ...(least ? [`at least ${least} wanted`] : []), ...(bad ? [alarm === "below" ? "below the minimum" : "routing finds nobody"] : [])].join("\n");
      return { share, alarm: Boolean(bad), text: "", tip, cells: [told(scheduled), told(out), there, least ?? "", bad ? alarm : ""] };
    };
    const made = shown.map(([place, cells]) => ({ name: name(place), cells: cells.map(cell) }));
    return {
      draw: (its, width) => calcomCharts.grid(its, { days, rows: made, width }),
      height: () => 90 + 24 * made.length,
      columns: [what, "Day", "Would work", "Out", "There", "Minimum", "Alarm"],
      rows: made.flatMap((row) => row.cells.map((one, place) => (one.cells && one.cells[0] !== "0" ? [row.name, days[place], ...one.cells] : null))).filter(Boolean),
    };
  }

  const valueName = (place) => `${data.values[place][0]}: ${data.values[place][1]}`;
  const typeName = (place) => {
    const [name, team] = data.types[place];
    return team >= 0 && state.team < 0 ? `${name} · ${data.teams[team]}` : name;
  };

  // -- figures -----------------------------------------------------------------------------------------

  function figures() {
    const place = document.getElementById("figures");
    if (!place) return;
    const made = [];
    const add = (name, key, both, tell) => {
      const [now, then] = both.map((one) => (one === null ? "–" : tell(one)));
      made.push([name, now, then === "–" ? "" : `${then} in the ${weeksOf(state.period)} weeks before`, key]);
    };
    if (panels.bookings && panels.bookings.facts.types) {
      const { all, teams, types, values } = panels.bookings.facts.figures;
      const chosen = state.value >= 0 ? values[state.value] : state.type >= 0 ? types[state.type] : state.team >= 0 ? teams[state.team] : all;
      const figure = (at) => chosen[state.period].map((one) => one && one[at]);
      add("Bookings", "bookings", figure(0), told);
      add("Cancellation rate", "outcomes", figure(1), percent);
      add("No-show rate of guests", "outcomes", figure(2), percent);
      add("Median lead time", "lead-time", figure(3), (one) => data.leads[one]);
    }
    if (panels.load && panels.load.facts.all) {
      const chosen = loadOf(panels.load.facts.figures);
      add("Utilisation", "load", chosen ? chosen[state.period] : [null, null], percent);
    }
    place.replaceChildren(...made.map(([name, value, then, key]) => {
      const one = element("a", null, [element("span", name), element("strong", value), element("small", then)]);
      one.href = `#${key}`;
      return element("li", null, [one]);
    }));
  }

  // -- drawing -----------------------------------------------------------------------------------------

  function element(name, text, children = []) {
    const made = document.createElement(name);
    if (text !== null && text !== undefined) made.textContent = text;
    made.append(...children);
    return made;
  }

  function fill(key, shown) {
    const place = document.querySelector(`#${key} .made`);
    if (!place || !shown.columns) return;
    const most = 1000;
    place.querySelector("summary").textContent = `Table of ${told(shown.rows.length)} rows`;
    const isNumber = (value) => typeof value === "number" || /^(<5|5\+|[\d,]+)$/.test(String(value));
    const head = element("tr", null, shown.columns.map((name, place) => {
      const cell = element("th", name);
      cell.scope = "col";
      if (shown.rows.some((row) => isNumber(row[place]))) cell.className = "n";
      return cell;
    }));
    const body = shown.rows.slice(0, most).map((row) => element("tr", null, row.map((value) => {
      const cell = element("td");
      if (isNumber(value)) cell.className = "n";
      const inner = element("bdi", value === null ? "" : typeof value === "number" ? value.toLocaleString("en") : value);
      cell.append(inner);
      return cell;
    })));
    place.querySelector("table").replaceChildren(element("thead", null, [head]), element("tbody", null, body));
  }

  function draw() {
    const its = calcomCharts.look();
    drawn.forEach((chart) => chart.dispose());
    drawn = [];
    figures();
    for (const place of document.querySelectorAll(".chart")) {
      const key = place.dataset.panel;
      const shown = parts[key]();
      const hint = document.querySelector(`#${key} .hint`);
      const says = shown.hidden || shown.hint || (shown.empty ? "Nothing fits the filters. Choose a longer period, or fewer of them." : followed(key));
      hint.textContent = says || "";
      hint.hidden = !says;
      const nothing = shown.hidden || shown.empty || !shown.draw;
      place.hidden = Boolean(nothing);
      const table = document.querySelector(`#${key} .made`);
      if (table) table.hidden = Boolean(shown.hidden || shown.empty);
      fill(key, shown);
      if (nothing) continue;
      place.style.height = `${shown.height ? shown.height(place.clientWidth) : 300}px`;
      const chart = echarts.init(place, null, { renderer: "canvas", devicePixelRatio: Math.max(2, devicePixelRatio) });
      chart.setOption(Object.assign({ animation: false, textStyle: { fontFamily: "system-ui, sans-serif" } }, shown.draw(its, place.clientWidth)));
      drawn.push(chart);
    }
    status();
  }

  // Says which chosen filters a part does not follow, since its numbers are not told apart by them.
  function followed(key) {
    const follows = document.getElementById(key).dataset.filters.split(" ");
    const names = { team: "team", type: "event type", value: "value of an attribute" };
    const ignored = Object.keys(names).filter((name) => state[name] >= 0 && !follows.includes(name));
    return ignored.length ? `Not told apart by ${ignored.map((name) => names[name]).join(" or ")}: numbers of everybody.` : "";
  }

  function status() {
    const chosen = [`last ${weeksOf(state.period)} weeks`];
    if (state.team >= 0) chosen.push(data.teams[state.team]);
    if (state.type >= 0) chosen.push(data.types[state.type][0]);
    if (state.value >= 0) chosen.push(valueName(state.value));
    document.getElementById("chosen").textContent = `Shown: ${chosen.join(", ")}.${state.value >= 0 ? " A value of an attribute is not combined with teams or event types: such groups can be small." : ""}`;
    document.getElementById("reset").hidden = state.period === 1 && [state.team, state.type, state.value].every((one) => one < 0);
  }

  // -- filters -----------------------------------------------------------------------------------------

  function option(text, value) {
    const made = element("option", text);
    made.value = String(value);
    return made;
  }

  function grouped(all, items) {
    const groups = new Map();
    items.forEach(([group, text, value]) => {
      if (!groups.has(group)) groups.set(group, Object.assign(element("optgroup"), { label: group }));
      groups.get(group).append(option(text, value));
    });
    return [option(all, -1), ...groups.values()];
  }

  function fillTypes() {
    const used = new Set(panels.bookings && panels.bookings.facts.types ? panels.bookings.facts.types.measures.map((row) => row[1]) : []);
    const items = data.types.map(([name, team], place) => [team < 0 ? "No team" : data.teams[team], name, place, team])
      .filter((one) => used.has(one[2]) && (state.team < 0 || one[3] === state.team));
    fields.type.replaceChildren(...grouped("All event types", items));
    if (!items.some((one) => one[2] === state.type)) state.type = -1;
    fields.type.value = String(state.type);
  }

  function fillFields() {
    fields.period.replaceChildren(...data.periods.map((weeks, place) => option(`Last ${weeks} weeks`, place)));
    fields.team.replaceChildren(option("All teams", -1), ...data.teams.map((name, place) => option(name, place)));
    const values = data.values.map(([attribute, name, offered], place) => [attribute, name, place, offered]).filter((one) => one[3]);
    fields.value.replaceChildren(...grouped("All values", values));
    fields.value.disabled = !values.length;
    fields.team.disabled = !data.teams.length;
    fillTypes();
    Object.entries(fields).forEach(([name, field]) => {
      field.value = String(state[name]);
      field.addEventListener("change", () => { choose(name, Number(field.value)); });
    });
    document.getElementById("reset").addEventListener("click", () => {
      Object.assign(state, { period: 1, team: -1, type: -1, value: -1 });
      update();
      fields.period.focus();
    });
  }

  function choose(name, value) {
    state[name] = value;
    if (name === "value" && value >= 0) Object.assign(state, { team: -1, type: -1 });
    if ((name === "team" || name === "type") && value >= 0) state.value = -1;
    update();
  }

  function update() {
    fillTypes();
    Object.entries(fields).forEach(([name, field]) => { field.value = String(state[name]); });
    draw();
  }

  fillFields();
  document.addEventListener("themed", draw);
  let waiting;
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth === width) return;
    width = innerWidth;
    clearTimeout(waiting);
    waiting = setTimeout(draw, 150);
  });
  draw();
})();
