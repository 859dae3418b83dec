"""A bidirectional LSTM over padded sentences, with optional recurrent dropout.

Padding never reaches a state: the backward direction reads each sentence reversed within its own length,
so its first step is the last token (faster on CPUs than packed sequences, and the same result).
Recurrent dropout draws one mask on the hidden state for a whole sequence (Gal & Ghahramani 2016).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

if TYPE_CHECKING:
    from onoma.models.graph import Graph

__all__ = ["BiLstm"]


class BiLstm(nn.Module):
    """``[batch, time, inputs]`` → ``[batch, time, 2 * hidden]``.

    >>> layer = BiLstm(4, 3)
    >>> layer(torch.zeros(2, 5, 4), torch.tensor([5, 2])).shape
    torch.Size([2, 5, 6])
    """

    def __init__(self, inputs: int, hidden: int, recurrent_dropout: float = 0.0) -> None:
        super().__init__()
        self.ahead = nn.LSTM(inputs, hidden, batch_first=True)
        self.behind = nn.LSTM(inputs, hidden, batch_first=True)
        self.recurrent_dropout = recurrent_dropout
        for lstm in (self.ahead, self.behind):
            _initialise(lstm)

    def forward(self, inputs: Tensor, lengths: Tensor) -> Tensor:
        """States of both directions, side by side."""
        time = torch.arange(inputs.shape[1], device=inputs.device)
        mirror = torch.where(time < lengths[:, None], lengths[:, None] - 1 - time, time)  # [batch, time]
        ahead = self._run(self.ahead, inputs)
        behind = self._run(self.behind, _pick(inputs, mirror))
        return torch.cat([ahead, _pick(behind, mirror)], -1)

    def _run(self, lstm: nn.LSTM, inputs: Tensor) -> Tensor:
        if self.training and self.recurrent_dropout > 0:
            return _unrolled(lstm, inputs, self.recurrent_dropout)
        states: Tensor = lstm(inputs)[0]
        return states

    def graph(self, graph: Graph, inputs: str) -> str:
        """The same as one ONNX LSTM node with sequence lengths."""
        lengths = graph.input("lengths", "int32", ["batch"])
        both = [[_gates(weight) for weight in lstm.all_weights[0]] for lstm in (self.ahead, self.behind)]
        into, recurrent, bias, second_bias = (np.stack(pair) for pair in zip(*both, strict=True))
        biases = np.concatenate([bias, second_bias], -1)  # [direction, 8 * hidden]
        constants = [graph.weight(array) for array in (into, recurrent, biases)]
        by_time = graph.node("Transpose", inputs, perm=[1, 0, 2])
        hidden = self.ahead.hidden_size
        states = graph.node(
            "LSTM", by_time, *constants, lengths, hidden_size=hidden, direction="bidirectional"
        )
        by_batch = graph.node("Transpose", states, perm=[2, 0, 1, 3])  # [batch, time, direction, hidden]
        return graph.node("Reshape", by_batch, graph.integers([0, 0, 2 * hidden]))


def _pick(values: Tensor, index: Tensor) -> Tensor:
    return values.gather(1, index[..., None].expand(-1, -1, values.shape[-1]))


def _initialise(lstm: nn.LSTM) -> None:
    """Xavier input weights, orthogonal recurrent ones, forget gate open (Jozefowicz et al. 2015)."""
    into, recurrent, bias, second_bias = lstm.all_weights[0]
    nn.init.xavier_uniform_(into)
    nn.init.orthogonal_(recurrent)
    nn.init.zeros_(bias)
    nn.init.zeros_(second_bias)
    with torch.no_grad():
        bias[lstm.hidden_size : 2 * lstm.hidden_size] = 1.0


def _unrolled(lstm: nn.LSTM, inputs: Tensor, dropout: float) -> Tensor:
    """The LSTM step by step, the hidden state masked the same way at each."""
    into, recurrent, *biases = lstm.all_weights[0]
    projected = nn.functional.linear(inputs, into, biases[0] + biases[1])
    hidden = inputs.new_zeros(len(inputs), lstm.hidden_size)
    cell, states = hidden, []
    keep = nn.functional.dropout(torch.ones_like(hidden), dropout)  # [batch, hidden], one for all steps
    for step in projected.unbind(1):
        enter, forget, new, out = torch.addmm(step, hidden * keep, recurrent.t()).chunk(4, -1)
        cell = forget.sigmoid() * cell + enter.sigmoid() * new.tanh()
        hidden = out.sigmoid() * cell.tanh()
        states.append(hidden)
    return torch.stack(states, 1)


def _gates(weight: Tensor) -> NDArray[np.float32]:
    """Torch orders gates input, forget, cell, output; ONNX input, output, forget, cell."""
    enter, forget, new, out = weight.detach().cpu().numpy().reshape(4, -1, *weight.shape[1:])
    return np.concatenate([enter, out, forget, new])
