// Reads the blocks of data that lie in the page, each when it is first asked for.
function bytesOf(id) {
  const text = atob(document.getElementById(id).textContent);
  const bytes = new Uint8Array(text.length);
  for (let place = 0; place < text.length; place += 1) bytes[place] = text.charCodeAt(place);
  return bytes;
}

async function unpacked(id) {
  const stream = new Blob([bytesOf(id)]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).json();
}

// Addresses of videos that the page holds; `free` gives their memory back.
class HeldVideos {
  constructor() {
    this.addresses = new Map();
  }

  address(id) {
    if (!this.addresses.has(id)) {
      const blob = new Blob([bytesOf(id)], { type: "video/mp4" });
      this.addresses.set(id, URL.createObjectURL(blob));
    }
    return this.addresses.get(id);
  }

  free() {
    for (const address of this.addresses.values()) URL.revokeObjectURL(address);
    this.addresses.clear();
  }
}
