/* Arithmetic in codes, the same at every level; see recurrence.py. The order of operations is part of it. */

/* an input product is kept in steps of 1/1024, as a short integer */
#define UNIT 0.0009765625f
#define HALVES (UNIT / 2)
#define GATE(given, sums, scale) (FLOATS(load_shorts(given)) + TO_FLOATS(sums) * load(scale))
#define PRODUCT(to, sums, scale, factor, bias)                                                  \
    do {                                                                                        \
        Floats product = ROUND((FLOATS(sums) * load(scale)) * (factor) + (bias));               \
        product = MOST(LEAST(product, (Floats){0} + 32767.0f), (Floats){0} - 32767.0f);         \
        Shorts short_product = __builtin_convertvector(__builtin_convertvector(product, Ints), Shorts); \
        STORE(to, short_product);                                                               \
    } while (0)
#define SCORES(sums, scale, bias) (TO_FLOATS(sums) * load(scale) + (bias))
#define KEEP(to, state)                                                             \
    do {                                                                            \
        Floats code = ROUND((state) * 127.0f);                                      \
        STORE_CODES(to, __builtin_convertvector(code, Ints));                       \
    } while (0)
/* the plain level keeps sums as floating-point numbers */
#define TO_FLOATS(sums) __builtin_convertvector(sums, Floats)
