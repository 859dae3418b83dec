"""Room 5: counts, matching, scores, and running a tagger over a corpus to get them."""

from onoma.evaluation.columns import score_files
from onoma.evaluation.counts import Counts
from onoma.evaluation.judge import score_spans, score_tags
from onoma.evaluation.scores import Scores
from onoma.evaluation.trial import evaluate

__all__ = ["Counts", "Scores", "evaluate", "score_files", "score_spans", "score_tags"]
