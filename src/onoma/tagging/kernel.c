/* Decoding in C: the arithmetic of decode.py, a row at a time, in double precision.
 *
 * decode.py is the specification and the fallback; a test holds the two to the same answers. Every row is
 * decoded by itself, so no row can change another's result.
 */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* One machine code for every processor would leave its wide registers unused: let the loader choose. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && defined(__linux__)
#define WIDE __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define WIDE
#endif

#define FLOOR (-300.0)
#define CEILING 1e150

typedef struct {
    int64_t tags;
    const double *transitions;  /* [tag, tag] log scores, forbidden moves far below any path */
    const double *start, *end;  /* [tag] */
    const double *move;         /* [tag, tag] exp(sharpness * transitions) */
    const double *turned;       /* [tag, tag] the same, transposed: both passes then read along rows */
    const double *enter, *stop; /* [tag] the same of start and end */
    const uint8_t *continues;   /* [tag, tag]: the second carries on the first one's entity */
    double sharpness;           /* what log scores are multiplied by before they are taken for probabilities */
    int crf;                    /* whether the moves have scores; else each token's tags are a softmax */
} Chain;

typedef struct {
    double *scores;    /* [time, tag] log emissions, each token's best at 0 */
    double *emit;      /* [time, tag] exp(sharpness * scores); a softmax where moves have no scores */
    double *forward;   /* [time, tag] */
    double *backward;  /* [time, tag] */
    double *scale;     /* [time] */
    double *best;      /* [2, tag] */
    int64_t *source;   /* [tag] */
    int16_t *back;     /* [time, tag] */
    double *weighted;  /* [tag] */
} Room;

static void *carve(char **from, size_t bytes) {
    void *place = *from;
    *from += (bytes + 63) & ~(size_t)63;
    return place;
}

static size_t room_size(int64_t time, int64_t tags) {
    size_t cells = (size_t)(time * tags);
    return 4 * cells * sizeof(double) + cells * sizeof(int16_t) + (size_t)time * sizeof(double) +
           4 * (size_t)tags * sizeof(double) + 16 * 64;
}

static Room make_room(char *memory, int64_t time, int64_t tags) {
    size_t row = (size_t)tags * sizeof(double);
    Room room;
    room.scores = carve(&memory, time * row);
    room.emit = carve(&memory, time * row);
    room.forward = carve(&memory, time * row);
    room.backward = carve(&memory, time * row);
    room.scale = carve(&memory, time * sizeof(double));
    room.best = carve(&memory, 2 * row);
    room.source = carve(&memory, row);
    room.back = carve(&memory, time * tags * sizeof(int16_t));
    room.weighted = carve(&memory, row);
    return room;
}

/* Each token's best emission becomes 0. */
static void read_scores(const Chain *c, const float *emissions, int64_t time, Room *room) {
    int64_t tags = c->tags;
    for (int64_t t = 0; t < time; t++) {
        const float *given = emissions + t * tags;
        double *scores = room->scores + t * tags;
        double *emit = room->emit + t * tags;
        double top = given[0];
        for (int64_t j = 1; j < tags; j++)
            if (given[j] > top) top = given[j];
        double total = 0.0;
        for (int64_t j = 0; j < tags; j++) {
            scores[j] = (double)given[j] - top;
            double sharp = scores[j] * c->sharpness;
            emit[j] = exp(sharp > FLOOR ? sharp : FLOOR);
            total += emit[j];
        }
        if (!c->crf)
            for (int64_t j = 0; j < tags; j++) emit[j] /= total;
    }
}

WIDE static void best_path(const Chain *c, int64_t time, Room *room, int64_t *path) {
    int64_t tags = c->tags;
    double *restrict best = room->best, *restrict step = room->best + tags;
    int64_t *restrict source = room->source; /* as wide as a score, so that both are chosen in one stride */
    for (int64_t j = 0; j < tags; j++) best[j] = c->start[j] + room->scores[j];
    for (int64_t t = 1; t < time; t++) {
        for (int64_t j = 0; j < tags; j++) {
            step[j] = best[0] + c->transitions[j];
            source[j] = 0;
        }
        for (int64_t i = 1; i < tags; i++) {
            const double *restrict moves = c->transitions + i * tags;
            double from = best[i];
            for (int64_t j = 0; j < tags; j++) {
                double score = from + moves[j];
                int better = score > step[j];
                source[j] = better ? i : source[j];
                step[j] = better ? score : step[j];
            }
        }
        for (int64_t j = 0; j < tags; j++) {
            room->back[t * tags + j] = (int16_t)source[j];
            best[j] = step[j] + room->scores[t * tags + j];
        }
    }
    int64_t last = 0;
    for (int64_t j = 1; j < tags; j++)
        if (best[j] + c->end[j] > best[last] + c->end[last]) last = j;
    for (int64_t t = time - 1; t >= 0; t--) {
        path[t] = last;
        last = t ? room->back[t * tags + last] : 0;
    }
}

/* Scaled so that each row sums to one; returns what all paths weigh, the scales aside. */
WIDE static double forward_pass(const Chain *c, int64_t time, Room *room) {
    int64_t tags = c->tags;
    for (int64_t t = 0; t < time; t++) {
        double *row = room->forward + t * tags;
        const double *emit = room->emit + t * tags;
        if (t == 0) {
            memcpy(row, c->enter, tags * sizeof(double));
        } else {
            const double *before = row - tags;
            memset(row, 0, tags * sizeof(double));
            for (int64_t i = 0; i < tags; i++)
                for (int64_t j = 0; j < tags; j++) row[j] += before[i] * c->move[i * tags + j];
        }
        double total = 0.0;
        for (int64_t j = 0; j < tags; j++) {
            row[j] *= emit[j];
            total += row[j];
        }
        room->scale[t] = total;
        for (int64_t j = 0; j < tags; j++) row[j] /= total;
    }
    double ending = 0.0;
    const double *final = room->forward + (time - 1) * tags;
    for (int64_t j = 0; j < tags; j++) ending += final[j] * c->stop[j];
    return ending;
}

/* Carries the inverse scales, so that its product with forward is a marginal; each row is brought back to that,
 * or what rounding leaves would grow from row to row where emissions are far apart. */
WIDE static void backward_pass(const Chain *c, int64_t time, Room *room, double ending) {
    int64_t tags = c->tags;
    for (int64_t j = 0; j < tags; j++) room->backward[(time - 1) * tags + j] = c->stop[j] / ending;
    for (int64_t t = time - 2; t >= 0; t--) {
        const double *after = room->backward + (t + 1) * tags, *emit = room->emit + (t + 1) * tags;
        for (int64_t j = 0; j < tags; j++) room->weighted[j] = after[j] * emit[j] / room->scale[t + 1];
        double *row = room->backward + t * tags;
        memset(row, 0, tags * sizeof(double));
        for (int64_t j = 0; j < tags; j++)
            for (int64_t i = 0; i < tags; i++) row[i] += c->turned[j * tags + i] * room->weighted[j];
        const double *ahead = room->forward + t * tags;
        double whole = 0.0;
        for (int64_t i = 0; i < tags; i++) whole += ahead[i] * row[i];
        for (int64_t i = 0; i < tags; i++) row[i] = row[i] / whole < CEILING ? row[i] / whole : CEILING;
    }
}

/* The probability of exactly this span: into its first tag, along its tags, and out of it. */
static double span_marginal(const Chain *c, int64_t time, const Room *room, const int64_t *path,
                            int64_t first, int64_t end) {
    int64_t tags = c->tags, tag = path[end - 1];
    double inside = room->forward[first * tags + path[first]];
    for (int64_t t = first + 1; t < end; t++)
        inside *= c->move[path[t - 1] * tags + path[t]] * room->emit[t * tags + path[t]] / room->scale[t];
    if (end == time) return inside * room->backward[(end - 1) * tags + tag];
    double out = 0.0;
    for (int64_t j = 0; j < tags; j++)
        if (!c->continues[tag * tags + j])
            out += c->move[tag * tags + j] * room->emit[end * tags + j] * room->backward[end * tags + j];
    return inside * out / room->scale[end];
}

static double product_of_tokens(int64_t tags, const Room *room, const int64_t *path, int64_t first,
                                int64_t end) {
    double product = 1.0;
    for (int64_t t = first; t < end; t++) product *= room->emit[t * tags + path[t]];
    return product;
}

/* The probability of exactly this path. */
static double path_probability(const Chain *c, int64_t time, const Room *room, const int64_t *path,
                               double ending) {
    int64_t tags = c->tags;
    double product = c->enter[path[0]] * room->emit[path[0]] / room->scale[0];
    for (int64_t t = 1; t < time; t++)
        product *= c->move[path[t - 1] * tags + path[t]] * room->emit[t * tags + path[t]] / room->scale[t];
    return product * c->stop[path[time - 1]] / ending;
}

/* Decode each row; returns how many spans were found, or -1 when memory ran out.
 *
 * spans is [found, 4]: row, first token, end token, tag of the first token; there is room for one a token.
 * certainty is [rows]: the probability of the row's whole path.
 * paths may be NULL; what lies beyond a row's length stays as it is there.
 */
int64_t onoma_read(const float *emissions, const int64_t *lengths, int64_t rows, int64_t width, int64_t tags,
                     const double *transitions, const double *start, const double *end, const double *move,
                     const double *turned, const double *enter, const double *stop,
                     const uint8_t *continues, double sharpness, int32_t crf, int64_t *paths, int64_t *spans,
                     double *probability, double *certainty) {
    Chain chain = {tags, transitions, start, end, move, turned, enter, stop, continues, sharpness, crf};
    char *memory = malloc(room_size(width, tags) + (size_t)width * sizeof(int64_t));
    if (memory == NULL) return -1;
    int64_t *own = (int64_t *)memory;
    Room room = make_room(memory + (size_t)width * sizeof(int64_t), width, tags);
    int64_t found = 0;
    for (int64_t row = 0; row < rows; row++) {
        int64_t time = lengths[row];
        certainty[row] = 1.0;
        if (time == 0) continue;
        int64_t *path = paths ? paths + row * width : own;
        read_scores(&chain, emissions + row * width * tags, time, &room);
        best_path(&chain, time, &room, path);
        double ending = crf ? forward_pass(&chain, time, &room) : 1.0;
        certainty[row] = crf ? path_probability(&chain, time, &room, path, ending)
                             : product_of_tokens(tags, &room, path, 0, time);
        int ready = !crf;
        for (int64_t first = 0, past; first < time; first = past) {
            past = first + 1;
            if (path[first] == 0) continue;
            while (past < time && continues[path[past - 1] * tags + path[past]]) past++;
            if (!ready) backward_pass(&chain, time, &room, ending);
            ready = 1;
            probability[found] = crf ? span_marginal(&chain, time, &room, path, first, past)
                                     : product_of_tokens(tags, &room, path, first, past);
            int64_t *span = spans + 4 * found++;
            span[0] = row, span[1] = first, span[2] = past, span[3] = path[first];
        }
    }
    free(memory);
    return found;
}
