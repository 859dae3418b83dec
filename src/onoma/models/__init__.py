"""Room 10: the networks, one architecture a file (torch)."""

from __future__ import annotations

from typing import Any, NamedTuple

from onoma.models.bilstm import BiLstmOptions, BiLstmTagger
from onoma.models.bilstm_attention import BiLstmAttention, BiLstmAttentionOptions
from onoma.models.bilstm_crf import BiLstmCrf, BiLstmCrfOptions
from onoma.models.export import tag_graph, word_graph
from onoma.models.lexical import LexicalLayer, LexicalSizes
from onoma.models.network import Network, TensorBatch
from onoma.models.pooled import Pooled, PooledOptions

__all__ = [
    "ARCHITECTURES",
    "LexicalLayer",
    "LexicalSizes",
    "Network",
    "NetworkOptions",
    "TensorBatch",
    "tag_graph",
    "word_graph",
]

NetworkOptions = PooledOptions | BiLstmOptions | BiLstmAttentionOptions | BiLstmCrfOptions


class Architecture(NamedTuple):
    """A network class and the options it takes."""

    network: Any
    options: type[NetworkOptions]


ARCHITECTURES: dict[str, Architecture] = {
    "pooled": Architecture(Pooled, PooledOptions),
    "bilstm": Architecture(BiLstmTagger, BiLstmOptions),
    "bilstm-attention": Architecture(BiLstmAttention, BiLstmAttentionOptions),
    "bilstm-crf": Architecture(BiLstmCrf, BiLstmCrfOptions),
}
