// Lists of a scenario: its events, its actors, its facts.
function heading(text, ...more) {
  return element("h2", {}, text, ...more);
}

function actorName(actors, track) {
  const actor = actors.get(track);
  return `${actor ? actor.name : "object"} ${track}`;
}

function trackButton(actors, track, select) {
  const swatch = element("i", { className: "swatch" });
  swatch.style.background = rgb(actors.get(track)?.colour ?? [128, 128, 128]);
  return element("button", { type: "button", className: "link", data: { track },
    on: { click: () => select(track) } }, swatch, actorName(actors, track));
}

function table(heads, rows) {
  return element("div", { className: "scroll" }, element("table", {},
    element("thead", {}, element("tr", {}, ...heads.map((text) => element("th", { textContent: text })))),
    element("tbody", {}, ...rows)));
}

function cells(...contents) {
  return element("tr", {}, ...contents.map((content) =>
    element("td", {}, ...(Array.isArray(content) ? content : [content]))));
}

const UNITS = { m: " m", s: " s", mps: " m/s", mps2: " m/s²", px: " px", rad: " rad" };

// The figures of an event; the ends of their names are their units.
function figures(evidence) {
  return evidence.map(([name, value]) => {
    const cut = name.lastIndexOf("_");
    const unit = UNITS[name.slice(cut + 1)];
    return `${words(unit ? name.slice(0, cut) : name)} ${+value.toFixed(2)}${unit ?? ""}`;
  }).join(", ");
}

function eventList(events, actors, chosen, select) {
  const rows = events.map((event) => {
    const name = words(event.mistaken ? `no ${event.mistaken}` : event.kind);
    const row = cells(
      element("button", { type: "button", className: "link", textContent: name,
        on: { click: () => chosen(event) } }),
      `${seconds(event.from)} to ${seconds(event.to)}`,
      event.tracks.map((track) => trackButton(actors, track, select)),
      event.lane ?? "",
      [event.text, element("div", { className: "quiet", textContent: figures(event.evidence) })],
    );
    row.dataset.event = event.id;
    return row;
  });
  const list = events.length ? table(["event", "when", "who", "lane", "what"], rows)
    : element("p", { className: "quiet", textContent: "Nobody has looked for events, or none happened." });
  return element("section", { className: "events" }, heading("Events"), list);
}

function actorList(actors, select) {
  const rows = [...actors.values()].map((actor) => {
    const paint = element("i", { className: "paint", title: actor.paint ? actor.paint.join(", ") : "" });
    if (actor.paint) paint.style.background = rgb(actor.paint);
    const row = cells(
      [trackButton(actors, actor.track, select)], [paint, actor.blueprint], actor.role,
      actor.size.map((value) => value.toFixed(1)).join(" × "), String(actor.actor ?? ""),
      String(actor.recorded ?? ""));
    return row;
  });
  return element("details", { className: "actors" },
    element("summary", {}, heading(`Actors (${rows.length})`)),
    table(["track", "blueprint", "role", "size, m", "CARLA id", "recorded id"], rows));
}

function manoeuvreList(manoeuvres, actors, seek, select) {
  const rows = manoeuvres.map((one) => cells(
    element("button", { type: "button", className: "link", textContent: words(one.kind),
      on: { click: () => seek(one.from) } }),
    `${seconds(one.from)} to ${seconds(one.to)}`,
    [one.track, one.other].filter((track) => track !== null)
      .map((track) => trackButton(actors, track, select)),
    figures(one.figures)));
  return element("details", { className: "manoeuvres" },
    element("summary", {}, heading(`Manoeuvres (${rows.length})`)),
    table(["what", "when", "who", "figures"], rows));
}

function factList(facts) {
  const rows = facts.flatMap(([name, value]) =>
    [element("dt", { textContent: name }), element("dd", { textContent: value })]);
  return element("details", { className: "facts" },
    element("summary", {}, heading("Facts")), element("dl", {}, ...rows));
}
