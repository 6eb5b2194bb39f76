// Draws what is known of a frame over its image, in the pixels of the recorded image.

// The run lengths of a mask's text as COCO writes it: pixels without and with it, column by column.
function runLengths(text) {
  const runs = [];
  let value = 0;
  let shift = 0;
  for (let place = 0; place < text.length; place += 1) {
    const bits = text.charCodeAt(place) - 48;
    value |= (bits & 31) << shift;
    shift += 5;
    if (bits & 32) continue;
    if (bits & 16) value |= -1 << shift;
    runs.push(runs.length > 2 ? value + runs[runs.length - 2] : value);
    value = 0;
    shift = 0;
  }
  return runs;
}

// An image of a mask's box, coloured where the mask is.
function maskImage(row, height, width, colour) {
  const [left, top, wide, tall] = row.b.map(Math.round);
  const image = new ImageData(wide, tall);
  const pixels = new Uint32Array(image.data.buffer);
  const [red, green, blue] = colour;
  const paint = ((115 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
  const last = height * width;
  let place = 0;
  runLengths(row.m).forEach((length, number) => {
    const end = Math.min(place + Math.max(length, 0), last);
    if (number % 2) {
      for (; place < end; place += 1) {
        const x = Math.floor(place / height) - left;
        const y = (place % height) - top;
        if (x >= 0 && x < wide && y >= 0 && y < tall) pixels[y * wide + x] = paint;
      }
    }
    place = end;
  });
  const canvas = element("canvas", { width: wide, height: tall });
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

class Overlay {
  constructor(camera, { frames, marks }, actors) {
    this.camera = camera;
    this.frames = frames;
    this.marks = marks;
    this.actors = actors;
  }

  // Draws a frame's rows onto a canvas as large as the image is shown.
  draw(canvas, number, shown, selected) {
    const ratio = window.devicePixelRatio || 1;
    const [wide, tall] = [canvas.clientWidth * ratio, canvas.clientHeight * ratio].map(Math.round);
    if (canvas.width !== wide || canvas.height !== tall) {
      canvas.width = wide;
      canvas.height = tall;
    }
    const pen = canvas.getContext("2d");
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, wide, tall);
    pen.scale(wide / this.camera.width, tall / this.camera.height);
    const unit = (ratio * this.camera.width) / Math.max(wide, 1);
    const rows = (this.frames[number] ?? []).filter((row) => shown.ignored || !row.i);
    rows.sort((one, other) => other.d - one.d);
    for (const row of rows) this.object(pen, row, unit, shown, selected);
    if (shown.marks) for (const mark of this.marks?.[number] ?? []) this.mark(pen, mark, unit);
    if (shown.names) for (const row of rows) this.name(pen, row, unit, selected);
  }

  object(pen, row, unit, shown, selected) {
    const colour = this.actors.get(row.t)?.colour ?? [255, 255, 255];
    const chosen = row.t === selected;
    pen.globalAlpha = selected === null || chosen ? 1 : 0.35;
    pen.setLineDash(row.i ? [4 * unit, 4 * unit] : []);
    pen.strokeStyle = rgb(colour);
    if (shown.masks && row.m && row.b) {
      pen.imageSmoothingEnabled = false;
      const image = maskImage(row, this.camera.height, this.camera.width, colour);
      if (image.width && image.height) pen.drawImage(image, Math.round(row.b[0]), Math.round(row.b[1]));
    }
    if (shown.cuboids) {
      this.lines(pen, row.r, (chosen ? 2 : 1) * unit);
      this.lines(pen, row.e, (chosen ? 3.5 : 2.25) * unit);
    }
    const box = row.b ?? (shown.ignored ? row.a : null);
    if (shown.boxes && box) {
      pen.lineWidth = (chosen ? 3 : 1.75) * unit;
      pen.strokeRect(...box);
    }
    pen.globalAlpha = 1;
    pen.setLineDash([]);
  }

  lines(pen, lines, width) {
    pen.lineWidth = width;
    pen.lineCap = "round";
    pen.beginPath();
    for (const points of lines) {
      pen.moveTo(points[0], points[1]);
      for (let place = 2; place < points.length; place += 2) pen.lineTo(points[place], points[place + 1]);
    }
    pen.stroke();
  }

  name(pen, row, unit, selected) {
    const box = row.b ?? row.a;
    if (!box || (selected !== null && row.t !== selected)) return;
    const actor = this.actors.get(row.t);
    let text = `${actor ? actor.name : "object"} ${row.t}`;
    if (row.t === selected) text += `  ${row.d} m  ${Math.round(100 * row.f)} % seen`;
    if (row.t === selected && row.v !== undefined) text += `  ${row.v.toFixed(1)} m/s`;
    this.badge(pen, box[0], box[1], text, actor?.colour ?? [255, 255, 255], unit);
  }

  // A mark as the marked videos have it: a dark plate with the number, and a line if it lies aside.
  mark(pen, { n: number, c: colour, p: [left, top, right, bottom], l: point }, unit) {
    pen.strokeStyle = rgb(colour);
    pen.fillStyle = rgb(colour);
    pen.lineWidth = 2 * unit;
    if (point) {
      pen.beginPath();
      pen.moveTo((left + right) / 2, (top + bottom) / 2);
      pen.lineTo(...point);
      pen.stroke();
      pen.beginPath();
      pen.arc(...point, 3 * unit, 0, 2 * Math.PI);
      pen.fill();
    }
    pen.fillStyle = "#10131a";
    pen.beginPath();
    pen.roundRect(left, top, right - left, bottom - top, 2 * unit);
    pen.fill();
    pen.stroke();
    pen.fillStyle = "#ffffff";
    pen.font = `600 ${0.72 * (bottom - top)}px system-ui, sans-serif`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillText(String(number), (left + right) / 2, (top + bottom) / 2);
    pen.textAlign = "start";
  }

  badge(pen, x, y, text, colour, unit) {
    pen.font = `600 ${12 * unit}px system-ui, sans-serif`;
    const wide = pen.measureText(text).width + 8 * unit;
    const left = Math.min(Math.max(x, 0), Math.max(this.camera.width - wide, 0));
    const top = Math.max(y - 17 * unit, 0);
    pen.fillStyle = rgb(colour);
    pen.beginPath();
    pen.roundRect(left, top, wide, 16 * unit, 3 * unit);
    pen.fill();
    pen.fillStyle = "#10131a";
    pen.textBaseline = "middle";
    pen.fillText(text, left + 4 * unit, top + 8.5 * unit);
  }
}
