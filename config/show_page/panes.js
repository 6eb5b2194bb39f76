// Videos with their overlays, which play together; the first one leads.
class Pane {
  constructor(overlay, caption, address, { fault, variant }, stage) {
    this.overlay = overlay;
    this.stage = stage;
    this.variant = variant;
    this.frame = 0;
    this.canvas = element("canvas");
    this.video = null;
    const { width, height } = overlay.camera;
    this.screen = element("div", { className: "screen" }, this.canvas);
    this.screen.style.aspectRatio = `${width} / ${height}`;
    this.said = element("p", { className: "said", textContent: fault ?? "", hidden: !fault });
    this.element = element("figure", { className: "pane" }, this.screen,
      element("figcaption", {}, caption, ...this.about()), this.said);
    if (address !== null) this.open(address);
    new ResizeObserver(() => this.draw()).observe(this.screen);
  }

  // What a variant was asked for, and what speaks against it.
  about() {
    if (!this.variant) return [];
    const { conditions, prompt, accepted, faults } = this.variant;
    const asked = element("span", { title: prompt, textContent: ` · ${conditions.map(words).join(", ")}` });
    if (accepted) return [asked];
    return [asked, element("b", { className: "flag", textContent: ` · not accepted: ${faults.join("; ")}` })];
  }

  // The scenario's frame that is shown at a time of this video; variants may show others than all.
  frameAt(time) {
    if (!this.variant) return Math.round(time / this.stage.dt);
    const { frames, rate } = this.variant;
    return frames[Math.min(Math.round(time * rate), frames.length - 1)];
  }

  // A time at which this video shows a frame of the scenario, or the next that it has.
  timeOf(frame) {
    if (!this.variant) return (frame + 0.5) * this.stage.dt;
    const { frames, rate } = this.variant;
    const found = frames.findIndex((one) => one >= frame);
    return ((found < 0 ? frames.length - 1 : found) + 0.5) / rate;
  }

  // How much faster than the scenario its own video runs.
  get pace() {
    if (!this.variant) return 1;
    const { frames, rate } = this.variant;
    const shown = (frames[frames.length - 1] - frames[0] + 1) * this.stage.dt;
    return Math.min(Math.max(frames.length / rate / shown, 0.1), 10);
  }

  open(address) {
    this.video = element("video", { muted: true, playsInline: true, preload: "auto" });
    this.video.addEventListener("error", () => this.fail());
    this.screen.prepend(this.video);
    const presented = (_now, told) => {
      this.frame = this.frameAt(told.mediaTime);
      this.draw();
      this.stage.presented(this);
      if (this.video) this.video.requestVideoFrameCallback(presented);
    };
    this.video.requestVideoFrameCallback(presented);
    this.video.src = address;
  }

  fail() {
    this.said.textContent = "This video cannot be played: it does not lie where it did when the page " +
      "was made, or the browser does not know its codec.";
    this.said.hidden = false;
    this.video = null;
    this.stage.retime();
  }

  seek(frame) {
    if (this.video) {
      this.video.currentTime = this.timeOf(frame);
    } else {
      this.frame = frame;
      this.draw();
    }
  }

  draw() {
    const { shown, selected } = this.stage;
    this.overlay.draw(this.canvas, this.frame, shown, selected);
    this.canvas.dataset.frame = this.frame;
  }

  close() {
    if (!this.video) return;
    const video = this.video;
    this.video = null;
    video.pause();
    video.removeAttribute("src");
    video.load();
  }
}

class Stage {
  constructor(dt, frames, shown, moved) {
    this.dt = dt;
    this.frames = frames;
    this.shown = shown;
    this.moved = moved;
    this.selected = null;
    this.playing = false;
    this.rate = 1;
    this.frame = 0;
    this.panes = [];
    this.element = element("div", { className: "panes" });
    this.timer = 0;
  }

  get leader() {
    return this.panes.find((pane) => pane.video) ?? null;
  }

  // Shows panes made by `make(stage)` at the frame where one is.
  show(make) {
    const playing = this.playing;
    this.pause();
    this.panes.forEach((pane) => pane.close());
    this.panes = make(this);
    this.element.replaceChildren(...this.panes.map((pane) => pane.element));
    this.element.dataset.count = this.panes.length;
    this.seek(this.frame);
    if (playing) this.play();
  }

  presented(pane) {
    if (pane !== this.leader) return;
    this.frame = Math.min(pane.frame, this.frames - 1);
    this.moved(this.frame);
    for (const other of this.panes) {
      if (other === pane) continue;
      const now = other.video ? other.frameAt(other.video.currentTime) : null;
      if (now === null || Math.abs(now - pane.frameAt(pane.video.currentTime)) > 1) other.seek(this.frame);
    }
    if (pane.video.ended) this.pause();
  }

  seek(frame) {
    this.frame = Math.min(Math.max(Math.round(frame), 0), this.frames - 1);
    this.panes.forEach((pane) => pane.seek(this.frame));
    this.moved(this.frame);
  }

  step(count) {
    this.pause();
    this.seek(this.frame + count);
  }

  play() {
    this.playing = true;
    if (this.frame >= this.frames - 1) this.seek(0);
    for (const { video, pace } of this.panes) {
      if (!video) continue;
      video.playbackRate = this.rate * pace;
      video.play().catch(() => this.retime());
    }
    this.retime();
    this.moved(this.frame);
  }

  pause() {
    const playing = this.playing;
    this.playing = false;
    clearInterval(this.timer);
    this.panes.forEach(({ video }) => video && video.pause());
    if (playing) this.seek(this.frame);
  }

  // Without any video that plays, time is counted here.
  retime() {
    clearInterval(this.timer);
    if (!this.playing || this.leader) return;
    this.timer = setInterval(() => {
      if (this.frame >= this.frames - 1) this.pause();
      else this.seek(this.frame + 1);
    }, (1000 * this.dt) / this.rate);
  }

  draw() {
    this.panes.forEach((pane) => pane.draw());
  }

  close() {
    this.pause();
    this.panes.forEach((pane) => pane.close());
    this.panes = [];
  }
}
