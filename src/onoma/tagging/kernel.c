/* The inner loops of tagging: a recurrent network on numbers of words, and the decoding of its scores.
 *
 * recurrence.py and lattice.py are the specification; tests hold every level to them. Nothing is shared between
 * calls, no row is changed by another, and Python's lock is not needed: many threads may call at once.
 *
 * The same source is made into machine code for several instruction sets (*levels*), best first, and the
 * processor at hand is asked which it has. Integers are exact, and floating point is only what IEEE 754 rounds
 * (no contraction: see FLAGS in hatch_build.py), so with codes all levels agree to the last bit.
 */

#include "kernel.h"

static void *carve(char **from, size_t bytes) {
    void *place = *from;
    *from += (bytes + 63) & ~(size_t)63;
    return place;
}

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#include <immintrin.h>

/* AVX-512 with VNNI: 64 products of bytes an instruction, one factor of which is unsigned. So states are kept
 * 128 above what they are, and sums begin at what that adds, taken from 0 (`start`). */
#define LEVEL avx512
#define TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")))
#define LANES 16
#define ROWS 6
#define LEAST(a, b) ((Floats)_mm512_min_ps((__m512)(a), (__m512)(b)))
#define MOST(a, b) ((Floats)_mm512_max_ps((__m512)(a), (__m512)(b)))
#define MOST_DOUBLE(a, b) ((Doubles)_mm512_max_pd((__m512d)(a), (__m512d)(b)))
/* the lesser in size, with the sign of the first */
#define BOUNDED(x, limit) ((Floats)_mm512_range_ps((__m512)(x), _mm512_set1_ps(limit), 2))
#define MADD(sum, a, b) ((Floats)_mm512_fmadd_ps((__m512)(a), (__m512)(b), (__m512)(sum)))
#include "level.h"
#include "activations.h"
#include "decoding.h"

static inline int32_t four_bytes(const void *from) {
    int32_t read;
    memcpy(&read, from, sizeof read);
    return read;
}

typedef uint8_t Bytes_avx512 __attribute__((vector_size(16)));
#define KIND codes
#define GIVEN int16_t
#define WORD int16_t
#define STATE uint8_t
#define WEIGHT int8_t
#define INTO int16_t
#define GROUP 4
#define PAIR 2
#define SUMS Ints
#define INTO_SUMS Ints
#define WEIGHTS __m512i
#define INTO_WEIGHTS __m512i
#define SPREAD_STATES(from) _mm512_set1_epi32(four_bytes(from))
#define SPREAD_INPUTS(from) _mm512_set1_epi32(four_bytes(from))
#define SUM_STATES(sum, weights, states) (Ints)_mm512_dpbusd_epi32((__m512i)(sum), states, weights)
#define SUM_INPUTS(sum, weights, inputs) (Ints)_mm512_dpwssd_epi32((__m512i)(sum), weights, inputs)
#define START(sum, from) (sum) = load_ints(from)
#define STORE_CODES(to, codes)                                                       \
    do {                                                                             \
        Bytes_avx512 bytes = __builtin_convertvector((codes) + 128, Bytes_avx512);   \
        STORE(to, bytes);                                                            \
    } while (0)
#include "codes.h"
#include "recurrence.h"

#include "floats.h"
#include "recurrence.h"
#include "endlevel.h"

/* AVX2: 16 products of short integers an instruction. */
#define LEVEL avx2
#define TARGET __attribute__((target("avx2,fma")))
#define LANES 8
#define ROWS 3
#define LEAST(a, b) ((Floats)_mm256_min_ps((__m256)(a), (__m256)(b)))
#define MOST(a, b) ((Floats)_mm256_max_ps((__m256)(a), (__m256)(b)))
#define MOST_DOUBLE(a, b) ((Doubles)_mm256_max_pd((__m256d)(a), (__m256d)(b)))
#define MADD(sum, a, b) ((Floats)_mm256_fmadd_ps((__m256)(a), (__m256)(b), (__m256)(sum)))
#include "level.h"
#include "activations.h"
#include "decoding.h"

#define KIND codes
#define GIVEN int16_t
#define WORD int16_t
#define STATE int16_t
#define WEIGHT int16_t
#define INTO int16_t
#define GROUP 2
#define PAIR 2
#define SUMS Ints
#define INTO_SUMS Ints
#define WEIGHTS __m256i
#define INTO_WEIGHTS __m256i
#define SPREAD_STATES(from) _mm256_set1_epi32(four_bytes(from))
#define SPREAD_INPUTS(from) _mm256_set1_epi32(four_bytes(from))
#define SUM_STATES(sum, weights, states) ((sum) + (Ints)_mm256_madd_epi16(weights, states))
#define SUM_INPUTS(sum, weights, inputs) ((sum) + (Ints)_mm256_madd_epi16(weights, inputs))
#define START(sum, from) (sum) = (Ints){0}
#define STORE_CODES(to, codes)                                    \
    do {                                                          \
        Shorts shorts = __builtin_convertvector(codes, Shorts);   \
        STORE(to, shorts);                                        \
    } while (0)
#include "codes.h"
#include "recurrence.h"

#include "floats.h"
#include "recurrence.h"
#include "endlevel.h"
#endif

/* Any processor: codes are kept as single-precision numbers, in which their sums are exact below 2^24. */
#define LEVEL plain
#define TARGET
#define LANES 4
#define ROWS 3
#define MADD(sum, a, b) ((sum) + (a) * (b))
#include "level.h"
#include "activations.h"
#include "decoding.h"

#define KIND codes
#define GIVEN int16_t
#define WORD int16_t
#define STATE float
#define WEIGHT float
#define INTO int16_t
#define GROUP 1
#define PAIR 1
#define SUMS Floats
#define INTO_SUMS Ints
#define WEIGHTS Floats
#define INTO_WEIGHTS Shorts
#define SPREAD_STATES(from) ((Floats){0} + *(from))
#define SPREAD_INPUTS(from) ((Shorts){0} + *(from))
#define SUM_STATES(sum, weights, states) MADD(sum, weights, states)
#define SUM_INPUTS(sum, weights, inputs) \
    ((sum) + __builtin_convertvector(weights, Ints) * __builtin_convertvector(inputs, Ints))
#define START(sum, from) (sum) = (Floats){0}
#define STORE_CODES(to, codes)        \
    do {                              \
        Floats whole = FLOATS(codes); \
        STORE(to, whole);             \
    } while (0)
#include "codes.h"
#include "recurrence.h"

#include "floats.h"
#include "recurrence.h"
#include "endlevel.h"

/* One row a level, in the order of `LEVELS` in kernel.py. */
typedef struct {
    int lanes, group, pair, bits; /* bits of a weight as a code: 8, 16, or 32 for a floating-point number */
    int (*read)(const Chain *, const float *, const int64_t *, int64_t, int64_t, Found *);
    int (*tag[2])(const Network *, const Chain *, const void *, const int32_t *, const int64_t *, int64_t, float *,
                  Found *);
    void (*project[2])(const Network *, const void *, const float *, int64_t, void *);
} Level;

#define LEVEL_ROW(name, lanes, group, pair, bits)            \
    {lanes, group, pair, bits, read_##name, {tag_##name##_floats, tag_##name##_codes}, \
     {project_##name##_floats, project_##name##_codes}}

static const Level levels[] = {
    LEVEL_ROW(plain, 4, 1, 1, 32),
#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
    LEVEL_ROW(avx2, 8, 2, 2, 16),
    LEVEL_ROW(avx512, 16, 4, 2, 8),
#endif
};

/* The best level that this processor has. */
int64_t onoma_best_level(void) {
#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
    __builtin_cpu_init();
    int wide = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (wide && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vnni"))
        return 2;
    return wide ? 1 : 0;
#else
    return 0;
#endif
}

/* Lanes, states a group, inputs a pair, and bits of a code's weight at a level. */
void onoma_level(int64_t level, int64_t *about) {
    const Level *own = &levels[level];
    about[0] = own->lanes, about[1] = own->group, about[2] = own->pair, about[3] = own->bits;
}

/* Decode emissions [row, longest, tag]; returns how many spans were found, or -1 when memory ran out. */
int64_t onoma_read(const Chain *chain, const float *emissions, const int64_t *lengths, int64_t rows,
                   int64_t longest, int64_t *spans, double *probability, double *certainty) {
    Found found = {spans, probability, certainty, 0};
    int fault = levels[chain->level].read(chain, emissions, lengths, rows, longest, &found);
    return fault ? -1 : found.found;
}

/* Read rows of words, whose input products are in `table`: row i is words[starts[i]] to words[starts[i + 1]].
 * Either of `chain` and `scores` [token, width] may be NULL. Returns as onoma_read does. */
int64_t onoma_tag(const Network *network, const Chain *chain, const void *table, const int32_t *words,
                  const int64_t *starts, int64_t rows, float *scores, int64_t *spans, double *probability,
                  double *certainty) {
    Found found = {spans, probability, certainty, 0};
    int fault = levels[network->level].tag[network->codes](network, chain, table, words, starts, rows, scores, &found);
    return fault ? -1 : found.found;
}

/* The input products of words [word, direction, block, gate, lane]. A word's vector as codes counts `factors`. */
void onoma_project(const Network *network, const void *vectors, const float *factors, int64_t words, void *table) {
    levels[network->level].project[network->codes](network, vectors, factors, words, table);
}
