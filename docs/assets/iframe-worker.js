// Browsers start no worker from a file. Where the site is opened from a disk, its search runs in a hidden frame instead.
// (zensical looks for a script of this name; without it, it would have one loaded from the network.)
if (location.protocol === "file:") {
  window.Worker = class {
    #frame = document.createElement("iframe");
    #waiting = [];

    constructor(address) {
      this.#frame.hidden = true;
      document.body.append(this.#frame);
      const inside = this.#frame.contentWindow;
      inside.postMessage = (data) => setTimeout(() => this.onmessage?.({ data }));
      const script = inside.document.createElement("script");
      script.src = new URL(address, location.href);
      script.addEventListener("load", () => this.#deliver());
      script.addEventListener("error", (event) => this.onerror?.(event));
      inside.document.head.append(script);
    }

    postMessage(data) {
      this.#waiting.push(data);
      this.#deliver();
    }

    terminate() {
      this.#frame.remove();
    }

    #deliver() {
      const hears = this.#frame.contentWindow?.onmessage;
      while (hears && this.#waiting.length) hears({ data: this.#waiting.shift() });
    }
  };
}
