"""Room 10: the networks, one architecture a file (torch)."""

from __future__ import annotations

from typing import Any, NamedTuple

from onoma.models.bilstm import BiLstmOptions, BiLstmTagger
from onoma.models.bilstm_attention import BiLstmAttention, BiLstmAttentionOptions
from onoma.models.bilstm_crf import BiLstmCrf, BiLstmCrfOptions
from onoma.models.encoder import EncoderOptions
from onoma.models.export import graphs_of, tag_graph, word_graph
from onoma.models.lexical import LexicalLayer, LexicalSizes
from onoma.models.network import Network
from onoma.models.piece_network import PieceNetwork, PieceTensors
from onoma.models.pooled import Pooled, PooledOptions
from onoma.models.transformer import Transformer, TransformerOptions
from onoma.models.transformer_bilstm_crf import TransformerBiLstmCrf, TransformerBiLstmCrfOptions
from onoma.models.transformer_crf import TransformerCrf, TransformerCrfOptions
from onoma.models.word_network import TensorBatch, WordNetwork

__all__ = [
    "ARCHITECTURES",
    "EncoderOptions",
    "LexicalLayer",
    "LexicalSizes",
    "Network",
    "NetworkOptions",
    "PieceNetwork",
    "PieceTensors",
    "TensorBatch",
    "WordNetwork",
    "graphs_of",
    "tag_graph",
    "word_graph",
]

NetworkOptions = (
    PooledOptions
    | BiLstmOptions
    | BiLstmAttentionOptions
    | BiLstmCrfOptions
    | TransformerOptions
    | TransformerCrfOptions
    | TransformerBiLstmCrfOptions
)


class Architecture(NamedTuple):
    """A network class and the options it takes."""

    network: Any
    options: type[NetworkOptions]


ARCHITECTURES: dict[str, Architecture] = {
    "pooled": Architecture(Pooled, PooledOptions),
    "bilstm": Architecture(BiLstmTagger, BiLstmOptions),
    "bilstm-attention": Architecture(BiLstmAttention, BiLstmAttentionOptions),
    "bilstm-crf": Architecture(BiLstmCrf, BiLstmCrfOptions),
    "transformer": Architecture(Transformer, TransformerOptions),
    "transformer-crf": Architecture(TransformerCrf, TransformerCrfOptions),
    "transformer-bilstm-crf": Architecture(TransformerBiLstmCrf, TransformerBiLstmCrfOptions),
}
