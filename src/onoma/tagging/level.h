/* One instruction set: the names and types of its vectors. kernel.c defines the macros and includes this file,
 * recurrence.h and decoding.h once for each level it can make.
 *
 *   LEVEL    a name, put after the names of functions
 *   TARGET   the attribute that lets a function use the level's instructions
 *   LANES    single-precision numbers in a register
 *   ROWS     sentences that go through the network side by side: as many as registers hold the sums of
 *   GROUP    states that one multiply-and-add of codes takes in a lane;  PAIR  the same of inputs
 *   CODE     a weight as a code;  STATE  a state as a code;  SHIFT  what a state's code is stored above
 *   DOT(sum, weights, states)   sums of codes: lane by lane, over a group
 *   PAIRS(sum, weights, inputs)
 *   MADD(a, b, c)               a * b + c in single precision, fused where that is quicker
 */

#define PASTED(a, b) a##_##b
#define PASTE(a, b) PASTED(a, b)
#define NAME(a) PASTE(a, LEVEL)

#define INLINE TARGET static inline __attribute__((always_inline))

#define Floats NAME(Floats)
#define Ints NAME(Ints)
#define Shorts NAME(Shorts)
#define Doubles NAME(Doubles)
#define Longs NAME(Longs)

typedef float Floats __attribute__((vector_size(4 * LANES)));
typedef int32_t Ints __attribute__((vector_size(4 * LANES)));
typedef int16_t Shorts __attribute__((vector_size(2 * LANES)));
typedef double Doubles __attribute__((vector_size(4 * LANES)));
typedef int64_t Longs __attribute__((vector_size(4 * LANES)));
#define WIDE (LANES / 2) /* doubles in a register */

/* memcpy is how C reads what need not be aligned; it becomes one instruction */
#define LOADER(kind, name, of)                   \
    INLINE kind NAME(name)(const of *from) {     \
        kind read;                               \
        memcpy(&read, from, sizeof read);        \
        return read;                             \
    }
LOADER(Floats, floats_at, float)
LOADER(Ints, ints_at, int32_t)
LOADER(Shorts, shorts_at, int16_t)
LOADER(Doubles, doubles_at, double)
#undef LOADER
#define load NAME(floats_at)
#define load_ints NAME(ints_at)
#define load_shorts NAME(shorts_at)
#define load_doubles NAME(doubles_at)
#define STORE(to, vector) memcpy(to, &(vector), sizeof(vector))

#define FLOATS(ints) __builtin_convertvector(ints, Floats)

/* To the nearest whole number, halves to the even one: what is added leaves no room for a fraction. */
#define ROUND(x) (((x) + 12582912.0f) - 12582912.0f)

/* a where the mask holds, else b */
#define CHOOSE(kind, bits, mask, a, b) ((kind)(((mask) & (bits)(a)) | (~(mask) & (bits)(b))))

#ifndef MOST /* the lesser and the greater of two vectors, in one instruction where a level has one */
#define LEAST(a, b) CHOOSE(Floats, Ints, (a) < (b), a, b)
#define MOST(a, b) CHOOSE(Floats, Ints, (a) > (b), a, b)
#define MOST_DOUBLE(a, b) CHOOSE(Doubles, Longs, (a) > (b), a, b)
#endif
#ifndef BOUNDED /* no further from 0 than a limit */
#define BOUNDED(x, limit) MOST(LEAST(x, (Floats){0} + (limit)), (Floats){0} - (limit))
#endif
