/* The frames of a capture, which is opened, dropped or pasted: each is shown by one click. */

import { frames } from "./capture.js";
import { element, replaceWith } from "./elements.js";

const MOST_BYTES = 64 * 1024 * 1024;
const MOST_SHOWN = 500;

export class Captured {
  rows = element("tbody");
  notes = element("div", { id: "capture", role: "status" });
  file = element("input", { type: "file", accept: ".pcap,.pcapng,.cap" });
  table = element(
    "table",
    { class: "captured", tabindex: 0, hidden: "" },
    element("caption", {}, "Frames of the capture"),
    heads("packet", "from", "to", "frame", "bytes"),
    this.rows,
  );

  /**
   * @param spec the declaration
   * @param show shows the bytes of a frame
   * @param attempt does something, and tells of what it throws
   */
  constructor(spec, show, attempt) {
    Object.assign(this, { spec, show, attempt });
    this.file.addEventListener("change", () => this.file.files[0] && this.openFile(this.file.files[0]));
    const label = element("label", {}, "A capture, pcap or pcapng; or drop one here ", this.file);
    this.place = element("section", { class: "capture" }, label, this.notes, this.table);
  }

  /** Open what a file holds. */
  async openFile(file) {
    const bytes = file.size > MOST_BYTES ? null : new Uint8Array(await file.arrayBuffer());
    this.attempt(() => {
      this.clear();
      if (!bytes) throw new Error(`${file.name} has ${file.size} bytes, and ${MOST_BYTES} are read at most`);
      this.open(bytes, file.name);
    });
  }

  /** List the frames, and show the first. Throws an Error where there are none. */
  open(bytes, name = "The capture") {
    this.clear();
    const found = frames(bytes, this.spec);
    const shown = found.frames.slice(0, MOST_SHOWN);
    const count = `${name}: ${found.frames.length} frame${found.frames.length === 1 ? "" : "s"}`;
    const left = found.frames.length - shown.length;
    const told = [left ? `${count}, of which the first ${MOST_SHOWN} are listed` : count, ...found.notes];
    replaceWith(this.notes, ...told.map((one) => element("p", {}, `${one}.`)));
    replaceWith(this.rows, ...shown.map((one) => this.row(one)));
    this.table.hidden = false;
    this.choose(0, shown[0]);
  }

  clear() {
    replaceWith(this.notes);
    replaceWith(this.rows);
    this.table.hidden = true;
  }

  row(frame) {
    const { packet, from, to, bytes } = frame;
    const look = element("button", { type: "button" }, this.named(bytes));
    look.addEventListener("click", () => this.choose(row.rowIndex - 1, frame));
    const cells = [String(packet), from, to, look, String(bytes.length)];
    const row = element("tr", {}, ...cells.map((one) => element("td", {}, one)));
    return row;
  }

  choose(index, frame) {
    for (const [place, row] of [...this.rows.children].entries()) {
      row.classList.toggle("lit", place === index);
      row.querySelector("button").setAttribute("aria-pressed", String(place === index));
    }
    this.show(frame.bytes);
  }

  /** The message and the id of a frame, by its header. */
  named(bytes) {
    if (bytes.length < this.spec.header_bytes) return "part of a header";
    const type = this.spec.messages.find((one) => one.code === bytes[3]);
    if (bytes[0] !== 0x47 || bytes[1] !== 0x44 || !type) return "no frame";
    return `${type.name} ${new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(8)}`;
  }
}

function heads(...names) {
  return element("thead", {}, element("tr", {}, ...names.map((name) => element("th", { scope: "col" }, name))));
}
