/* Decoding a row at a time, in double precision: the arithmetic of lattice.py, which is the specification and
 * the fallback; a test holds the two to the same answers. No row can change another's result. */

#define FLOOR (-300.0)
#define CEILING 1e150

typedef struct {
    double *scores;   /* [time, place] log emissions, each token's best at 0 */
    double *emit;     /* [time, place] exp(sharpness * scores); a softmax where moves have no scores */
    double *reached;  /* [time, place] the best way to each tag, its own score aside */
    double *forward;  /* [time, place] */
    double *backward; /* [time, place] */
    double *weighted; /* [place] */
    double *scale;    /* [time] */
    int32_t *path;    /* [time] places */
} NAME(Room);
#define Room NAME(Room)

static size_t NAME(decoding_room)(int64_t time, int64_t width) {
    size_t cells = (size_t)(time * width) * sizeof(double);
    return 5 * cells + (size_t)width * sizeof(double) + (size_t)time * (sizeof(double) + sizeof(int32_t)) + 8 * 64;
}

static Room NAME(make_room)(char *memory, int64_t time, int64_t width) {
    size_t cells = (size_t)(time * width) * sizeof(double);
    Room room;
    room.scores = carve(&memory, cells);
    room.emit = carve(&memory, cells);
    room.reached = carve(&memory, cells);
    room.forward = carve(&memory, cells);
    room.backward = carve(&memory, cells);
    room.weighted = carve(&memory, (size_t)width * sizeof(double));
    room.scale = carve(&memory, (size_t)time * sizeof(double));
    room.path = carve(&memory, (size_t)time * sizeof(int32_t));
    return room;
}

/* e to a power between -708 and 0, to within 1e-15 of itself: a power of two, and a series for what is left.
 * Adding 1.5 * 2^52 rounds to a whole number and leaves that number in the lowest bits. */
INLINE Doubles NAME(exp_of)(Doubles x) {
    const double whole = 6755399441055744.0;
    Doubles power = x * 1.4426950408889634 + whole;
    Longs bits = (Longs)power;
    power -= whole;
    Doubles rest = (x - power * 6.93147180369123816490e-01) - power * 1.90821492927058770002e-10;
    Doubles sum = rest * (1.0 / 479001600) + 1.0 / 39916800;
    static const double series[] = {1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040, 1.0 / 720,
                                    1.0 / 120,     1.0 / 24,     1.0 / 6,     0.5,        1.0, 1.0};
    _Pragma("GCC unroll 16") for (int i = 0; i < 11; i++) sum = sum * rest + series[i];
    return sum * (Doubles)((bits << 52) + 0x3FF0000000000000);
}

/* Adds in pairs, as one sum would wait for itself. */
INLINE double NAME(lanes_of)(Doubles sums) {
    double part[WIDE];
    memcpy(part, &sums, sizeof part);
    _Pragma("GCC unroll 4") for (int half = WIDE / 2; half; half /= 2)
        _Pragma("GCC unroll 4") for (int lane = 0; lane < half; lane++) part[lane] += part[lane + half];
    return part[0];
}

INLINE double NAME(total_of)(const double *row, int64_t width) {
    Doubles sums = load_doubles(row);
    for (int64_t j = WIDE; j < width; j += WIDE) sums += load_doubles(row + j);
    return NAME(lanes_of)(sums);
}

/* Each token's best emission becomes 0. */
TARGET static void NAME(read_scores)(const Chain *c, const float *given, int64_t time, Room *room) {
    int64_t width = c->width;
    for (int64_t t = 0; t < time; t++, given += width) {
        double *scores = room->scores + t * width, *emit = room->emit + t * width;
        Floats tops = load(given);
        for (int64_t j = LANES; j < width; j += LANES) tops = MOST(tops, load(given + j));
        float top = tops[0];
        for (int lane = 1; lane < LANES; lane++) top = tops[lane] > top ? tops[lane] : top;
        for (int64_t j = 0; j < width; j += WIDE) {
            Doubles score;
            for (int lane = 0; lane < WIDE; lane++) score[lane] = given[j + lane];
            score -= (double)top;
            STORE(scores + j, score);
            Doubles floor = (Doubles){0} + FLOOR;
            Doubles weight = NAME(exp_of)(MOST_DOUBLE(score * c->sharpness, floor));
            STORE(emit + j, weight);
        }
        for (int64_t j = c->tags; j < width; j++) emit[j] = 0.0;
        if (c->crf) continue;
        double total = NAME(total_of)(emit, width);
        for (int64_t j = 0; j < width; j += WIDE) {
            Doubles share = load_doubles(emit + j) * (1.0 / total);
            STORE(emit + j, share);
        }
    }
}

/* The best way to each tag of token t, its own score aside. */
INLINE void NAME(reach_step)(const Chain *c, int64_t t, const Room *room, double *best) {
    int64_t width = c->width, blocks = width / WIDE;
    const double *before = room->reached + (t - 1) * width, *scores = room->scores + (t - 1) * width;
    for (int64_t j = 0; j < width; j += WIDE) {
        Doubles sum = load_doubles(before + j) + load_doubles(scores + j);
        STORE(best + j, sum);
    }
    const double *ways = c->ways;
    for (int64_t block = 0; block < blocks; block++) {
        Doubles most = (Doubles){0} - 1e300, other = most; /* two, as one would wait for itself */
        const int32_t *from = c->reach + c->reach_at[block], *end = c->reach + c->reach_at[block + 1];
        for (; from + 1 < end; from += 2, ways += 2 * WIDE) {
            most = MOST_DOUBLE(load_doubles(ways) + best[from[0]], most);
            other = MOST_DOUBLE(load_doubles(ways + WIDE) + best[from[1]], other);
        }
        if (from < end) {
            other = MOST_DOUBLE(load_doubles(ways) + best[from[0]], other);
            ways += WIDE;
        }
        most = MOST_DOUBLE(most, other);
        STORE(room->reached + t * width + block * WIDE, most);
    }
}

/* What flows into a register of places from those listed from `from` to `end`. */
INLINE Doubles NAME(inflow)(const double *flows, const double *amounts, const int32_t *from, const int32_t *end) {
    Doubles sum = (Doubles){0}, other = sum;
    for (; from + 1 < end; from += 2, flows += 2 * WIDE) {
        sum += load_doubles(flows) * amounts[from[0]];
        other += load_doubles(flows + WIDE) * amounts[from[1]];
    }
    if (from < end) sum += load_doubles(flows) * amounts[from[0]];
    return sum + other;
}

/* Forward probabilities of token t, scaled so that they sum to one. */
INLINE void NAME(forward_step)(const Chain *c, int64_t t, Room *room) {
    int64_t width = c->width, blocks = width / WIDE;
    double *row = room->forward + t * width;
    const double *emit = room->emit + t * width, *before = row - width;
    Doubles sums = (Doubles){0};
    for (int64_t block = 0; block < blocks; block++) {
        int32_t at = c->reach_at[block], end = c->reach_at[block + 1];
        Doubles part = t == 0 ? load_doubles(c->enter + block * WIDE)
                              : NAME(inflow)(c->flows + at * WIDE, before, c->reach + at, c->reach + end);
        part *= load_doubles(emit + block * WIDE);
        sums += part;
        STORE(row + block * WIDE, part);
    }
    double total = room->scale[t] = NAME(lanes_of)(sums), share = 1.0 / total;
    for (int64_t j = 0; j < width; j += WIDE) {
        Doubles part = load_doubles(row + j) * share;
        STORE(row + j, part);
    }
}

/* Both, side by side: neither waits for the other. Returns what all paths weigh, the scales aside. */
TARGET static double NAME(go_forward)(const Chain *c, int64_t time, Room *room) {
    int64_t width = c->width;
    memcpy(room->reached, c->start, (size_t)width * sizeof(double));
    if (c->crf) NAME(forward_step)(c, 0, room);
    for (int64_t t = 1; t < time; t++) {
        NAME(reach_step)(c, t, room, room->weighted);
        if (c->crf) NAME(forward_step)(c, t, room);
    }
    if (!c->crf) return 1.0;
    Doubles ending = (Doubles){0};
    const double *final = room->forward + (time - 1) * width;
    for (int64_t j = 0; j < width; j += WIDE) ending += load_doubles(final + j) * load_doubles(c->stop + j);
    return NAME(lanes_of)(ending);
}

/* The best path, back from the end: a tag came from the first tag, in their own order, from which the way is as
 * good as the best. The same sums are made again, so they are equal bit for bit, and only along the path. */
TARGET static void NAME(trace_back)(const Chain *c, int64_t time, Room *room) {
    int64_t width = c->width;
    const double *reached = room->reached, *scores = room->scores;
    int32_t last = 0;
    double top = -1e300;
    for (int64_t tag = 0; tag < c->tags; tag++) {
        int32_t place = c->source[c->source_at[width] + tag];
        double ending = (reached[(time - 1) * width + place] + scores[(time - 1) * width + place]) + c->end[place];
        if (ending > top) top = ending, last = place;
    }
    for (int64_t t = time - 1; t > 0; t--) {
        room->path[t] = last;
        const double *before = reached + (t - 1) * width, *given = scores + (t - 1) * width;
        double wanted = reached[t * width + last];
        int32_t k = c->source_at[last], end = c->source_at[last + 1] - 1;
        for (; k < end; k++) {
            int32_t from = c->source[k];
            if ((before[from] + given[from]) + c->transitions[from * width + last] == wanted) break;
        }
        last = c->source[k];
    }
    room->path[0] = last;
}

/* Carries the inverse scales, so that its product with forward is a marginal; each row is brought back to that,
 * or what rounding leaves would grow from row to row where emissions are far apart. */
TARGET static void NAME(backward_pass)(const Chain *c, int64_t time, Room *room, double ending) {
    int64_t width = c->width, blocks = width / WIDE;
    for (int64_t j = 0; j < width; j++) room->backward[(time - 1) * width + j] = c->stop[j] / ending;
    for (int64_t t = time - 2; t >= 0; t--) {
        const double *after = room->backward + (t + 1) * width, *emit = room->emit + (t + 1) * width;
        const double *ahead = room->forward + t * width;
        double *row = room->backward + t * width;
        for (int64_t j = 0; j < width; j += WIDE) {
            Doubles weight = load_doubles(after + j) * load_doubles(emit + j) * (1.0 / room->scale[t + 1]);
            STORE(room->weighted + j, weight);
        }
        Doubles shares = (Doubles){0};
        for (int64_t block = 0; block < blocks; block++) {
            int32_t at = c->retreat_at[block], end = c->retreat_at[block + 1];
            Doubles sum = NAME(inflow)(c->backflows + at * WIDE, room->weighted, c->retreat + at, c->retreat + end);
            shares += load_doubles(ahead + block * WIDE) * sum;
            STORE(row + block * WIDE, sum);
        }
        double whole = NAME(lanes_of)(shares);
        for (int64_t j = 0; j < width; j += WIDE) {
            Doubles part = load_doubles(row + j) * (1.0 / whole);
            part = -MOST_DOUBLE(-part, (Doubles){0} - CEILING);
            STORE(row + j, part);
        }
    }
}

/* The probability of exactly this span: into its first tag, along its tags, and out of it. */
static double NAME(span_marginal)(const Chain *c, int64_t time, const Room *room, int64_t first, int64_t end) {
    const int32_t *path = room->path;
    int64_t width = c->width, tag = path[end - 1];
    double inside = room->forward[first * width + path[first]];
    for (int64_t t = first + 1; t < end; t++)
        inside *= c->move[path[t - 1] * width + path[t]] * room->emit[t * width + path[t]] / room->scale[t];
    if (end == time) return inside * room->backward[(end - 1) * width + tag];
    double out = 0.0;
    for (int64_t j = 0; j < c->tags; j++)
        if (!c->continues[tag * width + j])
            out += c->move[tag * width + j] * room->emit[end * width + j] * room->backward[end * width + j];
    return inside * out / room->scale[end];
}

static double NAME(product_of_tokens)(int64_t width, const Room *room, int64_t first, int64_t end) {
    double product = 1.0;
    for (int64_t t = first; t < end; t++) product *= room->emit[t * width + room->path[t]];
    return product;
}

/* The probability of exactly this path. */
static double NAME(path_probability)(const Chain *c, int64_t time, const Room *room, double ending) {
    const int32_t *path = room->path;
    int64_t width = c->width;
    double product = c->enter[path[0]] * room->emit[path[0]] / room->scale[0];
    for (int64_t t = 1; t < time; t++)
        product *= c->move[path[t - 1] * width + path[t]] * room->emit[t * width + path[t]] / room->scale[t];
    return product * c->stop[path[time - 1]] / ending;
}

/* Emissions [time, width] by places, to the spans of the row and its certainty. */
TARGET static void NAME(decode_row)(const Chain *c, const float *emissions, int64_t row, int64_t time, char *memory,
                                    Found *found) {
    int64_t width = c->width;
    found->certainty[row] = 1.0;
    if (time == 0) return;
    Room room = NAME(make_room)(memory, time, width);
    NAME(read_scores)(c, emissions, time, &room);
    double ending = NAME(go_forward)(c, time, &room);
    NAME(trace_back)(c, time, &room);
    found->certainty[row] = c->crf ? NAME(path_probability)(c, time, &room, ending)
                                   : NAME(product_of_tokens)(width, &room, 0, time);
    int ready = !c->crf;
    for (int64_t first = 0, past; first < time; first = past) {
        past = first + 1;
        int32_t place = room.path[first];
        if (c->order[place] == 0) continue; /* outside of any entity */
        while (past < time && c->continues[room.path[past - 1] * width + room.path[past]]) past++;
        if (!ready) NAME(backward_pass)(c, time, &room, ending);
        ready = 1;
        found->probability[found->found] = c->crf ? NAME(span_marginal)(c, time, &room, first, past)
                                                  : NAME(product_of_tokens)(width, &room, first, past);
        int64_t *span = found->spans + 4 * found->found++;
        span[0] = row, span[1] = first, span[2] = past, span[3] = c->order[place];
    }
}

/* Emissions as another network gave them [row, longest, tag], in the tags' own order. */
TARGET static int NAME(read)(const Chain *c, const float *emissions, const int64_t *lengths, int64_t rows,
                             int64_t longest, Found *found) {
    size_t copied = (size_t)(longest * c->width) * sizeof(float);
    char *memory = malloc(copied + NAME(decoding_room)(longest, c->width) + 64);
    if (memory == NULL) return -1;
    char *free_from = memory;
    float *placed = carve(&free_from, copied);
    for (int64_t row = 0; row < rows; row++) {
        for (int64_t t = 0; t < lengths[row]; t++) {
            const float *given = emissions + (row * longest + t) * c->tags;
            float *own = placed + t * c->width, least = given[0];
            for (int64_t j = 0; j < c->tags; j++) own[j] = given[c->order[j]], least = own[j] < least ? own[j] : least;
            for (int64_t j = c->tags; j < c->width; j++) own[j] = least; /* no more than any tag's */
        }
        NAME(decode_row)(c, placed, row, lengths[row], free_from, found);
    }
    free(memory);
    return 0;
}
#undef Room
