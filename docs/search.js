/* Lets the search be asked for options: to it a leading dash means "without", and two mean nothing. */
"use strict";

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
