// The page: what is set, what is seen. The server knows everything else; it tells by events, see docs/page.md.
"use strict";

const $ = id => document.getElementById(id);
const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && name !== "list") element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
};

const settings = {preset: "menagerie", size: 640};
let about = null, photograph = {}, work = {kind: ""}, results = [], shown = 0, settled = true;
let zoomAmounts = {}, zoomLists = {layers: [], classes: []};
const controls = {};                  // name -> {show()}: brings a control to what settings say

// ---- Talking to the server ----------------------------------------------------------------------------------------

async function ask(path, body) {
  let answer;
  try {
    answer = await fetch(path, body === undefined ? {} : {
      method: "POST", body: body instanceof Blob ? body : JSON.stringify(body)});
  } catch {
    throw new Error("deepdream does not answer; is it still running?");
  }
  const found = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(found.error || `${answer.status}`);
  return found;
}

const attempt = (path, body = {}) => ask(path, body).catch(error => toast(error.message, true));

function toast(text, bad = false) {
  if ([...$("toasts").children].some(one => one.textContent === text)) return;
  const line = make("p", {className: bad ? "bad" : "", textContent: text, title: "click to close", onclick: () => line.remove()});
  $("toasts").append(line);
  setTimeout(() => line.remove(), bad ? 12000 : 6000);
}

function listen() {
  const events = new EventSource("events");
  const on = (kind, hear) => events.addEventListener(kind, event => hear(JSON.parse(event.data)));
  on("photograph", seePhotograph);
  on("thumb", seeThumb);
  on("frame", seeFrame);
  on("work", seeWork);
  on("results", seeResults);
  on("done", done => { shown = done.number; settled = true; showResults(); toast(`dreamed in ${seconds(done.seconds)}`); });
  on("recording", seeRecording);
  on("note", note => toast(note.text));
  on("problem", problem => toast(problem.text, true));
  events.onerror = () => status("deepdream is not there any more; start it again and open its new address");
  events.onopen = () => showStatus();
}

const seconds = s => s < 90 ? `${s < 10 ? Math.round(s * 10) / 10 : Math.round(s)} s` : `${Math.floor(s / 60)} min ${Math.round(s % 60)} s`;

// ---- The picture ----------------------------------------------------------------------------------------------------

const view = $("view"), before = $("before"), mask = $("mask");
let lastDrawn = 0;
window.framesSeen = 0;

async function fetched(path) {      // the picture there; null if there is none any more, or nobody answers
  const answer = await fetch(path).catch(() => toast("deepdream does not answer; is it still running?", true));
  return answer?.ok ? answer.blob().then(bitmap).catch(() => null) : null;
}

async function bitmap(source) {
  const blob = typeof source !== "string" ? source : new Blob([Uint8Array.from(atob(source), c => c.charCodeAt(0))], {type: "image/jpeg"});
  return createImageBitmap(blob);
}

function draw(canvas, image) {
  if (canvas.width !== image.width || canvas.height !== image.height) {
    canvas.width = image.width;
    canvas.height = image.height;
  }
  canvas.getContext("2d").drawImage(image, 0, 0);
}

function shape(width, height) { $("stage").style.setProperty("--ratio", width / height); }

async function seeFrame(frame) {
  const number = ++window.framesSeen;
  Object.assign(work, frame, {jpeg: undefined});
  const image = await bitmap(frame.jpeg);
  if (number < lastDrawn) return;
  lastDrawn = number;
  shape(image.width, image.height);
  draw(view, image);
  showStatus();
}

async function seePhotograph(found) {
  const fresh = found.number !== photograph.number;
  photograph = found;
  if (settings.mask && !found.mask) delete settings.mask;
  if (!found.guide) delete settings.guide;
  $("name").textContent = found.shipped ? "cat and dog" : found.name;
  $("about").textContent = `${found.width} × ${found.height}`;
  hint();
  showControls();
  if (!fresh) return;
  if (smallFor !== found.number) for (const image of [$("small"), ...$("presets").querySelectorAll(".waiting img")]) image.src = `original?${found.number}`;
  const image = await fetched(`original?${found.number}`);
  if (!image) return;
  draw(before, image);
  endMask();
  if (!work.kind) showOriginal();
  showResults();
}

function hint(text = "") {
  const fresh = photograph.shipped && !results.length && !work.kind;
  $("hint").textContent = text || (fresh ? "drop a photograph here, or click a small picture" : "");
}

function showOriginal() {
  shown = 0;
  shape(before.width, before.height);
  draw(view, before);
  showResults();
  showStatus();
}

async function showResult(number) {
  const result = results.find(one => one.number === number);
  if (!result) return showOriginal();
  shown = number;
  showResults();
  const image = await fetched(`picture?number=${number}&format=jpg&view=1`);
  if (!image || shown !== number || work.kind) return;
  shape(image.width, image.height);
  draw(view, image);
  showStatus();
}

function seeResults(found) {
  results = found;
  if (!results.some(one => one.number === shown)) shown = 0;
  if (found.length && !work.kind && !shown && view.width === 300) showResult(found.at(-1).number);
  showResults();
}

let strip = "";
function showResults() {
  const key = `${photograph.number}|${results.map(one => one.number)}`;
  if (key !== strip) {
    strip = key;
    const picture = (number, url, title) => make("button", {title, "data-number": number, onclick: () => choose(number)},
      make("img", {src: url, alt: title}));
    $("history").replaceChildren(...(results.length ? [picture(0, `original?${photograph.number}`, "the photograph")] : []),
      ...results.map(one => picture(one.number, `picture?number=${one.number}&format=jpg&view=1`,
        `${one.number}: ${one.kind === "zoom" ? "live zoom" : one.settings.preset || "original"}`)));
    $("history").lastElementChild?.scrollIntoView({block: "nearest", inline: "end"});
  }
  for (const button of $("history").children) button.setAttribute("aria-current", Number(button.dataset.number) === shown && !work.kind);
  const result = results.find(one => one.number === shown);
  for (const format of ["png", "jpg"]) {
    const link = $(`save-${format}`);
    const url = work.kind ? `picture?format=${format}` : result ? `picture?number=${shown}&format=${format}` : "";
    link.setAttribute("aria-disabled", !url);
    if (url) { link.href = url; link.download = result && !work.kind ? "" : `dream.${format}`; } else link.removeAttribute("href");
    link.title = work.kind || (result && !result.finished) ? "save as it is now: unfinished, so without a recipe" : `save as ${format === "png" ? "PNG" : "JPEG"}, its recipe inside`;
  }
  $("b-back").disabled = !results.length || (!shown && !work.kind);
  showCommand();
}

function choose(number) {           // a result, or 0 for the photograph; its settings come back with it
  if (work.kind) attempt("stop");
  work = {kind: ""};
  const result = results.find(one => one.number === number);
  if (result && result.kind === "dream") {
    for (const name of Object.keys(settings)) delete settings[name];
    Object.assign(settings, structuredClone(result.settings));
    if (settings.mask && !photograph.mask) delete settings.mask;
    if (settings.guide && !photograph.guide) delete settings.guide;
    settled = true;
  }
  showControls();
  if (number) showResult(number); else showOriginal();
}

function walk(by) {
  const order = [0, ...results.map(one => one.number)];
  const at = work.kind ? order.length : order.indexOf(shown);
  const next = order[Math.max(0, Math.min(order.length - 1, at + by))];
  if (next !== undefined) choose(next);
}

// ---- What is going on -----------------------------------------------------------------------------------------------

let begun = false;
function seeWork(found) {
  const ended = work.kind && !found.kind;
  if (!begun && found.settings) {           // the page was reloaded in the middle of it
    for (const name of Object.keys(settings)) delete settings[name];
    Object.assign(settings, found.settings);
    showControls();
  }
  begun = true;
  work = found;
  hint();
  if (found.kind === "zoom") {
    zoomAmounts = {...found.amounts};
    zoomLists = {layers: found.layers, classes: found.classes};
    showZoom();
  }
  if (ended && !shown && results.length) showResult(results.at(-1).number);
  showStatus();
  showResults();
}

function status(text) { $("status").textContent = text; }

function showStatus() {
  const {kind, paused} = work, going = kind && !paused;
  const result = results.find(one => one.number === shown);
  if (kind === "dream") {
    const left = work.left == null ? "" : ` · ${seconds(work.left)} left`;
    status(`${paused ? "paused · " : ""}octave ${work.octave} of ${work.octaves} · step ${work.step} of ${work.steps}${left} · ${work.width} × ${work.height}`);
  } else if (kind === "zoom") {
    const now = work.now ? ` · ${work.now}` : "", recording = work.recording == null ? "" : ` · recording, ${work.recording} frames`;
    status(`${paused ? "paused" : `${work.rate} frames a second`} · ${work.width} × ${work.height}${now}${recording}`);
  } else if (result) {
    const what = result.kind === "zoom" ? "live zoom" : result.settings.preset || "original";
    status(`${result.number} · ${what} · ${result.width} × ${result.height}${result.finished ? "" : " · stopped, so without a recipe"}`);
  } else status(photograph.name ? "click a small picture, and watch" : "");
  $("progress").firstElementChild.style.width = `${kind === "dream" ? 100 * work.share : kind ? 100 : 0}%`;
  $("progress").setAttribute("aria-valuenow", kind === "dream" ? Math.round(100 * work.share) : 0);
  const go = $("b-go");
  go.querySelector("use").setAttribute("href", going ? "#pause" : "#go");
  go.setAttribute("aria-label", going ? "pause" : kind ? "go on" : "dream");
  go.title = `${going ? "pause" : kind ? "go on" : "dream"} (space)`;
  $("b-step").disabled = !kind;
  $("b-stop").disabled = !kind;
  $("start").textContent = kind === "dream" ? "Dream anew" : "Dream";
  $("zoom-start").textContent = kind === "zoom" ? "Start anew from the photograph" : "Start";
  const record = $("record");
  record.disabled = kind !== "zoom";
  record.classList.toggle("on", work.recording != null);
  record.textContent = work.recording != null ? "Stop recording" : "Record";
  for (const button of $("history").children) button.setAttribute("aria-current", Number(button.dataset.number) === shown && !kind);
}

async function start() {
  settled = true;
  if (drawing) await useMask();
  shown = 0;
  await attempt("start", {settings});
}

function goOn() {
  if (!work.kind) return $("p-zoom").hidden ? start() : startZoom();
  attempt(work.paused ? "go" : "pause");
}

// ---- Photographs ------------------------------------------------------------------------------------------------------

const LARGEST = 64 * 2 ** 20;

async function give(file, as) {
  if (!file) return;
  status(`reading ${file.name || "the picture"}…`);
  const send = (data, name) => ask(`file?as=${as}&name=${encodeURIComponent(name)}`, data);
  const name = file.name || "pasted.png";
  try {
    if (file.size > LARGEST) throw new Error("larger than 64 MB");
    await send(file, name);
  } catch (error) {
    try {                   // what the browser can show and deepdream cannot read is made a PNG here
      const image = await createImageBitmap(file);
      const share = Math.min(1, 4096 / Math.max(image.width, image.height));
      const canvas = make("canvas", {width: Math.round(image.width * share), height: Math.round(image.height * share)});
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      const blob = await new Promise(done => canvas.toBlob(done, "image/png"));
      await send(blob, name.replace(/\.[^.]*$/, "") + ".png");
      toast("this kind of picture was made a PNG first");
    } catch {
      toast(error.message, true);
      showStatus();
      return;
    }
  }
  if (as === "guide") { settings.guide = true; if (!settings.preset || about.presets.find(one => one.name === settings.preset)?.wants === "class") settings.preset = "guided"; }
  changed();
  showStatus();
}

const drop = $("drop");
let dragging = 0;
const carriesFile = event => [...(event.dataTransfer?.types || [])].includes("Files");
addEventListener("dragenter", event => { if (carriesFile(event)) { event.preventDefault(); dragging++; drop.hidden = false; } });
addEventListener("dragleave", () => { if (--dragging <= 0) { dragging = 0; drop.hidden = true; } });
addEventListener("dragover", event => {
  if (!carriesFile(event)) return;
  event.preventDefault();
  for (const zone of drop.children) zone.classList.toggle("over", zone.contains(event.target));
});
addEventListener("drop", event => {
  if (!carriesFile(event)) return;
  event.preventDefault();
  dragging = 0;
  drop.hidden = true;
  give(event.dataTransfer.files[0], event.target.dataset?.as || "photograph");
});
addEventListener("paste", event => {
  const file = [...(event.clipboardData?.files || [])].find(one => one.type.startsWith("image/"));
  if (file) { event.preventDefault(); give(file, "photograph"); }
});
$("choose").onclick = () => $("file").click();
$("stage").ondblclick = () => { if (!work.kind && photograph.shipped) $("file").click(); };
for (const [id, as] of [["file", "photograph"], ["guide-file", "guide"]]) {
  $(id).onchange = async () => {
    await give($(id).files[0], as);
    $(id).value = "";
    if (as === "guide" && settings.preset === "guided") start();
  };
}

// ---- Presets ------------------------------------------------------------------------------------------------------------

function makePresets() {
  const cards = about.presets.map(preset => make("button", {
    role: "option", "data-preset": preset.name, className: "waiting", title: `${preset.line} (${preset.origin})`,
    onclick: () => choosePreset(preset)}, make("span", {className: "picture"}, make("img", {alt: ""})), preset.name));
  $("presets").replaceChildren(...cards);
}

function choosePreset(preset) {
  settings.preset = preset.name;
  if (preset.wants === "class" && !settings.class?.length) settings.class = [about.example.split(",")[0]];
  if (preset.wants === "guide") {
    if (!photograph.guide) { changed(); $("guide-file").click(); return; }
    settings.guide = true;
  }
  changed();
  start();
}

let smallFor = 0;                     // the photograph that the small pictures are of
function seeThumb(thumb) {
  const url = `data:image/jpeg;base64,${thumb.jpeg}`;
  const cards = [...$("presets").children];
  if (!thumb.preset) {
    smallFor = thumb.photograph;
    $("small").src = url;
    for (const card of cards) { card.classList.add("waiting"); card.querySelector("img").src = url; }
    return;
  }
  const card = cards.find(one => one.dataset.preset === thumb.preset);
  if (!card) return;
  card.classList.remove("waiting");
  card.querySelector("img").src = url;
}

// ---- Controls: one for each option of the command line -------------------------------------------------------------------

const TITLES = {class: "what shall grow", layer: "layer", strength: "strength", octaves: "octaves", steps: "steps in each",
  step_size: "step size", size: "size", seed: "seed"};

function title(control) { return TITLES[control.name] || control.flag.slice(2).replace(/-/g, " "); }

function usual(control) {           // where a control is that has not been touched
  const preset = about.presets.find(one => one.name === settings.preset);
  return preset?.values[control.name] ?? control.default;
}

function set(name, value) {
  if (value === undefined || value === "" || value === false || (Array.isArray(value) && !value.length)) delete settings[name];
  else settings[name] = value;
  changed();
}

function changed() {
  settled = false;
  showControls();
  showCommand();
}

function showControls() {
  if (!about) return;
  for (const one of Object.values(controls)) one.show();
  $("b-mask").classList.toggle("set", Boolean(settings.mask));
  for (const card of $("presets").children) card.setAttribute("aria-selected", card.dataset.preset === settings.preset);
  const preset = about.presets.find(one => one.name === settings.preset);
  $("line").textContent = preset ? `${preset.line} (${preset.origin})` : "the dream of the program of 2021: dogs and eyes, growing from size to size";
}

function makeControl(control) {
  const value = make("span"), box = make("div", {className: "control"}), help = make("small", {textContent: control.help, hidden: true});
  const reset = make("button", {className: "reset", textContent: "×", title: "as usual", "aria-label": `${title(control)}: as usual`,
    onclick: () => set(control.name, control.name === "size" ? 640 : undefined)});
  const label = make("button", {className: "label", textContent: title(control), title: control.help, "aria-expanded": false,
    onclick: () => { help.hidden = !help.hidden; label.setAttribute("aria-expanded", !help.hidden); }});
  box.append(label, make("span", {className: "value"}, value, reset));
  const name = control.name, labelled = {"aria-label": `${title(control)}: ${control.help}`};
  const isSet = () => settings[name] !== undefined && !(name === "size" && settings.size === 640);
  let show;
  if (control.kind === "slider") {
    const range = make("input", {type: "range", min: control.low, max: control.high, step: control.step, className: "wide", ...labelled,
      oninput: () => set(name, Number(range.value))});
    range.style.minHeight = "26px";
    box.append(range);
    show = () => {
      const now = settings[name] ?? usual(control);
      range.value = now ?? control.low;
      value.textContent = settings[name] === undefined && now == null ? "as usual" : name === "octaves" && now >= 64 ? "all" : +Number(now).toFixed(2);
    };
  } else if (control.kind === "word") {
    const choice = make("select", {className: "wide", ...labelled, onchange: () => set(name, choice.value)},
      make("option", {value: "", textContent: "as usual"}), ...control.words.map(word => make("option", {value: word, textContent: word})));
    box.append(choice);
    show = () => { choice.value = settings[name] ?? ""; };
  } else if (control.kind === "switch") {
    const tick = make("input", {type: "checkbox", ...labelled, onchange: () => set(name, tick.checked)});
    value.append(tick);
    show = () => { tick.checked = Boolean(settings[name]); };
  } else if (control.kind === "seed") {
    const field = make("input", {type: "number", min: 0, max: 999999999, ...labelled, onchange: () => set(name, field.value === "" ? undefined : Number(field.value))});
    const dice = make("button", {className: "icon", title: "another one", "aria-label": "another seed",
      onclick: () => set(name, Math.floor(Math.random() * 10000))});
    dice.innerHTML = '<svg><use href="#dice"/></svg>';
    box.append(make("div", {className: "fields"}, field, dice));
    show = () => { field.value = settings[name] ?? 0; };
  } else if (control.kind === "layer") {
    const field = make("input", {placeholder: String(usual(control) || "as usual"), spellcheck: false, ...labelled, onchange: () => set(name, field.value.trim())});
    field.setAttribute("list", "l-layers");
    const fields = make("div", {className: "fields"}, field);
    let channels = null;
    if (name === "layer") {
      channels = make("input", {placeholder: "channels", className: "narrow", spellcheck: false, title: "some channels of the layer only, such as 12,40-44",
        "aria-label": "channels of the layer", onchange: () => {
          const rest = (settings.maximize || []).filter(one => !one.startsWith(`${channels.layer}:`));
          const layer = field.value.trim() || settings.layer;
          if (channels.value.trim() && layer) {
            delete settings.layer;
            channels.layer = layer;
            set("maximize", [...rest, `${layer}:${channels.value.replace(/\s+/g, "")}`]);
          } else { if (layer) settings.layer = layer; set("maximize", rest); }
        }});
      channels.layer = "";
      fields.append(channels);
    }
    box.append(fields);
    show = () => {
      field.placeholder = String(usual(control) || "as usual");
      if (document.activeElement === field) return;
      const own = channels && (settings.maximize || []).find(one => channels.layer && one.startsWith(`${channels.layer}:`));
      field.value = settings[name] ?? (own ? channels.layer : "");
      if (channels && document.activeElement !== channels) channels.value = own ? own.slice(channels.layer.length + 1) : "";
    };
  } else if (control.kind === "picture") {
    const pick = make("button", {className: "wide", onclick: () => {
      if (name === "mask") { beginMask(); return; }
      $("guide-file").click();
    }});
    reset.onclick = () => ask(`file?as=${name}`, new Blob([])).then(() => set(name, undefined), () => set(name, undefined));
    box.append(pick);
    show = () => { pick.textContent = settings[name] && photograph[name] ? photograph[name] : name === "mask" ? "paint one" : "choose or drop a picture"; };
  } else if (control.repeats) {
    const chips = make("div", {className: "chips"});
    const field = make("input", {className: "wide", spellcheck: false, ...labelled,
      placeholder: control.kind === "class" ? "a class: goldfish, dogs …" : control.hint});
    if (control.kind === "class") field.setAttribute("list", "l-classes");
    if (control.kind === "layers") field.setAttribute("list", "l-layers");
    adding(field, text => set(name, [...(settings[name] || []), text]));
    box.append(field, chips);
    show = () => chips.replaceChildren(...(settings[name] || []).map(one => make("button", {textContent: one, title: "take it away",
      onclick: () => set(name, settings[name].filter(other => other !== one))})));
  } else {
    const field = make("input", {className: "wide", spellcheck: false, placeholder: control.hint, ...labelled, onchange: () => set(name, field.value.trim())});
    box.append(field);
    show = () => { if (document.activeElement !== field) field.value = settings[name] ?? ""; };
  }
  box.append(help);
  controls[name] = {show: () => { show(); box.classList.toggle("set", isSet()); }};
  return box;
}

function adding(field, add) {       // a field whose text is added when it is chosen or Enter is pressed
  const take = () => { const text = field.value.trim(); field.value = ""; if (text) add(text); };
  field.addEventListener("change", take);
  field.addEventListener("keydown", event => { if (event.key === "Enter") { event.preventDefault(); take(); } });
  field.addEventListener("input", event => {
    if (event.inputType === "insertReplacementText" || (!event.inputType && field.value)) take();      // from the list
  });
}

function makeControls() {
  $("first").replaceChildren(...about.controls.filter(one => one.first).map(makeControl));
  const more = [];
  let heading = "";
  for (const control of about.controls.filter(one => !one.first && one.kind !== "preset")) {
    if (control.heading !== heading) more.push(make("h3", {textContent: heading = control.heading}));
    more.push(makeControl(control));
  }
  $("more").replaceChildren(...more);
  controls.preset = {show() {}};
  $("l-layers").replaceChildren(...about.layers.map(one => make("option", {value: one.short, label: `${one.channels} channels`})));
  const known = about.classes.filter(one => one.known);
  $("l-classes").replaceChildren(...about.groups.map(one => make("option", {value: one, label: "a group"})),
    ...known.map(one => make("option", {value: one.label.split(",")[0]})));
}

let asked = 0;
function showCommand() {
  clearTimeout(showCommand.timer);
  showCommand.timer = setTimeout(async () => {
    const line = $("line-text"), result = results.find(one => one.number === shown);
    if (!about) return;
    if (!$("p-zoom").hidden) { line.textContent = zoomCommand(); line.classList.remove("wrong"); return; }
    if (result && result.finished && settled && !work.kind) { line.textContent = result.commands.png; line.classList.remove("wrong"); return; }
    const number = ++asked;
    const found = await ask("command", {settings}).catch(error => ({command: "", error: error.message}));
    if (number !== asked) return;
    line.textContent = found.error || found.command;
    line.classList.toggle("wrong", Boolean(found.error));
  }, 120);
}

$("copy").onclick = async () => {
  try { await navigator.clipboard.writeText($("line-text").textContent); } catch {
    getSelection().selectAllChildren($("line-text"));
    document.execCommand("copy");
  }
  $("copy").textContent = "copied";
  setTimeout(() => { $("copy").textContent = "copy"; }, 1500);
};

// ---- Live zoom ------------------------------------------------------------------------------------------------------------

const ZOOM_TITLES = {zoom: "nearer", turn: "turn", step_size: "strength", steps: "steps in each frame", each: "seconds for each", size: "size"};
const zoomShows = [];

function makeZoom() {
  const amounts = Object.entries(about.zoom).map(([name, row]) => {
    const value = make("span", {className: "value"});
    const range = make("input", {type: "range", min: row.low, max: row.high, step: row.step, className: "wide", "aria-label": `${ZOOM_TITLES[name]}: ${row.help}`,
      oninput: () => { zoomAmounts[name] = Number(range.value); showZoom(); steer(); }});
    zoomAmounts[name] = row.default;
    zoomShows.push(() => { range.value = zoomAmounts[name]; value.textContent = +Number(zoomAmounts[name]).toFixed(2); });
    return make("div", {className: "control", title: row.help}, make("span", {textContent: ZOOM_TITLES[name]}), value, range);
  });
  $("zoom-amounts").replaceChildren(...amounts);
  const list = (name, text, from) => {
    const chips = make("div", {className: "chips"}), field = make("input", {className: "wide", placeholder: text, "aria-label": text, spellcheck: false});
    field.setAttribute("list", from);
    adding(field, one => { zoomLists[name] = [...zoomLists[name], one]; showZoom(); steer(); });
    zoomShows.push(() => chips.replaceChildren(...zoomLists[name].map(one => make("button", {textContent: one, title: "take it away",
      onclick: () => { zoomLists[name] = zoomLists[name].filter(other => other !== one); showZoom(); steer(); }}))));
    return make("div", {className: "control"}, field, chips);
  };
  const some = make("button", {textContent: "five animals by chance", onclick: () => {
    const animals = about.classes.filter(one => one.known && one.groups.some(group => !["objects", "food", "landscapes", "plants", "fungi"].includes(group)));
    zoomLists = {layers: [], classes: Array.from({length: 5}, () => animals[Math.floor(Math.random() * animals.length)]?.label.split(",")[0]).filter(Boolean)};
    showZoom();
    steer();
  }});
  $("zoom-what").replaceChildren(list("layers", "a layer: 3b, 4c …", "l-layers"), list("classes", "a class: goldfish, dogs …", "l-classes"), some);
  showZoom();
}

function showZoom() { for (const show of zoomShows) show(); showCommand(); }

let steering = 0;
function steer() {
  if (work.kind !== "zoom") return;
  clearTimeout(steering);
  steering = setTimeout(() => attempt("steer", {...zoomAmounts, ...zoomLists}), 80);
}

async function startZoom() { shown = 0; await attempt("zoom", {...zoomAmounts, ...zoomLists}); }

function zoomCommand() {                     // about the same: 15 frames a second, not as many as there is time for
  const {zoom, turn, step_size, steps, size} = zoomAmounts, words = [];
  if (zoom) words.push(`--distort zoom:${(1 - (1 + zoom / 100) ** (-1 / 30)).toFixed(4)}`);
  if (turn) words.push(`--distort rotate:${(turn / 30).toFixed(3)}`);
  const quoted = text => /^[\w.:*,-]+$/.test(text) ? text : `'${text.replace(/'/g, "'\\''")}'`;
  for (const layer of zoomLists.layers.slice(0, 1)) words.push(`--layer ${quoted(layer)}`);
  if (!zoomLists.layers.length) for (const one of zoomLists.classes) words.push(`--through ${quoted(one)}`);
  if (zoomLists.classes.length > 1 && !zoomLists.layers.length) words.push(`--each ${Math.round(zoomAmounts.each * 15)}`);
  return `${about.program} animate ${photograph.shipped ? "" : quoted(photograph.name || "") + " "}--size ${size} --octaves 1 ` +
    `--steps ${steps} --step-size ${+(step_size * 10 / 15).toFixed(2)} ${words.join(" ")} -o zoom.gif`;
}

$("zoom-start").onclick = startZoom;
$("record").onclick = () => attempt("record", work.recording != null ? {on: false} : {on: true, format: $("record-format").value});

function seeRecording(found) {
  const link = $("recording"), ready = found.bytes > 0;
  link.hidden = !ready;
  link.href = "recording";
  link.download = "";
  link.textContent = ready ? `save (${(found.bytes / 1e6).toFixed(1)} MB)` : "";
  $("recording-about").textContent = ready ? `${found.frames} frames, ${seconds(found.seconds)}` : `writing frame ${found.done} of ${found.frames} …`;
}

for (const [tab, panel] of [["t-dream", "p-dream"], ["t-zoom", "p-zoom"]]) {
  $(tab).onclick = () => {
    for (const [other, its] of [["t-dream", "p-dream"], ["t-zoom", "p-zoom"]]) {
      $(other).setAttribute("aria-selected", other === tab);
      $(its).hidden = its !== panel;
    }
    $("start").hidden = panel !== "p-dream";
    $("zoom-start").hidden = panel !== "p-zoom";
    showCommand();
  };
}

// ---- Compare -----------------------------------------------------------------------------------------------------------

function compare(on) {
  for (const id of ["before", "divider", "cut"]) $(id).hidden = !on;
  $("b-compare").setAttribute("aria-pressed", on);
  if (on) { endMask(); $("cut").focus({preventScroll: true}); }
}
$("cut").oninput = () => $("frame").style.setProperty("--cut", `${$("cut").value}%`);
$("b-compare").onclick = () => compare($("before").hidden);

// ---- Mask --------------------------------------------------------------------------------------------------------------

let drawing = false, erasing = false, stroke = null;

function beginMask() {
  compare(false);
  drawing = true;
  mask.hidden = $("brushes").hidden = false;
  $("b-mask").setAttribute("aria-pressed", true);
  if (mask.width !== before.width || mask.height !== before.height || !photograph.mask) {
    mask.width = before.width;
    mask.height = before.height;
  }
  if (!work.kind && !shown) showOriginal();
  hint("paint where it shall dream");
}

function endMask() {
  drawing = false;
  mask.hidden = $("brushes").hidden = true;
  $("b-mask").setAttribute("aria-pressed", false);
  hint();
}

async function useMask() {
  const paper = make("canvas", {width: mask.width, height: mask.height}), ink = paper.getContext("2d");
  const soft = Math.round(Math.max(paper.width, paper.height) / 100);
  ink.fillStyle = "#000";
  ink.fillRect(0, 0, paper.width, paper.height);
  ink.filter = `blur(${soft}px)`;
  ink.drawImage(mask, 0, 0);
  const some = ink.getImageData(0, 0, paper.width, paper.height).data.some((level, at) => at % 4 === 0 && level > 127);
  endMask();
  if (!some) { delete settings.mask; changed(); return; }
  const blob = await new Promise(done => paper.toBlob(done, "image/png"));
  try {
    await ask(`file?as=mask&name=${encodeURIComponent((photograph.name || "").replace(/\.[^.]*$/, "") + "_mask.png")}`, blob);
    photograph.mask = photograph.mask || "mask";
    settings.mask = true;
  } catch (error) { toast(error.message, true); }
  changed();
}

function place(event) {
  const box = mask.getBoundingClientRect();
  return [(event.clientX - box.left) / box.width * mask.width, (event.clientY - box.top) / box.height * mask.height];
}

function paint(from, to) {
  const ink = mask.getContext("2d");
  ink.globalCompositeOperation = erasing ? "destination-out" : "source-over";
  ink.strokeStyle = "#fff";
  ink.lineCap = "round";
  ink.lineWidth = Number($("brush-size").value) / 100 * Math.max(mask.width, mask.height);
  ink.beginPath();
  ink.moveTo(...from);
  ink.lineTo(to[0] + 0.01, to[1]);
  ink.stroke();
}

mask.onpointerdown = event => { mask.setPointerCapture(event.pointerId); stroke = place(event); paint(stroke, stroke); };
mask.onpointermove = event => { if (stroke) { const next = place(event); paint(stroke, next); stroke = next; } };
mask.onpointerup = mask.onpointercancel = () => { stroke = null; };
$("b-mask").onclick = () => drawing ? endMask() : beginMask();
$("brush-erase").onclick = () => { erasing = !erasing; $("brush-erase").setAttribute("aria-pressed", erasing); };
$("brush-clear").onclick = () => mask.getContext("2d").clearRect(0, 0, mask.width, mask.height);
$("brush-invert").onclick = () => {
  const ink = mask.getContext("2d");
  ink.globalCompositeOperation = "xor";
  ink.fillStyle = "#fff";
  ink.fillRect(0, 0, mask.width, mask.height);
};
$("brush-done").onclick = async () => { await useMask(); if (settings.mask) start(); };

// ---- Buttons and keys --------------------------------------------------------------------------------------------------

$("start").onclick = start;
$("b-go").onclick = goOn;
$("b-step").onclick = () => attempt("step");
$("b-stop").onclick = () => attempt("stop");
$("b-back").onclick = () => walk(-1);

const KEYS = {" ": goOn, ".": () => work.kind && attempt("step"), Escape: () => drawing ? endMask() : work.kind && attempt("stop"),
  ArrowLeft: () => walk(-1), ArrowRight: () => walk(1), c: () => compare($("before").hidden), m: () => $("b-mask").click(),
  s: () => $("save-png").hasAttribute("href") && $("save-png").click(), "?": () => $("help").showModal()};
addEventListener("click", event => {          // a key after a click is not for what was clicked
  if (event.detail) event.target.closest?.("button, summary")?.blur();
});
addEventListener("keydown", event => {
  const at = event.target;
  if (event.ctrlKey || event.metaKey || event.altKey || $("help").open) return;
  if (at.matches("input:not([type=range]):not([type=checkbox]), select, textarea")) return;
  if (event.key.startsWith("Arrow") && at.matches("input, select, [role=tab]")) return;
  if (event.key === " " && at.matches("button, summary, a, input")) return;
  const act = KEYS[event.key];
  if (act) { event.preventDefault(); act(); }
});

(async () => {
  try {
    about = await ask("about");
  } catch (error) {
    status(error.message);
    return;
  }
  $("engine").textContent = `deepdream ${about.version} · ${about.engine}, ${about.cores} cores · ${about.model} · ? shows the keys`;
  if (!about.presets.some(one => one.name === settings.preset)) delete settings.preset;
  makePresets();
  makeControls();
  makeZoom();
  showControls();
  listen();
})();
