"use strict";
// What a chart of each kind looks like: options of ECharts, made of plain numbers.
const calcomCharts = (() => {
  const root = document.documentElement;
  const FEWER = -1;
  const WITHHELD = -2;
  const told = (number) => (number === FEWER ? "<5" : number === WITHHELD ? "5+" : number === null || number === undefined ? "–" : number.toLocaleString("en"));
  const short = (text, most = 28) => (String(text).length > most ? `${String(text).slice(0, most - 1)}…` : String(text));
  const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
  const spoken = (day) => `${DAYS[new Date(`${day}T00:00:00Z`).getUTCDay()]} ${brief(day)}`;
  const brief = (day) => `${Number(day.slice(8))} ${MONTHS[Number(day.slice(5, 7)) - 1]}`;
  const SYMBOLS = ["circle", "rect", "triangle", "diamond", "arrow", "pin", "emptyCircle", "emptyRect"];
  const DASHES = ["solid", "dashed", "dotted", [12, 4, 2, 4]];

  // The colours of Okabe and Ito, told apart by colour-blind eyes too; lightness alone orders the scales.
  function look() {
    const style = getComputedStyle(root);
    const of = (name) => style.getPropertyValue(name).trim();
    const dark = root.dataset.theme === "dark";
    return {
      ink: of("--ink"), soft: of("--soft"), line: of("--line"), card: of("--card"), few: of("--few"), alarm: of("--alarm"),
      series: dark
        ? ["#56b4e9", "#e69f00", "#2fbf94", "#d890bb", "#f0e442", "#ff8a50", "#7aa2ff", "#9aa7b8"]
        : ["#0072b2", "#d55e00", "#00815d", "#b0578c", "#b98500", "#3b9ad6", "#5b4bb5", "#6b7685"],
      scale: dark ? ["#1d2b42", "#28538a", "#4b8fd4", "#a9d4ff"] : ["#e4eef9", "#9cc4ea", "#3f86c6", "#0b3d73"],
    };
  }

  // "richText" draws the tooltip on the canvas: no markup is made of what comes with the data.
  const tooltip = (its, more) => Object.assign({
    renderMode: "richText", confine: true, backgroundColor: its.card, borderColor: its.line,
    textStyle: { color: its.ink, fontSize: 13 } }, more);

  const scaleOf = (low, high, its) => ({
    type: "continuous", min: low, max: Math.max(high, low + 1), calculable: false, orient: "horizontal", right: 8, bottom: 0,
    itemHeight: 110, itemWidth: 12, text: [told(high), told(low)], inRange: { color: its.scale },
    textStyle: { color: its.soft }, show: true });

  const axisText = (its) => ({ color: its.soft, fontSize: 12 });
  const label = (week) => brief(week);

  // Weeks below each other in columns, or lines: one value for each week and series.
  function weeks(its, { kind, weeks: names, series, percent, now, most, unit, said = "Week of " }) {
    const coloured = series.map((one, place) => ({
      name: one.name, type: kind, stack: kind === "bar" ? "all" : undefined, symbolSize: 7,
      symbol: SYMBOLS[place % SYMBOLS.length], barMaxWidth: 34, connectNulls: false, data: one.values,
      lineStyle: { width: one.faint ? 1.5 : 2.5, type: DASHES[place % DASHES.length] },
      itemStyle: { color: one.faint ? its.soft : its.series[place % its.series.length], borderColor: its.card, borderWidth: kind === "bar" ? 0.5 : 0 },
      markLine: place === 0 && now >= 0 ? {
        silent: true, symbol: "none", data: [{ xAxis: now }], lineStyle: { color: its.soft, type: "solid", width: 1 },
        label: { formatter: "this week", color: its.soft, fontSize: 12 } } : undefined,
    }));
    const line = (hit) => `${hit.marker || ""} ${short(hit.seriesName, 40)}: ${hit.value === null || hit.value === undefined ? "–" : percent ? `${hit.value} %` : told(hit.value)}`;
    return {
      tooltip: tooltip(its, { trigger: "axis", formatter: (hits) => {
        const shown = hits.filter((hit) => hit.value !== 0 || kind === "line").map((hit) => line({ ...hit, marker: "" }));
        return [`${said}${brief(names[hits[0].dataIndex])}`, ...shown].join("\n");
      } }),
      legend: { show: series.length > 1, textStyle: { color: its.ink }, top: 0, left: 0, type: "scroll", itemWidth: 22, itemHeight: 10,
        pageTextStyle: { color: its.soft }, pageIconColor: its.soft, formatter: (name) => short(name, 34) },
      grid: { left: 4, right: 16, top: series.length > 1 ? 46 : 26, bottom: 4, containLabel: true },
      xAxis: { type: "category", data: names, axisLabel: { ...axisText(its), hideOverlap: true, formatter: label },
        axisLine: { lineStyle: { color: its.line } }, axisTick: { show: false } },
      yAxis: { type: "value", max: most, minInterval: percent ? undefined : 1, name: unit, nameTextStyle: { color: its.soft, align: "left" },
        axisLabel: { ...axisText(its), formatter: percent ? "{value} %" : undefined }, splitLine: { lineStyle: { color: its.line } } },
      series: coloured,
    };
  }

  // One bar for each name, with its number behind it.
  function bars(its, { names, values, shown, upright, tips, room, width }) {
    const wide = Math.min(width * 0.4, 230, 7.4 * Math.max(...names.map((name) => name.length)) + 8);
    const category = { type: "category", data: names, inverse: !upright, axisTick: { show: false }, axisLine: { lineStyle: { color: its.line } },
      axisLabel: { ...axisText(its), color: its.ink, interval: 0, width: upright ? 74 : wide, overflow: upright ? "break" : "truncate" } };
    const amount = { type: "value", axisLabel: { show: false }, splitLine: { show: false }, max: (range) => range.max * (room || 1.14) || 1 };
    return {
      tooltip: tooltip(its, { formatter: (hit) => `${short(hit.name, 60)}\n${(tips || shown)[hit.dataIndex]}` }),
      grid: { left: upright ? 4 : wide + 12, right: upright ? 4 : 24, top: upright ? 22 : 4, bottom: 4, containLabel: upright },
      xAxis: upright ? category : amount, yAxis: upright ? amount : category,
      series: [{ type: "bar", barMaxWidth: 30, itemStyle: { color: its.series[0], borderRadius: upright ? [4, 4, 0, 0] : [0, 4, 4, 0] }, data: values,
        label: { show: true, position: upright ? "top" : "right", color: its.ink, formatter: (hit) => shown[hit.dataIndex] } }],
    };
  }

  // Hours across, weekdays down.
  function hours(its, { slots, width }) {
    const found = slots.map((value, slot) => [slot % 24, Math.floor(slot / 24), value]).filter((one) => one[2]);
    const first = Math.min(8, ...found.map((one) => one[0]));
    const last = Math.max(18, ...found.map((one) => one[0]));
    const across = Array.from({ length: last - first + 1 }, (_, place) => `${String(first + place).padStart(2, "0")}`);
    const names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    const most = Math.max(1, ...found.map((one) => one[2]));
    const points = [];
    for (let day = 0; day < 7; day += 1) for (let hour = first; hour <= last; hour += 1) points.push([hour - first, day, slots[24 * day + hour]]);
    const roomy = width / across.length > 38;
    return {
      tooltip: tooltip(its, { formatter: (hit) => `${names[hit.value[1]]} ${across[hit.value[0]]}:00 to ${across[hit.value[0]]}:59\n${told(hit.value[2])} bookings` }),
      grid: { left: 4, right: 4, top: 4, bottom: 40, containLabel: true },
      xAxis: { type: "category", data: across, axisLabel: axisText(its), axisTick: { show: false }, axisLine: { show: false } },
      yAxis: { type: "category", data: names, inverse: true, axisLabel: axisText(its), axisTick: { show: false }, axisLine: { show: false } },
      visualMap: scaleOf(0, most, its),
      series: [{ type: "heatmap", data: points, itemStyle: { borderColor: its.card, borderWidth: 2, borderRadius: 3 },
        label: { show: roomy, fontSize: 11, formatter: (hit) => (hit.value[2] ? told(hit.value[2]) : "") },
        emphasis: { itemStyle: { borderColor: its.ink } } }].map((one) => inked(one, 2, 0, most, its)),
    };
  }

  // Numbers in fields are dark on light fields and light on dark ones: where both have the same contrast it turns.
  function inked(series, at, low, high, its) {
    const bright = root.dataset.theme === "dark" ? ["#e8edf4", "#08111f"] : ["#16202e", "#ffffff"];
    const turn = root.dataset.theme === "dark" ? 0.5 : 0.68;
    series.data = series.data.map((value) => {
      const number = value[at];
      const share = number >= low ? (number - low) / Math.max(1, high - low) : 0;
      return { value, label: { color: bright[share > turn ? 1 : 0] } };
    });
    return series;
  }

  // One field for each day; today stands in a frame.
  function calendar(its, { days, counts, today, width }) {
    const upright = width < 700;
    const most = Math.max(0, ...counts);
    const low = Math.min(...counts.filter((one) => one >= 0), most);
    const known = days.map((day, place) => [day, counts[place]]).filter((one) => one[1] >= 0);
    const few = days.map((day, place) => [day, counts[place]]).filter((one) => one[1] < 0);
    const said = (hit) => `${spoken(hit.value[0])}\n${told(hit.value[1])} ${hit.value[1] === 1 ? "person" : "people"} out`;
    return {
      tooltip: tooltip(its, { formatter: said }),
      visualMap: known.length ? Object.assign(scaleOf(low, most, its), { seriesIndex: 0 }) : undefined,
      calendar: {
        range: [days[0], days[days.length - 1]], orient: upright ? "vertical" : "horizontal",
        left: upright ? 44 : 40, right: 10, top: upright ? 26 : 24, bottom: 36, cellSize: ["auto", "auto"],
        splitLine: { lineStyle: { color: its.soft, width: 1 } }, itemStyle: { color: its.card, borderColor: its.line },
        yearLabel: { show: false }, dayLabel: { color: its.soft, firstDay: 1, nameMap: ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] },
        monthLabel: { color: its.soft },
      },
      series: [
        inked({ type: "heatmap", coordinateSystem: "calendar", data: known, itemStyle: { borderColor: its.card, borderWidth: 1 },
          label: { show: true, fontSize: 12, formatter: (hit) => told(hit.value[1]) } }, 1, low, most, its),
        { type: "custom", coordinateSystem: "calendar", data: few, renderItem: (where, api) => field(where, api, its, told(api.value(1)), its.few, null) },
        { type: "custom", coordinateSystem: "calendar", z: 5, silent: true, data: days.includes(today) ? [[today, 0]] : [],
          renderItem: (where, api) => field(where, api, its, "", "transparent", its.alarm) },
      ],
    };
  }

  function field(where, api, its, text, fill, frame) {
    const [x, y] = api.coord(api.value(0));
    const cell = [where.coordSys.cellWidth, where.coordSys.cellHeight];
    const box = { x: x - cell[0] / 2 + 1, y: y - cell[1] / 2 + 1, width: cell[0] - 2, height: cell[1] - 2, r: 2 };
    return { type: "group", children: [
      { type: "rect", shape: box, style: { fill, stroke: frame || "transparent", lineWidth: frame ? 3 : 0 } },
      { type: "text", style: { text, x, y, textAlign: "center", textVerticalAlign: "middle", fill: its.soft, fontSize: 11 } },
    ] };
  }

  // Groups down, days across; how much is missing by lightness, an alarm by colour, sign and word.
  function grid(its, { days, rows, width }) {
    const names = rows.map((row) => row.name);
    const wide = Math.min(190, width * 0.36, 7.2 * Math.max(...names.map((name) => short(name).length)));
    const shares = rows.flatMap((row) => row.cells.map((cell) => cell.share)).filter((one) => one !== null);
    const most = Math.max(10, ...shares);
    const known = [];
    const others = [];
    rows.forEach((row, y) => row.cells.forEach((cell, x) => {
      if (cell.alarm || cell.share === null) others.push([x, y, cell.alarm ? 1 : 0, cell.text]);
      else known.push([x, y, cell.share]);
    }));
    const said = (hit) => `${short(names[hit.value[1]], 50)}, ${spoken(days[hit.value[0]])}\n${rows[hit.value[1]].cells[hit.value[0]].tip}`;
    return {
      tooltip: tooltip(its, { formatter: said }),
      grid: { left: wide + 14, right: 8, top: 26, bottom: 44 },
      xAxis: { type: "category", data: days, position: "top", axisTick: { show: false }, axisLine: { show: false },
        axisLabel: { ...axisText(its), hideOverlap: true, formatter: (day) => brief(day) } },
      yAxis: { type: "category", data: names, inverse: true, axisTick: { show: false }, axisLine: { show: false },
        axisLabel: { color: its.ink, fontSize: 12, formatter: (name) => short(name), width: wide, overflow: "truncate" } },
      visualMap: known.length ? Object.assign(scaleOf(0, most, its), { seriesIndex: 0, dimension: 2, text: [`${most} % out`, "0"] }) : undefined,
      series: [
        inked({ type: "heatmap", data: known, itemStyle: { borderColor: its.card, borderWidth: 1 },
          label: { show: (width - wide) / days.length > 28, fontSize: 11, formatter: (hit) => hit.value[2] } }, 2, 0, most, its),
        { type: "custom", data: others, encode: { x: 0, y: 1 }, renderItem: (_, api) => {
          const [x, y] = api.coord([api.value(0), api.value(1)]);
          const [width, height] = api.size([1, 1]);
          const bad = api.value(2) === 1;
          const box = { x: x - width / 2 + 0.5, y: y - height / 2 + 0.5, width: width - 1, height: height - 1 };
          return { type: "group", children: [
            { type: "rect", shape: box, style: { fill: bad ? its.alarm : its.few } },
            { type: "text", style: { text: bad ? "!" : width > 22 ? "<5" : "", x, y, textAlign: "center", textVerticalAlign: "middle",
              fill: bad ? its.card : its.soft, fontSize: bad ? 14 : 11, fontWeight: bad ? "bold" : "normal" } },
          ] };
        } },
      ],
    };
  }

  return { look, told, short, spoken, brief, weeks, bars, hours, calendar, grid };
})();
