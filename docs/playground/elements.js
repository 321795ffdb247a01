/* Elements of the page, made in one expression. */

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

export function replaceWith(parent, ...children) {
  parent.replaceChildren(...children);
}
