// Onoma's taggers in a browser or in Node: reads a folder made by `onoma export --to edge`.
//
//   import * as ort from "onnxruntime-web";
//   import { Tagger } from "./onoma.js";
//   const tagger = await Tagger.load(ort, async (name) => (await fetch(`model/${name}`)).arrayBuffer());
//   const [entities] = await tagger.tag(["Ada Lovelace was born in London."]);
//   // [{ start: 0, end: 12, label: "per", score: 0.99, text: "Ada Lovelace" }, …]

import { oneOf, tokenizer } from "./characters.js";
import { pieceRows } from "./pieces.js";
import { wordFeatures, wordRows } from "./words.js";

const FORMAT = 1;
const ROWS = 32; // texts a call
const CELLS = 4096; // tokens a call, padding included, unless one text is longer

export class Tagger {
  /** `read(name)` gives a file of the folder as an ArrayBuffer; `options` are those of an ONNX Runtime session. */
  static async load(ort, read, options = {}) {
    const text = async (name) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(await read(name));
    const about = JSON.parse(await text("edge.json"));
    if (about.format !== FORMAT) throw new Error(`edge.json is of format ${about.format}; this reads ${FORMAT}`);
    const lexicon = JSON.parse(await text("lexicon.json"));
    const rowsOf = about.static && (await rowsFrom(about, await text(about.static.file)));
    const session = await ort.InferenceSession.create(new Uint8Array(await read("model.onnx")), options);
    return new Tagger(ort, session, about, wordFeatures(lexicon, about.characters, rowsOf));
  }

  constructor(ort, session, about, features) {
    Object.assign(this, { ort, session, about, features });
    const invisible = oneOf(about.characters.invisible, "gu");
    const tokenize = tokenizer(about.pattern);
    // words of which nothing is seen are not read
    this.tokenize = (text) => tokenize(text).filter(({ word }) => word.replace(invisible, ""));
  }

  /** The entities of each text: `{start, end, label, score, text}`, offsets in code points. */
  async tag(texts) {
    const tokens = texts.map((text) => this.tokenize(text));
    const found = texts.map(() => []);
    for (const group of this.groups(tokens)) {
      for (const [row, first, end, label, score] of await this.run(group.map((i) => tokens[i]))) {
        const i = group[row];
        const [one, last] = [tokens[i][first], tokens[i][end - 1]];
        const text = texts[i].slice(one.from, last.to);
        found[i].push({ start: one.start, end: last.end, label: this.about.labels[label], score, text });
      }
    }
    return found;
  }

  /** Numbers of texts to run together: those of like length, none without tokens. */
  groups(tokens) {
    const order = tokens.map((_, i) => i).filter((i) => tokens[i].length);
    order.sort((a, b) => tokens[a].length - tokens[b].length);
    const rows = this.about.alone ? 1 : ROWS;
    const groups = [];
    for (const i of order) {
      const group = groups.at(-1);
      if (group && group.length < rows && tokens[i].length * (group.length + 1) <= CELLS) group.push(i);
      else groups.push([i]);
    }
    return groups;
  }

  /** One call: `[row, first token, end, label, score]` of each entity. */
  async run(rows) {
    const { entities, probabilities } = await this.session.run(this.inputs(rows), ["entities", "probabilities"]);
    return Array.from(probabilities.data, (score, i) => [
      ...Array.from(entities.data.slice(4 * i, 4 * i + 4), Number),
      score,
    ]);
  }

  inputs(rows) {
    const number = new Map();
    for (const { word } of rows.flat()) if (!number.has(word)) number.set(word, BigInt(number.size + 1));
    const time = Math.max(...rows.map((row) => row.length));
    const index = new BigInt64Array(rows.length * time);
    rows.forEach((row, i) => row.forEach(({ word }, t) => (index[i * time + t] = number.get(word))));
    const arrays = {
      ...this.features([...number.keys()]),
      index: { dims: [rows.length, time], data: index },
      lengths: { dims: [rows.length], data: BigInt64Array.from(rows, (row) => BigInt(row.length)) },
    };
    const tensor = ([name, { dims, data }]) => [name, new this.ort.Tensor("int64", data, dims)];
    return Object.fromEntries(Object.entries(arrays).map(tensor));
  }
}

async function rowsFrom(about, content) {
  return about.static.kind === "words" ? wordRows(content) : pieceRows(JSON.parse(content), about.pieces);
}
