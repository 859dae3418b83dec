"""Room 5: counts, matching, scores, and running a tagger over a corpus to get them."""

from onoma.evaluation.breakdowns import Breakdown, by_entity_length, by_sentence_length, by_surface_frequency
from onoma.evaluation.columns import score_files
from onoma.evaluation.counts import Counts
from onoma.evaluation.judge import score_spans, score_tags
from onoma.evaluation.judged import Judged, SpanTable, judge, judge_tags
from onoma.evaluation.schemas import Schemas, match_schemas
from onoma.evaluation.scores import Scores
from onoma.evaluation.surfaces import SeenScores, Surfaces, seen_unseen, training_surfaces, unique_surfaces
from onoma.evaluation.trial import evaluate, run

__all__ = [
    "Breakdown",
    "Counts",
    "Judged",
    "Schemas",
    "Scores",
    "SeenScores",
    "SpanTable",
    "Surfaces",
    "by_entity_length",
    "by_sentence_length",
    "by_surface_frequency",
    "evaluate",
    "judge",
    "judge_tags",
    "match_schemas",
    "run",
    "score_files",
    "score_spans",
    "score_tags",
    "seen_unseen",
    "training_surfaces",
    "unique_surfaces",
]
