// Sets of characters and the tokenizer's pattern, as `onoma export --to edge` writes them.

/** A pattern that matches one character of a set; `ranges` is the inside of a character class. */
export function oneOf(ranges, flags = "u") {
  return new RegExp(ranges ? `[${ranges}]` : "(?!)", flags);
}

/** The tokens of a text, in order: `start` and `end` in code points, as in Python, `from` and `to` in UTF-16. */
export function tokenizer({ source, sets }) {
  const pattern = new RegExp(source.replace(/<<(\d+)>>/g, (_, number) => sets[number]), "gu");
  return (text) => {
    const tokens = [];
    let at = 0; // in UTF-16 units
    let point = 0; // the same place in code points
    for (const { index, 0: word } of text.matchAll(pattern)) {
      const start = point + length(text.slice(at, index));
      point = start + length(word);
      at = index + word.length;
      tokens.push({ start, end: point, from: index, to: at, word });
    }
    return tokens;
  };
}

/** How many code points a string has. */
export function length(text) {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}
