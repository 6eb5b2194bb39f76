// One scenario: its videos, what is drawn over them, and its lists.
const SHOWN = { boxes: true, cuboids: false, masks: false, marks: false, names: true, ignored: false };
const TOGGLES = [
  ["boxes", "2D boxes"], ["cuboids", "3D boxes"], ["masks", "Masks"], ["marks", "Marks"],
  ["names", "Names"], ["ignored", "Ignored too"],
];
const RATES = [0.25, 0.5, 1, 2];

class ScenarioView {
  constructor(number, told) {
    this.number = number;
    this.told = told;
    this.held = new HeldVideos();
    this.overlays = new Map();
    this.actors = new Map(told.actors.map((actor) => [actor.track, actor]));
    this.cameras = new Set([0, 1].filter((place) => place < told.cameras.length));
    this.versions = new Set([0, 1]);
    this.stage = new Stage(told.dt, told.frames, SHOWN, (frame) => this.moved(frame));
    this.duration = told.frames * told.dt;
    const choose = (event) => this.choose(event);
    const select = (track) => this.select(track);
    this.timeline = new Timeline(this.duration, told.events, choose,
      (time) => this.stage.seek(Math.floor(time / told.dt + 1e-6)));
    this.detail = element("div", { className: "detail", hidden: true });
    this.element = element("article", {},
      element("h1", { textContent: told.name }),
      this.chips(), this.stage.element, this.controls(), this.timeline.element, this.detail,
      eventList(told.events, this.actors, choose, select),
      told.questions.length ? new QuestionList(told, (one) => this.ask(one)).element : "",
      manoeuvreList(told.manoeuvres, this.actors, (time) => this.go(time), select),
      actorList(this.actors, select), factList(told.facts));
  }

  async open() {
    await this.panes();
    this.stage.seek(0);
  }

  chips() {
    const line = element("div", { className: "chips" });
    const add = (set, name, place) => line.append(toggle(name, set.has(place), (on) => {
      if (on) set.add(place);
      else set.delete(place);
      this.panes();
    }));
    this.told.cameras.forEach((camera, place) => add(this.cameras, camera.name, place));
    const most = Math.max(...this.told.cameras.map((camera) => camera.videos.length));
    if (most > 1) {
      line.append(element("span", { className: "gap" }));
      const { videos } = this.told.cameras.find((camera) => camera.videos.length === most);
      videos.forEach((video, place) => add(this.versions, video.name, place));
    }
    return line;
  }

  async overlay(place) {
    if (!this.overlays.has(place)) {
      const frames = await unpacked(`overlay-${this.number}-${place}`);
      this.overlays.set(place, new Overlay(this.told.cameras[place], frames, this.actors));
    }
    return this.overlays.get(place);
  }

  async panes() {
    const places = [...this.cameras].sort((one, other) => one - other);
    const overlays = await Promise.all(places.map((place) => this.overlay(place)));
    this.stage.show((stage) => places.flatMap((place, row) =>
      this.panesOf(place, overlays[row], stage)));
  }

  panesOf(place, overlay, stage) {
    const { name, videos } = this.told.cameras[place];
    if (!videos.length) {
      const fault = "No video of this camera is stored.";
      return [new Pane(overlay, name, null, { fault, variant: null }, stage)];
    }
    return videos.flatMap((video, version) => {
      if (!this.versions.has(version)) return [];
      const id = `video-${this.number}-${place}-${version}`;
      const address = video.fault ? null : video.address ?? this.held.address(id);
      const caption = videos.length > 1 ? `${name} · ${video.name}` : name;
      return [new Pane(overlay, caption, address, video, stage)];
    });
  }

  controls() {
    const button = (text, label, click) => element("button",
      { type: "button", textContent: text, title: label, ariaLabel: label, on: { click } });
    this.playButton = button("Play", "Play or pause (space)", () => this.turn());
    this.playButton.classList.add("play");
    this.clock = element("output", { className: "clock" });
    const rate = element("select", { title: "Speed", ariaLabel: "Speed" },
      ...RATES.map((value) => element("option", { value, textContent: `${value}×`, selected: value === 1 })));
    rate.addEventListener("change", () => this.speed(Number(rate.value)));
    const marked = this.told.cameras.some((camera) => camera.marked);
    const overlays = TOGGLES.filter(([name]) => marked || name !== "marks").map(([name, text]) => {
      const made = toggle(text, SHOWN[name], (on) => {
        SHOWN[name] = on;
        this.stage.draw();
      });
      made.dataset.overlay = name;
      return made;
    });
    return element("div", { className: "controls" }, this.playButton,
      button("‹", "One frame back (left)", () => this.stage.step(-1)),
      button("›", "One frame on (right)", () => this.stage.step(1)),
      rate, this.clock, element("span", { className: "gap" }), ...overlays);
  }

  speed(rate) {
    const { playing } = this.stage;
    this.stage.pause();
    this.stage.rate = rate;
    if (playing) this.stage.play();
  }

  turn() {
    if (this.stage.playing) this.stage.pause();
    else this.stage.play();
    this.moved(this.stage.frame);
  }

  moved(frame) {
    const time = frame * this.told.dt;
    this.clock.textContent = `${seconds(time)}  ·  frame ${frame} of ${this.told.frames}`;
    this.playButton.textContent = this.stage.playing ? "Pause" : "Play";
    this.timeline.move(time);
    for (const bar of this.timeline.element.querySelectorAll(".bar")) {
      const event = this.told.events.find((one) => one.id === bar.dataset.event);
      bar.classList.toggle("now", time >= event.from - 1e-6 && time <= event.to + 1e-6);
    }
  }

  // Goes to the frame of a time.
  go(time) {
    this.stage.pause();
    this.stage.seek(Math.round(time / this.told.dt));
  }

  // Shows the camera that a question is about, with its marks, at the time that answers it.
  async ask(question) {
    const place = this.told.cameras.findIndex((camera) => camera.name === question.camera);
    if (place >= 0 && !this.cameras.has(place)) {
      this.element.querySelectorAll(".chips .toggle")[place].click();
    }
    if (question.marks && !SHOWN.marks) this.element.querySelector("[data-overlay='marks']")?.click();
    this.go(question.at ?? 0);
  }

  // Goes to an event's first frame and shows what is known of it.
  choose(event) {
    this.go(event.from);
    const name = words(event.mistaken ? `no ${event.mistaken}` : event.kind);
    const picture = event.picture
      ? element("img", { src: event.picture, alt: `${name}, seen from above`, loading: "lazy" }) : null;
    const hard = event.difficulty === null ? "" : `Difficulty ${event.difficulty.toFixed(2)}. `;
    this.detail.replaceChildren(element("div", {}, element("h3", { textContent: name }),
      element("p", { textContent: `${seconds(event.from)} to ${seconds(event.to)}: ` +
        (event.text || event.tracks.map((track) => actorName(this.actors, track)).join(", ")) }),
      element("p", { className: "quiet", textContent: hard + figures(event.evidence) })), ...(picture ? [picture] : []));
    this.detail.hidden = false;
    for (const row of this.element.querySelectorAll("tr[data-event]")) {
      row.classList.toggle("chosen", row.dataset.event === event.id);
    }
  }

  // Brings one actor out; a second time lets it go.
  select(track) {
    this.stage.selected = this.stage.selected === track ? null : track;
    for (const button of this.element.querySelectorAll("[data-track]")) {
      button.classList.toggle("chosen", Number(button.dataset.track) === this.stage.selected);
    }
    this.stage.draw();
  }

  close() {
    this.stage.close();
    this.held.free();
  }
}
