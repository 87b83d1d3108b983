// Lays pages out at several widths, in frames, and lists what a reader would see as a fault. The test writes the pages
// and the widths into the document before this script.
"use strict";

const found = [];
const { pages, views } = JSON.parse(document.getElementById("input").textContent);

// Colours as numbers, by painting them over what lies below.
const canvas = document.createElement("canvas");
canvas.width = canvas.height = 1;
const paint = canvas.getContext("2d", { willReadFrequently: true });
const painted = (colours) => {
  paint.clearRect(0, 0, 1, 1);
  for (const colour of colours) {
    paint.fillStyle = colour;
    paint.fillRect(0, 0, 1, 1);
  }
  return paint.getImageData(0, 0, 1, 1).data;
};
// Relative luminance and contrast as WCAG 2.2 defines them.
const luminance = (colours) => {
  const [r, g, b] = [...painted(colours)].slice(0, 3).map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const contrast = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);

const behind = (element) => {
  const layers = [];
  for (let own = element; own; own = own.parentElement) {
    layers.unshift(own.ownerDocument.defaultView.getComputedStyle(own).backgroundColor);
  }
  return layers;
};

const shown = (element) => {
  const box = element.getBoundingClientRect();
  return box.width > 0 && box.height > 0 && element.checkVisibility();
};

const ownText = (element) =>
  [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => node.data).join("").trim();

// Text too faint to read.
function faint(frame, say) {
  for (const element of frame.body.querySelectorAll("*")) {
    const text = ownText(element);
    if (!text || !shown(element) || ["title", "desc"].includes(element.localName)) continue;
    const style = frame.defaultView.getComputedStyle(element);
    const layers = behind(element);
    const ink = element.namespaceURI.endsWith("svg") ? style.fill : style.color;
    // A letter of a logo is a coloured mark, for which 3 is enough.
    const least = element.classList.contains("letter") ? 3 : 4.5;
    const ratio = contrast(luminance([...layers, ink]), luminance(layers));
    if (ratio < least) say(`contrast ${ratio.toFixed(2)}: ${text.slice(0, 40)}`);
  }
}

// Content wider than its page. Frames that scroll may hold more than they show.
function wide(frame, say) {
  const width = frame.documentElement.clientWidth;
  if (frame.documentElement.scrollWidth > width) {
    say(`the page is ${frame.documentElement.scrollWidth} wide`);
  }
  for (const element of frame.body.querySelectorAll("*")) {
    if (!shown(element)) continue;
    const frameOf = element.parentElement.closest(".scroll");
    if (frameOf && frame.defaultView.getComputedStyle(frameOf).overflowX === "auto") continue;
    const box = element.getBoundingClientRect();
    if (box.right > width + 1 || box.left < -1) {
      say(`<${element.localName}> ${ownText(element).slice(0, 40)} reaches from ${box.left.toFixed(0)} to ${box.right.toFixed(0)}`);
    }
  }
}

// Labels of a figure outside of it, or one over another.
function labels(frame, say) {
  for (const figure of frame.querySelectorAll("svg[role=img]")) {
    if (!shown(figure)) continue;
    const name = figure.querySelector("title").textContent;
    const whole = figure.getBoundingClientRect();
    const texts = [...figure.querySelectorAll("text:not(.letter)")].filter(shown);
    const boxes = texts.map((text) => text.getBoundingClientRect());
    boxes.forEach((box, i) => {
      const text = texts[i].textContent;
      if (box.left < whole.left - 1 || box.right > whole.right + 1 || box.top < whole.top - 2 || box.bottom > whole.bottom + 2) {
        say(`${name}: the label ${text} is clipped`);
      }
      for (let other = 0; other < i; other += 1) {
        const b = boxes[other];
        const across = Math.min(box.right, b.right) - Math.max(box.left, b.left);
        const down = Math.min(box.bottom, b.bottom) - Math.max(box.top, b.top);
        if (across > 1 && down > 3) say(`${name}: the labels ${texts[other].textContent} and ${text} overlap`);
      }
    });
  }
}

// An element that the parser moved, made or left out: the source was not valid there.
function parsed(frame, source, say) {
  const inSource = new Map();
  for (const [, name] of source.matchAll(/<([a-z][a-z0-9]*)/gi)) {
    inSource.set(name.toLowerCase(), (inSource.get(name.toLowerCase()) ?? 0) + 1);
  }
  for (const [name, count] of inSource) {
    const kept = [...frame.getElementsByTagName("*")].filter((element) => element.localName.toLowerCase() === name).length;
    if (kept !== count) say(`${count} <${name}> became ${kept}`);
  }
}

// What the page asked for beside itself.
function requests(frame, say) {
  for (const entry of frame.defaultView.performance.getEntriesByType("resource")) say(`asks for ${entry.name}`);
}

async function look() {
  for (const [name, source] of pages) {
    for (const { view, width, print } of views) {
      const frame = document.createElement("iframe");
      frame.style = `width: ${width}px; height: 1000px; border: 0`;
      const text = print ? source.replaceAll("@media print", "@media all") : source;
      const loaded = new Promise((done) => frame.addEventListener("load", done));
      frame.srcdoc = text;
      document.body.append(frame);
      await loaded;
      const own = frame.contentDocument;
      own.querySelectorAll("details").forEach((details) => { details.open = true; });
      const say = (fault) => found.push(`${name}, ${view}: ${fault}`);
      parsed(own, source, say);
      wide(own, say);
      labels(own, say);
      faint(own, say);
      requests(own, say);
      frame.remove();
    }
  }
  document.getElementById("input").remove();
  const result = document.createElement("output");
  result.textContent = JSON.stringify(found);
  document.body.replaceChildren(result);
}
look().catch((error) => {
  const result = document.createElement("output");
  result.textContent = JSON.stringify([`the script failed: ${error.stack}`]);
  document.body.replaceChildren(result);
});
