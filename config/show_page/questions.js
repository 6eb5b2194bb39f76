// The questions about a scenario with their answers, a few at a time, by kind and camera.
const QUESTIONS_AT_ONCE = 15;

class QuestionList {
  constructor(told, asked) {
    this.questions = told.questions;
    this.asked = asked;
    this.most = QUESTIONS_AT_ONCE;
    const choice = (label, values) => element("select", { ariaLabel: label, on: { change: () => this.list() } },
      element("option", { value: "", textContent: label }),
      ...values.map((value) => element("option", { value, textContent: words(value) })));
    this.kind = choice("All kinds", [...new Set(this.questions.map((one) => one.kind))].sort());
    this.camera = choice("All cameras", told.cameras.map((camera) => camera.name));
    this.items = element("ol", {});
    this.more = element("button", { type: "button", on: { click: () => {
      this.most += 4 * QUESTIONS_AT_ONCE;
      this.list();
    } } });
    this.element = element("section", { className: "questions" },
      element("div", { className: "chips" }, heading(`Questions (${this.questions.length})`),
        element("span", { className: "gap" }), this.kind, this.camera),
      this.items, this.more);
    this.list();
  }

  list() {
    const found = this.questions.filter((one) =>
      (!this.kind.value || one.kind === this.kind.value) &&
      (!this.camera.value || one.camera === this.camera.value));
    this.items.replaceChildren(...found.slice(0, this.most).map((one) => this.item(one)));
    this.more.hidden = found.length <= this.most;
    this.more.textContent = `Show more of ${found.length}`;
  }

  item(one) {
    return element("li", { data: { question: one.id } },
      element("button", { type: "button", className: "link", textContent: one.text,
        title: "Show it in the video", on: { click: () => this.asked(one) } }),
      element("span", { className: "answer", textContent: one.answer }),
      element("small", { textContent: `${one.camera} · ${words(one.kind)}` }));
  }
}
