/* The recurrent part of a network, from the numbers of words to the scores of tags.
 *
 * Included for each level twice: once with codes (integers, whose sums are exact, so that every level and
 * recurrence.py give bit for bit the same), once in single precision. kernel.c defines
 *
 *   KIND      codes or floats
 *   GIVEN     a number of a word's input product, as it is remembered;  WORD  one of a word's vector
 *   STATE     a state as it is kept;  WEIGHT, INTO  a weight of states, of word vectors
 *   GROUP     states, PAIR  inputs that one multiply-and-add takes in a lane
 *   SUMS, INTO_SUMS  a vector of sums;  SUM_STATES, SUM_INPUTS(sums, weights, spread)  a multiply-and-add
 *   WEIGHTS, INTO_WEIGHTS  a vector of weights
 *   SPREAD_STATES, SPREAD_INPUTS(from)  a group in every lane
 *   GATE(given, sums, scale)  a gate's argument, counted in UNIT, or HALVES where its half is asked for
 *   PRODUCT(to, sums, …)  what of an input product is remembered
 *   SCORES(sums, scale, bias)  scores of tags;  KEEP(to, state)  stores states
 */

#define KNAME(a) PASTE(NAME(a), KIND)

/* sums[row][part] += weights [group, part, lane, group's numbers] times the numbers of each row.
 * A weight is loaded once for all rows, a number once for all parts; `parts` and `rows` are constants
 * wherever this is called, so that the sums stay in registers. */
#define SUMMER(name, weight, number, group, vector, sums_of, spread, sum)                                \
    INLINE void name(const int parts, const int rows, const weight *weights, const number *const *given, \
                     int64_t groups, sums_of sums[][4]) {                                                \
        for (int64_t g = 0; g < groups; g++) {                                                           \
            vector held[4];                                                                              \
            _Pragma("GCC unroll 4") for (int part = 0; part < parts; part++)                             \
                memcpy(&held[part], weights + (g * parts + part) * LANES * (group), sizeof(vector));     \
            _Pragma("GCC unroll 8") for (int row = 0; row < rows; row++) {                               \
                vector each = spread(given[row] + g * (group));                                          \
                _Pragma("GCC unroll 4") for (int part = 0; part < parts; part++)                         \
                    sums[row][part] = sum(sums[row][part], held[part], each);                            \
            }                                                                                            \
        }                                                                                                \
    }
SUMMER(KNAME(sum_states), WEIGHT, STATE, GROUP, WEIGHTS, SUMS, SPREAD_STATES, SUM_STATES)
SUMMER(KNAME(sum_inputs), INTO, WORD, PAIR, INTO_WEIGHTS, INTO_SUMS, SPREAD_INPUTS, SUM_INPUTS)
#undef SUMMER

/* One step of an LSTM in one direction, `rows` sentences at a time; `before` is NULL at a sentence's end. */
INLINE void KNAME(step_of)(const int rows, const Network *n, int64_t direction, const GIVEN *const *given,
                           const STATE *const *before, float *const *cells, STATE *const *after) {
    int64_t blocks = n->hidden / LANES, groups = n->hidden / GROUP;
    for (int64_t block = 0; block < blocks; block++) {
        int64_t at = direction * blocks + block, gate = at * 4 * LANES;
        (void)gate; /* single precision has no scales */
        SUMS sums[ROWS][4];
        _Pragma("GCC unroll 8") for (int row = 0; row < rows; row++)
            _Pragma("GCC unroll 4") for (int part = 0; part < 4; part++) sums[row][part] = (SUMS){0};
        if (before != NULL) {
            _Pragma("GCC unroll 8") for (int row = 0; row < rows; row++)
                _Pragma("GCC unroll 4") for (int part = 0; part < 4; part++)
                    START(sums[row][part], n->start + gate + part * LANES);
            KNAME(sum_states)(4, rows, (const WEIGHT *)n->recurrent + at * groups * 4 * LANES * GROUP, before,
                              groups, sums);
        }
        _Pragma("GCC unroll 8") for (int row = 0; row < rows; row++) {
            const GIVEN *own = given[row] + block * 4 * LANES;
            Floats gates[4];
            _Pragma("GCC unroll 4") for (int part = 0; part < 4; part++)
                gates[part] = GATE(own + part * LANES, sums[row][part], n->scale + gate + part * LANES);
            float *cell = cells[row] + block * LANES;
            Floats kept = NAME(new_cell)(gates[0], gates[2], gates[3], HALVES, UNIT, load(cell));
            STORE(cell, kept);
            KEEP(after[row] + block * LANES, NAME(new_state)(gates[1], HALVES, kept));
        }
    }
}

/* Each number of rows has machine code of its own. */
#define STEP(rows)                                                                                         \
    TARGET static void KNAME(step_##rows)(const Network *n, int64_t direction, const GIVEN *const *given,  \
                                          const STATE *const *before, float *const *cells,                 \
                                          STATE *const *after) {                                           \
        KNAME(step_of)(rows, n, direction, given, before, cells, after);                                   \
    }
STEP(1) STEP(2) STEP(3)
#if ROWS == 6
STEP(4) STEP(5) STEP(6)
#endif
#undef STEP

TARGET static void KNAME(step)(int rows, const Network *n, int64_t direction, const GIVEN *const *given,
                               const STATE *const *before, float *const *cells, STATE *const *after) {
    switch (rows) {
    case 1: KNAME(step_1)(n, direction, given, before, cells, after); break;
    case 2: KNAME(step_2)(n, direction, given, before, cells, after); break;
    case 3: KNAME(step_3)(n, direction, given, before, cells, after); break;
#if ROWS == 6
    case 4: KNAME(step_4)(n, direction, given, before, cells, after); break;
    case 5: KNAME(step_5)(n, direction, given, before, cells, after); break;
    case 6: KNAME(step_6)(n, direction, given, before, cells, after); break;
#endif
    }
}

/* The states of up to ROWS sentences, longest first: states [sentence, token, direction, unit]. */
TARGET static void KNAME(read_words)(const Network *n, const GIVEN *table, const int32_t *const *words,
                                     const int64_t *lengths, int count, float *cells, STATE *const *states) {
    int64_t half = 4 * n->hidden, whole = 2 * half;
    for (int64_t direction = 0; direction < 2; direction++) {
        const GIVEN *given[ROWS];
        const STATE *before[ROWS];
        STATE *after[ROWS];
        float *own[ROWS];
        for (int row = 0; row < count; row++) own[row] = cells + row * n->hidden;
        memset(cells, 0, (size_t)(count * n->hidden) * sizeof(float));
        for (int64_t t = 0; t < lengths[0]; t++) {
            int live = count;
            while (lengths[live - 1] <= t) live--;
            for (int row = 0; row < live; row++) {
                int64_t last = lengths[row] - 1, at = direction ? last - t : t;
                given[row] = table + words[row][at] * whole + direction * half;
                after[row] = states[row] + (2 * at + direction) * n->hidden;
                before[row] = after[row] + (direction ? 2 : -2) * n->hidden;
                if (t < last) { /* words lie far apart: what the next step needs is asked for now */
                    const GIVEN *next = table + words[row][direction ? at - 1 : at + 1] * whole + direction * half;
                    for (int64_t byte = 0; byte < half * (int64_t)sizeof(GIVEN); byte += 64)
                        __builtin_prefetch((const char *)next + byte);
                }
            }
            KNAME(step)(live, n, direction, given, t ? before : NULL, own, after);
        }
    }
}

/* Scores [token, width] of the tags of `tokens` tokens whose states lie side by side. */
INLINE void KNAME(score_some)(const int parts, const int rows, const Network *n, const WEIGHT *weights,
                              int64_t first, const STATE *states, float *scores) {
    const STATE *given[ROWS];
    SUMS sums[ROWS][4];
    _Pragma("GCC unroll 8") for (int row = 0; row < rows; row++) {
        given[row] = states + row * 2 * n->hidden;
        _Pragma("GCC unroll 4") for (int part = 0; part < parts; part++) {
            sums[row][part] = (SUMS){0};
            START(sums[row][part], n->output_start + first + part * LANES);
        }
    }
    KNAME(sum_states)(parts, rows, weights, given, 2 * n->hidden / GROUP, sums);
    _Pragma("GCC unroll 8") for (int row = 0; row < rows; row++)
        _Pragma("GCC unroll 4") for (int part = 0; part < parts; part++) {
            int64_t tag = first + part * LANES;
            Floats made = SCORES(sums[row][part], n->output_scale + tag, load(n->output_bias + tag));
            STORE(scores + row * n->width + tag, made);
        }
}

TARGET static void KNAME(score)(const Network *n, const STATE *states, int64_t tokens, float *scores) {
    int64_t wide = 2 * n->hidden;
    for (int64_t first = 0; first < n->width; first += 4 * LANES) {
        int64_t parts = (n->width - first) / LANES;
        const WEIGHT *weights = (const WEIGHT *)n->output + first * wide;
        for (int64_t token = 0; token < tokens;) {
            int many = tokens - token >= ROWS;
            const STATE *from = states + token * wide;
            float *to = scores + token * n->width;
#define SCORE(parts) \
    if (many) KNAME(score_some)(parts, ROWS, n, weights, first, from, to); \
    else KNAME(score_some)(parts, 1, n, weights, first, from, to)
            if (parts >= 4) { SCORE(4); }
            else if (parts == 3) { SCORE(3); }
            else if (parts == 2) { SCORE(2); }
            else { SCORE(1); }
#undef SCORE
            token += many ? ROWS : 1;
        }
    }
}

/* What of each word's input product is remembered: table [word, direction, block, gate, lane]. */
INLINE void KNAME(project_some)(const int rows, const Network *n, const WORD *vectors, const float *factors,
                                GIVEN *table) {
    (void)factors; /* nor factors */
    int64_t blocks = 2 * n->hidden / LANES, groups = n->inputs / PAIR;
    const WORD *given[ROWS];
    for (int row = 0; row < rows; row++) given[row] = vectors + row * n->inputs;
    for (int64_t block = 0; block < blocks; block++) {
        INTO_SUMS sums[ROWS][4];
        memset(sums, 0, sizeof(sums));
        KNAME(sum_inputs)(4, rows, (const INTO *)n->into + block * groups * 4 * LANES * PAIR, given, groups, sums);
        for (int row = 0; row < rows; row++)
            for (int part = 0; part < 4; part++) {
                int64_t gate = (block * 4 + part) * LANES;
                PRODUCT(table + row * 8 * n->hidden + gate, sums[row][part], n->into_scale + gate, factors[row],
                        load(n->bias + gate));
            }
    }
}

TARGET static void KNAME(project)(const Network *n, const void *vectors, const float *factors, int64_t words,
                                  void *table) {
    for (int64_t word = 0; word < words;) {
        const WORD *from = (const WORD *)vectors + word * n->inputs;
        GIVEN *to = (GIVEN *)table + word * 8 * n->hidden;
        int many = words - word >= ROWS;
        if (many) KNAME(project_some)(ROWS, n, from, factors + word, to);
        else KNAME(project_some)(1, n, from, factors + word, to);
        word += many ? ROWS : 1;
    }
}

/* Sentences [starts[i], starts[i + 1]) of `words`, up to ROWS at a time, to the tags' scores and their spans.
 * With `kept` the scores are also copied there: [token, width]. Returns 0, or -1 where memory ran out. */
TARGET static int KNAME(tag)(const Network *n, const Chain *chain, const void *table, const int32_t *words,
                             const int64_t *starts, int64_t rows, float *kept, Found *found) {
    int64_t longest = 0;
    for (int64_t row = 0; row < rows; row++)
        if (starts[row + 1] - starts[row] > longest) longest = starts[row + 1] - starts[row];
    size_t cells = (size_t)(ROWS * n->hidden) * sizeof(float);
    size_t states = (size_t)(ROWS * longest * 2 * n->hidden) * sizeof(STATE);
    size_t scores = (size_t)(ROWS * longest * n->width) * sizeof(float);
    char *memory = malloc(cells + states + scores + NAME(decoding_room)(longest, n->width) + 3 * 64);
    if (memory == NULL) return -1;
    char *free_from = memory;
    float *own_cells = carve(&free_from, cells);
    STATE *own_states = carve(&free_from, states);
    float *own_scores = carve(&free_from, scores);
    for (int64_t first = 0; first < rows; first += ROWS) {
        int count = rows - first < ROWS ? (int)(rows - first) : ROWS;
        const int32_t *own_words[ROWS];
        STATE *row_states[ROWS];
        int64_t lengths[ROWS], tokens = 0;
        int by_length[ROWS];
        for (int row = 0; row < count; row++) {
            int64_t length = starts[first + row + 1] - starts[first + row];
            int place = row;
            for (; place > 0 && lengths[place - 1] < length; place--) {
                lengths[place] = lengths[place - 1];
                by_length[place] = by_length[place - 1];
            }
            lengths[place] = length;
            by_length[place] = row;
            tokens += length;
        }
        int64_t base = starts[first];
        for (int place = 0; place < count; place++) {
            int64_t start = starts[first + by_length[place]];
            own_words[place] = words + start;
            row_states[place] = own_states + (start - base) * 2 * n->hidden;
        }
        KNAME(read_words)(n, table, own_words, lengths, count, own_cells, row_states);
        KNAME(score)(n, own_states, tokens, own_scores);
        if (kept != NULL) memcpy(kept + base * n->width, own_scores, (size_t)(tokens * n->width) * sizeof(float));
        if (chain != NULL)
            for (int row = 0; row < count; row++) {
                int64_t start = starts[first + row], end = starts[first + row + 1];
                NAME(decode_row)(chain, own_scores + (start - base) * n->width, first + row, end - start,
                                 free_from, found);
            }
    }
    free(memory);
    return 0;
}

#undef KNAME
#undef KIND
#undef GIVEN
#undef WORD
#undef STATE
#undef WEIGHT
#undef INTO
#undef GROUP
#undef PAIR
#undef SUMS
#undef INTO_SUMS
#undef WEIGHTS
#undef INTO_WEIGHTS
#undef SUM_STATES
#undef SUM_INPUTS
#undef SPREAD_STATES
#undef SPREAD_INPUTS
#undef START
#undef GATE
#undef UNIT
#undef HALVES
#undef PRODUCT
#undef SCORES
#undef KEEP
