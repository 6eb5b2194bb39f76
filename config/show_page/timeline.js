// Events on a line of time: a row for each kind, a bar for each event; a click goes there.
class Timeline {
  constructor(duration, events, chosen, seek) {
    this.duration = duration;
    this.playhead = element("div", { className: "playhead" });
    const kinds = [...new Set(events.map((event) => event.kind))];
    const rows = kinds.map((kind) => {
      const bars = events.filter((event) => event.kind === kind).map((event) => this.bar(event, chosen));
      return element("div", { className: "row" },
        element("span", { className: "name", textContent: words(kind) }),
        element("div", { className: "track" }, ...bars));
    });
    this.scale = element("div", { className: "track scale" }, ...this.ticks());
    this.element = element("div", { className: "timeline" }, ...rows,
      element("div", { className: "row" }, element("span", { className: "name" }), this.scale),
      element("div", { className: "over" }, this.playhead));
    this.element.addEventListener("click", (click) => {
      const track = click.target.closest(".track");
      if (!track || click.target.closest("button")) return;
      const { left, width } = track.getBoundingClientRect();
      seek((this.duration * (click.clientX - left)) / width);
    });
  }

  bar(event, chosen) {
    const button = element("button", {
      type: "button",
      className: event.mistaken ? "bar negative" : "bar",
      title: `${words(event.mistaken ? `no ${event.mistaken}` : event.kind)}, ` +
        `${seconds(event.from)} to ${seconds(event.to)}`,
      data: { event: event.id, kind: event.kind },
      on: { click: () => chosen(event) },
    });
    button.setAttribute("aria-label", button.title);
    button.style.left = `${(100 * event.from) / this.duration}%`;
    button.style.width = `${(100 * (event.to - event.from)) / this.duration}%`;
    return button;
  }

  ticks() {
    const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600];
    const step = steps.find((one) => this.duration / one <= 10) ?? this.duration / 10;
    return Array.from({ length: Math.floor(this.duration / step + 1e-6) + 1 }, (_, number) => {
      const tick = element("span", { textContent: `${+(number * step).toFixed(2)} s` });
      tick.style.left = `${(100 * number * step) / this.duration}%`;
      return tick;
    });
  }

  move(time) {
    this.playhead.style.left = `${(100 * time) / this.duration}%`;
  }
}
