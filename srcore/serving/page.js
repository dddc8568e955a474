
const $ = (id) => document.getElementById(id);
const OFTEN = 400; // milliseconds between two questions about a picture
let offered = null, picture = null, pictureUrl = "", resultUrl = "", current = null;

// The token is in a cookie now: neither bookmarks nor a shared screen need to show it.
history.replaceState(null, "", "/");
makeSlider($("stack"), $("border"));

async function ask(path, settings = {}) {
  let answer;
  try {
    answer = await fetch(path, settings);
  } catch {
    throw new Error("srcore serve does not answer; is it still running?");
  }
  if (!answer.ok) throw new Error((await answer.text()).trim().replace(/^srcore: /, ""));
  return answer;
}

function complain(error) {
  $("fault").textContent = error ? error.message : "";
  $("fault").hidden = !error;
}

// What is offered

function listModels() {
  const words = $("words").value.toLowerCase().split(/\s+/).filter(Boolean), groups = new Map();
  const before = $("model").value || offered.first;
  for (const model of offered.models) {
    const text = `${model.label} ${model.about} x${model.scale}`.toLowerCase();
    if (!words.every((word) => text.includes(word))) continue;
    if (!groups.has(model.group)) groups.set(model.group, []);
    const scale = model.scale ? ` (×${model.scale})` : "";
    groups.get(model.group).push(new Option(model.label + scale, model.id));
  }
  $("model").replaceChildren(...[...groups].map(([name, options]) => {
    const group = document.createElement("optgroup");
    group.label = name[0].toUpperCase() + name.slice(1);
    group.append(...options);
    return group;
  }));
  const options = [...$("model").options];
  if (options.some((option) => option.value === before)) $("model").value = before;
  if (!options.length) $("model").append(new Option("none has all these words", ""));
  aboutModel();
}

const chosen = () => offered && offered.models.find((model) => model.id === $("model").value);

function aboutModel() {
  const model = chosen();
  $("about").textContent = model ? model.about : "";
  if (model && model.source) {
    const link = document.createElement("a");
    Object.assign(link, { href: model.source, textContent: "its page", target: "_blank", rel: "noreferrer" });
    $("about").append(" · ", link);
  }
  $("consent").hidden = !(model && model.offer);
  $("offer").textContent = model && model.offer ? `Fetch it once: ${model.offer}` : "";
  $("fetch").checked = false;
  $("scale").placeholder = model && model.scale ? `${model.scale}, the model's` : "the model's";
  ready();
}

function ready() {
  const model = chosen();
  $("enlarge").disabled = !picture || !model || Boolean(model.offer && !$("fetch").checked) || Boolean(current);
}

function listRuns() {
  $("runs").hidden = !offered.runs.length;
  $("reports").replaceChildren(...offered.runs.map((name, index) => {
    const line = document.createElement("li"), tick = document.createElement("input"), link = document.createElement("a");
    Object.assign(tick, { type: "checkbox", name: "run", value: name, ariaLabel: `compare ${name}` });
    Object.assign(link, { href: `/report?run=${encodeURIComponent(name)}`, textContent: name, target: "_blank" });
    line.append(tick, link);
    return line;
  }));
  $("compare").hidden = offered.runs.length < 2;
}

async function look() {
  try {
    offered = await (await ask("/offered")).json();
    $("needing").textContent = `${offered.needing} more published models need another package: srcore models names it`;
    $("needing").hidden = !offered.needing;
    $("scale").max = offered.largest_scale;
    const format = $("format").value;
    $("format").replaceChildren(...offered.formats.map((name) => new Option(name.toUpperCase(), name)));
    if (format) $("format").value = format;
    listModels();
    listRuns();
  } catch (error) {
    complain(error);
  }
}

// The picture

async function take(file) {
  if (!file) return;
  complain(null);
  if (file.type.startsWith("video/")) {
    return complain(new Error(`${file.name}: films are enlarged by srcore upscale, not on this page`));
  }
  if (file.size > offered.max_upload) {
    return complain(new Error(`${file.name}: is larger than the ${offered.max_upload / 1e6} MB that are taken here`));
  }
  URL.revokeObjectURL(pictureUrl);
  pictureUrl = URL.createObjectURL(file);
  picture = { file, isShown: true };
  $("chosen").textContent = `${file.name} · ${(file.size / 1e6).toFixed(2)} MB`;
  $("thumbnail").src = pictureUrl;
  $("thumbnail").hidden = false;
  ready();
  try {
    await $("thumbnail").decode();
  } catch {
    if (picture.file !== file) return;
    picture.isShown = false; // a kind that srcore reads and this browser does not
    $("thumbnail").hidden = true;
  }
}

for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    $("drop").classList.toggle("over", kind === "dragover");
    if (kind === "drop") take(event.dataTransfer.files[0]);
  });
}
document.addEventListener("paste", (event) => take(event.clipboardData.files[0]));
$("file").addEventListener("change", () => take($("file").files[0]));

// The work

function stateInWords(job) {
  if (job.state === "waiting" && job.before) return job.before === 1 ? "Waiting: one picture comes first" : `Waiting: ${job.before} pictures come first`;
  if (job.state === "upscaling") return `Enlarging ${job.width} × ${job.height} pixels, ${Math.floor(100 * job.share)} %`;
  return job.doing ? `Preparing: ${job.doing}` : "Preparing";
}

const pause = () => new Promise((resume) => setTimeout(resume, OFTEN));

function show(text, share) {
  if ($("state").textContent !== text) $("state").textContent = text;
  if (share) $("share").value = share;
  else $("share").removeAttribute("value");
}

async function enlarge() {
  const work = { given: new AbortController(), id: "" }, { file, isShown } = picture, before = pictureUrl;
  const query = new URLSearchParams({ model: $("model").value, name: file.name, format: $("format").value, scale: $("scale").value });
  if ($("fetch").checked) query.set("fetch", "1");
  if (!isShown) query.set("viewable", "1");
  current = work;
  complain(null);
  ready();
  show("Sending the picture", 0);
  $("work").hidden = false;
  $("result").hidden = true;
  try {
    const { signal } = work.given;
    let job = await (await ask("/jobs?" + query, { method: "POST", body: file, signal })).json();
    work.id = job.id;
    while (!["done", "failed", "canceled"].includes(job.state) && current === work) {
      show(stateInWords(job), job.share);
      await pause();
      if (current === work) job = await (await ask("/jobs/" + job.id, { signal })).json();
    }
    if (current !== work) return;
    if (job.state !== "done") throw new Error(job.message || `${job.name}: ${job.state}`);
    show("Receiving the result", 0);
    const result = await ask(`/jobs/${job.id}/result`, { signal });
    const name = decodeURIComponent(result.headers.get("Content-Disposition").split("''")[1]);
    const made = URL.createObjectURL(await result.blob());
    const shown = isShown ? before : URL.createObjectURL(await (await ask(`/jobs/${job.id}/viewable`, { signal })).blob());
    if (current === work) await present(job, shown, made, name);
  } catch (error) {
    if (current === work) complain(error);
  } finally {
    forget(work);
  }
}

// Whatever is here now, or is not wanted any more, the server need not keep.
function forget(work) {
  if (work.id) fetch("/jobs/" + work.id, { method: "DELETE", keepalive: true }).catch(() => {});
  work.id = "";
  if (current !== work) return;
  current = null;
  $("work").hidden = true;
  ready();
}

async function present(job, before, after, name) {
  URL.revokeObjectURL(resultUrl);
  resultUrl = after;
  $("stack").style.aspectRatio = `${job.result_width} / ${job.result_height}`;
  $("stack").dataset.width = job.result_width;
  $("actual").setAttribute("aria-pressed", "false");
  zoom(false);
  $("before").src = before;
  $("after").src = after;
  Object.assign($("download"), { href: after, download: name });
  $("made").textContent = `${job.name}: ${job.width} × ${job.height} → ${job.result_width} × ${job.result_height}`;
  const notes = [`${job.model}, ${job.seconds.toFixed(1)} s`, ...job.notes];
  await $("after").decode().catch(() => notes.push("too large to be shown by this browser; download it"));
  $("notes").replaceChildren(...notes.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
  $("result").hidden = false;
  $("made").focus();
}

function zoom(actual) {
  $("frame").classList.toggle("actual", actual);
  $("stack").style.width = actual ? $("stack").dataset.width / devicePixelRatio + "px" : "";
}

$("actual").addEventListener("click", () => {
  const actual = $("actual").getAttribute("aria-pressed") !== "true";
  $("actual").setAttribute("aria-pressed", String(actual));
  zoom(actual);
});
$("request").addEventListener("submit", (event) => {
  event.preventDefault();
  enlarge();
});
$("cancel").addEventListener("click", () => {
  const work = current;
  work.given.abort();
  forget(work);
  $("enlarge").focus();
});
$("words").addEventListener("input", listModels);
$("model").addEventListener("change", aboutModel);
$("fetch").addEventListener("change", ready);
$("reports").addEventListener("change", () => {
  $("compare").disabled = !$("reports").querySelector(":checked");
});
addEventListener("pagehide", () => current && forget(current));
look();
