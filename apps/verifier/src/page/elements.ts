type Child = Node | string | undefined;
type Attributes = Readonly<Record<string, string>>;

/** An element with text and other elements in it. Text stays text: this page has no way to make markup of a string. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

export function button(label: string, action: () => void): HTMLButtonElement {
  const element = el('button', { type: 'button' }, label);
  element.addEventListener('click', action);
  return element;
}

/** Text with what stands between backticks set as code. */
export function rich(text: string): (HTMLElement | string)[] {
  return text.split('`').map((part, i) => (i % 2 === 1 ? el('code', {}, part) : part));
}

/** The element of page.html with this id. @throws Error when page.html and the script do not belong together */
export function byId<K extends keyof HTMLElementTagNameMap>(tag: K, id: string): HTMLElementTagNameMap[K] {
  const element = document.querySelector(`${tag}#${id}`);
  if (element === null) throw new Error(`the page lacks ${tag}#${id}`);
  // The selector names the tag.
  return element as HTMLElementTagNameMap[K];
}
