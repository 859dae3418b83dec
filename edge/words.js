// What the network sees of a word; the same as onoma/features/words.py.

import { oneOf } from "./characters.js";

const UNKNOWN = 1n; // 0 is padding; what is known is numbered from 2
const ENDS = 16; // a longer word is seen by its first and last characters
const LONGEST_SHAPE = 8;
export const LONGEST_WORD = 100; // characters that are looked up in static vectors

/** From distinct words to the arrays that the graph takes, each with a first row for padding. */
export function wordFeatures(lexicon, characters, rowsOf) {
  const [words, letters, shapes] = ["words", "characters", "shapes"].map((part) => numbered(lexicon[part]));
  const normalise = normaliser(characters.decimal);
  const seen = seer(characters.ignored);
  const shape = shaper(characters);
  return (written) => {
    const distinct = written.map(seen);
    const arrays = { word: column(distinct.map((word) => words.get(normalise(word)) ?? UNKNOWN)) };
    if (letters.size) {
      arrays.characters = padded(distinct.map((word) => spell(word).map((char) => letters.get(char) ?? UNKNOWN)));
    }
    if (shapes.size) arrays.shape = column(distinct.map((word) => shapes.get(shape(word)) ?? UNKNOWN));
    if (rowsOf) arrays.pieces = padded(distinct.map(rowsOf));
    return arrays;
  };
}

/** A word without the characters that nobody sees; as it is, if there are no others. */
export function seer(ignored) {
  const set = oneOf(ignored, "gu");
  return (word) => word.replace(set, "") || word;
}

/** The form under which a word is looked up: lower case, every digit a 0. */
export function normaliser(decimal) {
  const digits = oneOf(decimal, "gu");
  return (word) => word.toLowerCase().replace(digits, "0");
}

/** Upper case as X, lower as x, digits as d; runs shortened to one, those of X to two. */
export function shaper({ upper, letter, digit }) {
  const kinds = [[oneOf(upper), "X"], [oneOf(letter), "x"], [oneOf(digit), "d"]];
  const kindOf = (char) => kinds.find(([set]) => set.test(char))?.[1] ?? char;
  return (word) => {
    const found = [...word].slice(0, 4 * LONGEST_SHAPE).map(kindOf);
    const kept = found.filter((kind, i) => kind !== found[i - 1] || (kind === "X" && kind !== found[i - 2]));
    return kept.slice(0, LONGEST_SHAPE).join("");
  };
}

function spell(word) {
  const chars = [...word];
  return chars.length > 2 * ENDS ? [...chars.slice(0, ENDS), ...chars.slice(-ENDS)] : chars;
}

/** The row of a word in a list of words, as written or else in lower case. */
export function wordRows(text) {
  const row = new Map(text ? text.split("\n").map((word, i) => [word, BigInt(i + 1)]) : []);
  return (word) => {
    const found = row.get(word) ?? ([...word].length <= LONGEST_WORD ? row.get(word.toLowerCase()) : undefined);
    return found === undefined ? [] : [found];
  };
}

function numbered(values) {
  return new Map(values.map((value, i) => [value, BigInt(i + 2)]));
}

function column(numbers) {
  return { dims: [numbers.length + 1], data: BigInt64Array.from([0n, ...numbers]) };
}

function padded(rows) {
  const width = Math.max(1, ...rows.map((row) => row.length));
  const data = new BigInt64Array((rows.length + 1) * width);
  rows.forEach((row, i) => data.set(row, (i + 1) * width));
  return { dims: [rows.length + 1, width], data };
}
