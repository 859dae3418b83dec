// Tags texts in Node. Standard input: a JSON string a line; standard output: the text's entities, a line each.
//
//   npm install --prefix edge
//   onoma export en-gmb --to edge --out out/edge
//   echo '"Ada Lovelace was born in London."' | node edge/tag.mjs out/edge

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";

import * as ort from "onnxruntime-web";

import { Tagger } from "./onoma.js";

const [folder] = process.argv.slice(2);
if (!folder) {
  console.error("usage: node edge/tag.mjs FOLDER < texts.jsonl   (a folder made by onoma export --to edge)");
  process.exit(2);
}
ort.env.wasm.numThreads = 1;
const tagger = await Tagger.load(ort, (name) => readFile(join(folder, name)));
const texts = (await text(process.stdin)).split("\n").filter((line) => line.trim()).map((line) => JSON.parse(line));
for (const entities of await tagger.tag(texts)) console.log(JSON.stringify(entities));
