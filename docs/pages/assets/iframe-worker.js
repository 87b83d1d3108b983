// Search from disk: a browser does not start a worker from a file, so a hidden frame runs the worker's script.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      frame.srcdoc = `<script>
        window.postMessage = (data) => parent.dispatchEvent(new MessageEvent("reperio-worker", { data }));
        window.importScripts = (...urls) => Promise.all(urls.map((src) => new Promise((done, failed) => {
          document.head.append(Object.assign(document.createElement("script"), { src, onload: done, onerror: failed }));
        })));
        addEventListener("message", (event) => event.source === parent || event.stopImmediatePropagation());
      </script><script src="${new URL(url, location.href)}"></script>`;
      const ready = new Promise((done) => frame.addEventListener("load", done, { once: true }));
      addEventListener("reperio-worker", (event) => {
        const message = new MessageEvent("message", { data: event.data });
        this.dispatchEvent(message);
        this.onmessage?.(message);
      });
      this.postMessage = (data) => ready.then(() => frame.contentWindow.dispatchEvent(new MessageEvent("message", { data, source: window })));
      this.terminate = () => frame.remove();
      (document.body ?? document.documentElement).append(frame);
    }
  };
}
