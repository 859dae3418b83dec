"""An encoder's bundle against the Hugging Face pipeline with the same weights: tokens/s and F1, on two cores.

    python benchmarks/transformer.py                               # the run in out/minilm
    python benchmarks/transformer.py out/my-run                    # a finished run of a transformer recipe
    python benchmarks/transformer.py out/my-run --int8 out/my-run-int8 --sentences 1000 --repeats 5

The pipeline is that of the library, ``pipeline("token-classification")``, over the run's encoder with a head
of the same size (without case embedding and CRF, which makes it no slower). It gets raw sentences, one at a
time as it does unasked, and in batches of 16 and of 64. Onoma gets the same raw sentences in one list.
Repeats take turns; medians are compared.
F1 is strict, on the corpus's own tokens, of the bundles and of the same network in torch. A bundle that reads
documents gets each sentence alone here, as the pipeline does, when it is timed, and articles for its F1.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray
from transformers import (
    AutoModelForTokenClassification,
    PreTrainedTokenizerFast,
    TokenClassificationPipeline,
    pipeline,
)

import onoma
from onoma.corpus import read_split
from onoma.evaluation import evaluate
from onoma.models import PieceNetwork
from onoma.runtime import Tagger
from onoma.runtime.articles import in_context
from onoma.tagging.decode import TagScores
from onoma.text import Annotate, Document
from onoma.training.checkpoint import load_checkpoint
from onoma.training.prepare import prepare
from onoma.training.recipe import load_recipe
from onoma.training.run import WORK

ROOT = Path(__file__).parent.parent
THREADS = 2


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    data = ROOT.parent / "shared" / "data" / "conll2003" / "eng.testa"
    run = ROOT / "out" / "minilm"
    about = "a finished run: its folder holds the bundle and training/; default: %(default)s"
    parser.add_argument("run", type=Path, nargs="?", default=run, help=about)
    parser.add_argument("--int8", type=Path, help="the same bundle as onoma export --to onnx-int8 made it")
    parser.add_argument("--corpus", type=Path, default=data, help="what is tagged; of a folder, its dev part")
    parser.add_argument("--sentences", type=int, default=600, help="how many are timed")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(THREADS)
    documents = list(read_split(options.corpus, "dev"))
    texts = [document.text for document in documents if document.tokens][: options.sentences]
    bundles = {"onoma fp32": options.run} | ({"onoma int8": options.int8} if options.int8 else {})
    taggers = {name: onoma.load(folder, threads=THREADS) for name, folder in bundles.items()}
    network = network_of(options.run)
    f1 = {name: strict_f1(in_context(tagger), documents) for name, tagger in taggers.items()}
    plain = next(iter(taggers.values()))
    f1["torch"] = strict_f1(in_torch(plain, network), documents)
    jobs: dict[str, Callable[[], object]] = {
        name: lambda tagger=tagger: tagger(texts) for name, tagger in taggers.items()
    }
    ask = pipeline_of(network, plain)
    for size in (1, 16, 64):
        jobs[f"pipeline, {size} at a time"] = lambda size=size: list(ask(texts, batch_size=size))
    tokens = sum(len(Document.from_text(text).tokens) for text in texts)
    report(timed(jobs, options.repeats), tokens, f1)


def network_of(run: Path) -> PieceNetwork:
    """The network that a run learned."""
    recipe = load_recipe(run / WORK / "recipe.yaml")
    network = prepare(recipe, run / WORK).run.network
    network.load_state_dict(load_checkpoint(run / WORK / "best.pt")["network"])
    assert isinstance(network, PieceNetwork)
    return network.eval()


def pipeline_of(network: PieceNetwork, tagger: Tagger) -> TokenClassificationPipeline:
    config = network.encoder.model.config
    config.id2label = dict(enumerate(tagger.tags.names))
    model = AutoModelForTokenClassification.from_config(config, attn_implementation="sdpa")
    getattr(model, model.base_model_prefix).load_state_dict(network.encoder.model.state_dict(), strict=False)
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(tagger.folder / "tokenizer.json"))
    tokenizer.pad_token = tokenizer.convert_ids_to_tokens(tagger.engine.features.pieces.padding)
    tokenizer.model_input_names = ["input_ids", "attention_mask"]
    settings = {"aggregation_strategy": "first", "device": "cpu"}
    return pipeline("token-classification", model=model.eval(), tokenizer=tokenizer, **settings)


def strict_f1(annotate: Annotate, documents: Sequence[Document]) -> float:
    return 100 * evaluate(annotate, documents).strict.micro.f1


def in_torch(tagger: Tagger, network: PieceNetwork) -> Annotate:
    """The tagger, with torch in the place of ONNX Runtime."""
    other = Tagger(tagger.folder, threads=1)

    def scores(given: Mapping[str, NDArray[Any]]) -> TagScores:
        rows = {name: torch.from_numpy(array) for name, array in given.items()}
        rows["end"] = rows["until"]
        with torch.no_grad():
            return TagScores(network.row_emissions(rows, rows.get("vectors")).numpy())

    other.engine.network = scores
    return in_context(other)


def timed(jobs: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Median seconds of each job, the jobs taking turns; the first round does not count."""
    taken: dict[str, list[float]] = {name: [] for name in jobs}
    gc.collect()
    gc.freeze()
    for turn in range(repeats + 1):
        for name, job in jobs.items():
            began = time.perf_counter()
            job()
            if turn:
                taken[name].append(time.perf_counter() - began)
    return {name: statistics.median(times) for name, times in taken.items()}


def report(seconds: Mapping[str, float], tokens: int, f1: Mapping[str, float]) -> None:
    quickest = min(taken for name, taken in seconds.items() if name.startswith("pipeline"))
    unasked = seconds["pipeline, 1 at a time"]
    print("| tagger | strict F1 | tokens/s | times the pipeline | times it at its quickest |")
    print("|---|---|---|---|---|")
    for name, taken in seconds.items():
        own = f"{f1[name]:.2f}" if name in f1 else ""
        rates = f"{tokens / taken:,.0f} | {unasked / taken:.1f} | {quickest / taken:.1f}"
        print(f"| {name} | {own} | {rates} |")
    print(f"\nThe same network in torch has F1 {f1['torch']:.2f}.")


if __name__ == "__main__":
    main()
