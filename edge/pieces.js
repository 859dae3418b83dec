// Word pieces (Wu et al. 2016) as BERT's tokenizer cuts them, from the tokenizer.json of a bundle.

import { oneOf } from "./characters.js";
import { LONGEST_WORD } from "./words.js";

/** The rows of a word: the number of each of its pieces, and one more, as row 0 is padding. */
export function pieceRows(tokenizer, sets) {
  const { vocab, unk_token: unknown, max_input_chars_per_word: longest } = tokenizer.model;
  const prefix = tokenizer.model.continuing_subword_prefix;
  const added = new Map(tokenizer.added_tokens.map(({ content, id }) => [content, id]));
  const parts = cutter(sets);
  const cut = (part) => greedy(part, vocab, prefix, longest) ?? [vocab[unknown]];
  return (word) =>
    apart([...word].slice(0, LONGEST_WORD).join(""), added)
      .flatMap((text) => (added.has(text) ? [added.get(text)] : parts(text).flatMap(cut)))
      .map((id) => BigInt(id + 1));
}

/** Text cut at the tokens that were added to the vocabulary, which are taken as they are. */
function apart(text, added) {
  if (!added.size) return [text];
  const names = [...added.keys()].map((name) => name.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return text.split(new RegExp(`(${names.join("|")})`, "u")).filter(Boolean);
}

/** Normalises a text, then parts it at white space and around punctuation. */
function cutter({ lower, decompose, gone, blank, apart: alone, punctuation }) {
  const [goneSet, blankSet, aloneSet, mark] = [gone, blank, alone, punctuation].map((set) => oneOf(set));
  const normalised = (char) => {
    if (goneSet.test(char)) return "";
    if (blankSet.test(char)) return " ";
    const small = lower ? char.toLowerCase() : char;
    return aloneSet.test(char) || mark.test(char) ? ` ${small} ` : small;
  };
  return (text) => {
    const chars = [...(decompose ? text.normalize("NFD") : text)].map(normalised).join("");
    return chars.split(blank || punctuation ? /[ ]+/u : /(?!)/u).filter(Boolean);
  };
}

/** The longest piece that fits, again and again; nothing if somewhere none does. */
function greedy(part, vocab, prefix, longest) {
  const chars = [...part];
  if (chars.length > longest) return null;
  const ids = [];
  for (let start = 0, end; start < chars.length; start = end) {
    for (end = chars.length; end > start; end -= 1) {
      const id = vocab[(start ? prefix : "") + chars.slice(start, end).join("")];
      if (id !== undefined) {
        ids.push(id);
        break;
      }
    }
    if (end === start) return null;
  }
  return ids;
}
