/* What the parts of the kernel share: a network's weights, a chain of tags, and where answers go.
 *
 * Arrays that vectors are read from are padded and laid out for one instruction set, a *level*: `lanes` is how
 * many single-precision numbers one of its registers holds. kernel.py and recurrence.py pack them.
 */

#ifndef ONOMA_KERNEL_H
#define ONOMA_KERNEL_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A bidirectional LSTM and a dense layer on its states. Gates are input, output, forget, cell, as in ONNX.
 *
 * A block is `lanes` units of one direction, so that the four gates of a block's units lie in four registers
 * when its states are due. `group` is how many inputs one multiply-and-add of the level takes in a lane.
 *
 * With `codes` weights and states are integers: a state of h is rint(127 h), and a sum of products counts
 * `scale`. Else everything is single precision, a group is 1, and `start`, `scale`, `into_scale` are not read.
 */
typedef struct {
    int64_t level;
    int64_t codes;
    int64_t inputs;             /* numbers in a word's vector, padded to whole groups */
    int64_t hidden;             /* units in a direction, padded to whole blocks */
    int64_t width;              /* tags, padded to whole registers */
    const void *into;           /* [direction, block, group of inputs, gate, lane, input] */
    const float *into_scale;    /* [direction, block, gate, lane] */
    const float *bias;          /* the same */
    const void *recurrent;      /* [direction, block, group of states, gate, lane, state] */
    const int32_t *start;       /* [direction, block, gate, lane]: what sums begin at */
    const float *scale;         /* the same */
    const void *output;         /* [up to four registers of tags, group of states, register, lane, state] */
    const int32_t *output_start; /* [tag] */
    const float *output_scale;  /* [tag] */
    const float *output_bias;   /* [tag]; far below 0 where a tag is padding */
} Network;

/* The moves of one model between its tags; see chain.py.
 *
 * Tags stand in *places*: those that can be reached from the same tags are neighbours, so that most registers
 * of targets can be reached from few sources; `reach` lists these for each register, `retreat` the targets of
 * each register of sources. Padding has no moves.
 */
typedef struct {
    int64_t level;
    int64_t tags;
    int64_t width;               /* tags, padded to whole registers of `lanes` */
    const int32_t *order;        /* [place] the tag that stands there */
    const double *transitions;   /* [place from, place to] log scores, forbidden moves far below any path */
    const double *start, *end;   /* [place] */
    const double *move;          /* [from, to] exp(sharpness * transitions) */
    const double *enter, *stop;  /* [place] the same of start and end */
    const int32_t *reach_at, *reach;     /* [register + 1], [reach_at[-1]]: places */
    const double *ways, *flows;          /* [reach_at[-1], place of the register] */
    const int32_t *retreat_at, *retreat; /* [register + 1], [retreat_at[-1]] */
    const double *backflows;             /* [retreat_at[-1], place of the register] */
    const int32_t *source_at, *source;   /* [place + 1], [source_at[-1]]: where each may come from, by tag */
    const uint8_t *continues;    /* [place, place]: the second carries on the first one's entity */
    double sharpness;            /* what log scores are multiplied by before they are taken for probabilities */
    int64_t crf;                 /* whether the moves have scores; else each token's tags are a softmax */
} Chain;

/* What was read. There is room for a span at every token. */
typedef struct {
    int64_t *spans;       /* [span, 4]: row, first token, end token, tag of the first token */
    double *probability;  /* [span] */
    double *certainty;    /* [row]: the probability of the row's whole path */
    int64_t found;
} Found;

#endif
