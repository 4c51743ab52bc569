"use strict";
(() => {
  const panels = JSON.parse(document.getElementById("data").textContent);
  const root = document.documentElement;
  const button = document.getElementById("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  let chosen = null;
  let drawn = [];
  const dark = () => (chosen === null ? system.matches : chosen);
  const short = (text) => (String(text).length > 26 ? String(text).slice(0, 25) + "…" : String(text));
  // "richText" draws the tooltip on the canvas: no markup is made of what comes with the data.
  const tooltip = (more) => Object.assign({ renderMode: "richText", confine: true }, more);

  function colours() {
    const style = getComputedStyle(root);
    const of = (name) => style.getPropertyValue(name).trim();
    const scale = dark() ? ["#223048", "#3d6fc4", "#ffb454"] : ["#e9eff8", "#5b93e6", "#b3430b"];
    return { ink: of("--ink"), soft: of("--soft"), line: of("--line"), card: of("--card"), scale };
  }

  function scaleOf(most, look) {
    return {
      min: 0, max: most, text: [String(most), "0"], calculable: false, orient: "horizontal", left: "center", bottom: 0,
      itemHeight: 120, inRange: { color: look.scale }, textStyle: { color: look.soft },
    };
  }

  function calendar(panel, look, width) {
    const points = panel.rows.map((row) => [row[panel.x], row[panel.values[0]]]);
    const days = points.map((point) => point[0]).sort();
    const upright = width < 600;
    return {
      tooltip: tooltip({ formatter: (hit) => `${hit.value[0]}: ${hit.value[1]}` }),
      visualMap: scaleOf(Math.max(1, ...points.map((point) => point[1])), look),
      calendar: {
        range: [days[0], days[days.length - 1]], orient: upright ? "vertical" : "horizontal",
        left: 60, right: 20, top: upright ? 40 : 34, bottom: 60,
        cellSize: ["auto", "auto"], splitLine: { lineStyle: { color: look.soft } },
        itemStyle: { color: look.card, borderColor: look.line }, yearLabel: { show: false },
        dayLabel: { color: look.soft, firstDay: 1 }, monthLabel: { color: look.soft },
      },
      series: [{ type: "heatmap", coordinateSystem: "calendar", data: points }],
    };
  }

  function grid(panel, look, width) {
    const unique = (column) => [...new Set(panel.rows.map((row) => String(row[column])))];
    const across = unique(panel.x).sort();
    const down = unique(panel.y).reverse();
    const names = Math.min(200, width * 0.35, 8 * Math.max(...down.map((name) => short(name).length)));
    const points = panel.rows.map((row) => [
      across.indexOf(String(row[panel.x])), down.indexOf(String(row[panel.y])), row[panel.values[0]],
      panel.mark !== null && row[panel.mark] ? panel.columns[panel.mark] : "",
    ]);
    const told = ([day, group, value, mark]) =>
      `${short(down[group])}, ${across[day]}: ${value === null ? "nobody would work" : value}${mark ? `, ${mark}` : ""}`;
    return {
      tooltip: tooltip({ formatter: (hit) => told(hit.value) }),
      grid: { left: names + 12, right: 12, top: 10, bottom: 68 },
      xAxis: { type: "category", data: across, axisLabel: { color: look.soft, hideOverlap: true, formatter: (day) => day.slice(5) } },
      yAxis: { type: "category", data: down,
        axisLabel: { color: look.soft, formatter: short, width: names, overflow: "truncate" } },
      visualMap: Object.assign(scaleOf(100, look), { dimension: 2 }),
      series: [{
        type: "heatmap", data: points, itemStyle: { borderColor: look.card, borderWidth: 1 },
        label: {
          show: true, color: "#fff", textBorderColor: "#000", textBorderWidth: 3, fontSize: 15, fontWeight: "bold",
          formatter: (hit) => (hit.value[3] ? "!" : ""),
        },
      }],
    };
  }

  function axes(panel, look) {
    const upright = panel.kind === "line";
    const names = { type: "category", data: panel.rows.map((row) => String(row[panel.x])),
      inverse: !upright, axisLabel: { color: look.soft, hideOverlap: true, formatter: short } };
    const amounts = { type: "value", minInterval: 1, axisLabel: { color: look.soft }, splitLine: { lineStyle: { color: look.line } } };
    return {
      tooltip: tooltip({ trigger: "axis" }),
      legend: { textStyle: { color: look.ink }, top: 0, type: "scroll" },
      grid: { left: 8, right: 20, top: 40, bottom: 8, containLabel: true },
      xAxis: upright ? names : amounts, yAxis: upright ? amounts : names,
      color: dark() ? ["#82b1ff", "#ffb454", "#7bd8a5", "#e79bd0"] : ["#1d5fd1", "#b3430b", "#19764a", "#8b3a86"],
      series: panel.values.map((column) => ({
        name: panel.columns[column], type: panel.kind, stack: upright ? undefined : "all", symbolSize: 7,
        barMaxWidth: 22, data: panel.rows.map((row) => row[column]),
      })),
    };
  }

  const options = { calendar, grid, line: axes, bar: axes };

  function draw() {
    drawn.forEach((chart) => chart.dispose());
    button.setAttribute("aria-pressed", String(dark()));
    const look = colours();
    drawn = [...document.querySelectorAll(".chart")].map((place) => {
      const panel = panels[place.dataset.panel];
      const rows = panel.kind === "grid" ? new Set(panel.rows.map((row) => row[panel.y])).size : panel.kind === "bar" ? panel.rows.length : 0;
      const upright = panel.kind === "calendar" && place.clientWidth < 600;
      place.style.height = `${Math.min(1400, Math.max(upright ? 420 : 280, rows * 26 + 110))}px`;
      const chart = echarts.init(place, null, { renderer: "canvas" });
      chart.setOption(Object.assign(
        { animation: false, textStyle: { fontFamily: "system-ui, sans-serif" } },
        options[panel.kind](panel, look, place.clientWidth)));
      return chart;
    });
  }

  function choose(value) {
    chosen = value;
    root.dataset.theme = value ? "dark" : "light";
    draw();
  }

  button.addEventListener("click", () => choose(!dark()));
  system.addEventListener("change", draw);
  let waiting;
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth === width) return;
    width = innerWidth;
    clearTimeout(waiting);
    waiting = setTimeout(draw, 150);
  });
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((one) => { one.open = true; }));
  draw();
})();
