/* Arithmetic in single precision. */

#undef TO_FLOATS
#undef STORE_CODES
#define KIND floats
#define GIVEN float
#define WORD float
#define STATE float
#define WEIGHT float
#define INTO float
#define GROUP 1
#define PAIR 1
#define SUMS Floats
#define INTO_SUMS Floats
#define WEIGHTS Floats
#define INTO_WEIGHTS Floats
#define SPREAD_STATES(from) ((Floats){0} + *(from))
#define SPREAD_INPUTS(from) ((Floats){0} + *(from))
#define SUM_STATES(sum, weights, states) MADD(sum, weights, states)
#define SUM_INPUTS(sum, weights, inputs) MADD(sum, weights, inputs)
#define START(sum, from) (sum) = (Floats){0}
#define UNIT 1.0f
#define HALVES 1.0f /* gates whose halves are asked for have half their weights */
#define GATE(given, sums, scale) (load(given) + (sums))
#define PRODUCT(to, sums, scale, factor, bias)  \
    do {                                        \
        Floats product = (sums) + (bias);       \
        STORE(to, product);                     \
    } while (0)
#define SCORES(sums, scale, bias) ((sums) + (bias))
#define KEEP(to, state)          \
    do {                         \
        Floats kept_state = state; \
        STORE(to, kept_state);   \
    } while (0)
