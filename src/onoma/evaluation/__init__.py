"""Room 5: counts, matching, scores, and running a tagger over a corpus to get them."""

from onoma.evaluation.counts import Counts
from onoma.evaluation.judge import score_spans, score_tags
from onoma.evaluation.scores import Scores

__all__ = ["Counts", "Scores", "score_spans", "score_tags"]
