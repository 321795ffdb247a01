/* What the theme lacks: options in its search, tables that scroll by keys, names for what it adds. */
"use strict";

// To the search a leading dash means "without", and two mean nothing.
(() => {
  const QUERY = 2;
  const post = Worker.prototype.postMessage;
  Worker.prototype.postMessage = function (message, ...rest) {
    if (message?.type === QUERY && typeof message.data === "string") {
      message = { ...message, data: message.data.replace(/(^|\s)--(?=\w)/g, "$1") };
    }
    return post.call(this, message, ...rest);
  };
})();

// What scrolls sideways can be reached by keys.
(() => {
  const reach = () => {
    for (const one of document.querySelectorAll(".md-typeset__scrollwrap, .diagram, .case table, pre > code")) {
      if (one.scrollWidth > one.clientWidth) one.tabIndex = 0;
    }
  };
  addEventListener("load", () => {
    reach();
    document.querySelectorAll(".md-code__nav").forEach((one, index) => {
      one.setAttribute("aria-label", `Code block ${index + 1}`);
    });
  });
  addEventListener("resize", reach);
})();
