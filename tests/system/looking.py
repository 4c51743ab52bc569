"""Open a page in a browser, and measure what people need who see little or use no mouse."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CONTROLS = (
    '[...document.querySelectorAll("a[href],button,select:enabled,summary,[tabindex=\\"0\\"]")]'
    ".filter((one) => one.checkVisibility())"
)
FOCUSED = """(() => {
  const box = document.activeElement.getBoundingClientRect();
  const style = getComputedStyle(document.activeElement);
  return {
    number: CONTROLS.indexOf(document.activeElement), outline: style.outlineStyle, width: style.outlineWidth,
    in_sight: box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth,
  };
})()""".replace("CONTROLS", CONTROLS)
CONTRASTS = """() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const linear = (part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = numbers(colour).map((part) => linear(part / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (one) => {
    for (; one; one = one.parentElement) {
      const colour = getComputedStyle(one).backgroundColor;
      if (!(numbers(colour).length === 4 && numbers(colour)[3] === 0)) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const found = {};
  const note = (ink, paper) => {
    const [high, low] = [light(ink), light(paper)].sort((a, b) => b - a);
    found[`${ink} on ${paper}`] = (high + 0.05) / (low + 0.05);
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const place = texts.currentNode.parentElement;
    const shown = texts.currentNode.textContent.trim() && place.checkVisibility();
    if (shown) note(getComputedStyle(place).color, ground(place));
  }
  // The charts are drawn with these two on their card.
  const chart = document.querySelector(".chart");
  if (chart) {
    const probe = chart.parentElement.appendChild(document.createElement("i"));
    for (const name of ["--ink", "--soft"]) {
      probe.style.color = `var(${name})`;
      note(getComputedStyle(probe).color, ground(probe));
    }
    probe.remove();
  }
  return found;
}"""


@contextmanager
def looking_at(browser: Any, file: Path, **settings: Any) -> Iterator[Any]:
    """Open a file, and note what the browser complains of and asks for."""
    page = browser.new_page(**({"viewport": {"width": 1280, "height": 900}} | settings))
    page.complaints, page.asked = [], []
    page.on(
        "console",
        lambda line: page.complaints.append(line.text) if line.type in {"error", "warning"} else None,
    )
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("request", lambda call: page.asked.append(call.url))
    page.goto(file.as_uri())
    yield page
    page.close()


def picture(page: Any, name: str) -> None:
    """Take a screenshot for the documentation, if a folder for it is named."""
    folder = os.environ.get("CALCOM_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{folder}/{name}.png")


def open_all(page: Any) -> None:
    for details in page.locator("details").all():
        if details.get_attribute("open") is None and details.is_visible():
            details.locator("summary").click()


def contrasts(page: Any) -> dict[str, float]:
    """Return the lowest contrast of each colour of text that is shown, and of the charts' texts."""
    return page.evaluate(CONTRASTS)


def tabbed(page: Any) -> list[dict[str, Any]]:
    """Go through every control of a page that was just opened by the tabulator key; return what was seen at each."""
    seen = []
    for _ in range(page.evaluate(f"{CONTROLS}.length")):
        page.keyboard.press("Tab")
        seen.append(page.evaluate(FOCUSED))
    return seen
