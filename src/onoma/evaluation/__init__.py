"""Room 5: counts, matching, scores, and running a tagger over a corpus to get them."""

from onoma.evaluation.bootstrap import Interval, Intervals, bootstrap, paired_bootstrap
from onoma.evaluation.breakdowns import Breakdown, by_entity_length, by_sentence_length, by_surface_frequency
from onoma.evaluation.calibration import Calibration, calibrate
from onoma.evaluation.counts import Counts
from onoma.evaluation.judge import score_spans, score_tags
from onoma.evaluation.judged import Judged, SpanTable, judge, judge_tags
from onoma.evaluation.mistakes import Mistake, Mistakes, sort_mistakes
from onoma.evaluation.schemas import Schemas, match_schemas
from onoma.evaluation.scores import Scores
from onoma.evaluation.significance import Significance, holm, randomisation_test
from onoma.evaluation.submission import score_files
from onoma.evaluation.surfaces import SeenScores, Surfaces, seen_unseen, training_surfaces, unique_surfaces
from onoma.evaluation.trial import evaluate, run

__all__ = [
    "Breakdown",
    "Calibration",
    "Counts",
    "Interval",
    "Intervals",
    "Judged",
    "Mistake",
    "Mistakes",
    "Schemas",
    "Scores",
    "SeenScores",
    "Significance",
    "SpanTable",
    "Surfaces",
    "bootstrap",
    "by_entity_length",
    "by_sentence_length",
    "by_surface_frequency",
    "calibrate",
    "evaluate",
    "holm",
    "judge",
    "judge_tags",
    "match_schemas",
    "paired_bootstrap",
    "randomisation_test",
    "run",
    "score_files",
    "score_spans",
    "score_tags",
    "seen_unseen",
    "sort_mistakes",
    "training_surfaces",
    "unique_surfaces",
]
