"""Charts from plain data: each function returns a `Chart`, which is drawn by ``svg()`` or ``save_png(path)``.

Colours are told apart with every kind of colour vision, and nothing depends on them alone: series differ in
hatching, markers or dashes, values are printed, and every chart says in words what it shows. Drawing needs
the extra ``report`` (matplotlib).

>>> loss = {"train": [0.9, 0.4], "dev": [0.8, 0.6]}
>>> chart = lines([1, 2], loss, title="Loss", xlabel="epoch", ylabel="loss")
>>> chart.description[:35], chart.svg()[:5]
('loss over epoch. train: first 0.900', '<svg ')
"""

from __future__ import annotations

from onoma.pages.bars import bars, grouped_bars
from onoma.pages.chart import Chart, beside
from onoma.pages.histogram import histogram
from onoma.pages.lines import lines
from onoma.pages.matrix import matrix
from onoma.pages.reliability import reliability
from onoma.pages.scatter import scatter

__all__ = [
    "Chart",
    "bars",
    "beside",
    "grouped_bars",
    "histogram",
    "lines",
    "matrix",
    "reliability",
    "scatter",
]
