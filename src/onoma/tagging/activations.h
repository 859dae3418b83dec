/* The two curves of an LSTM, as quotients of polynomials.
 *
 * tanh(x) is x P(x^2) / Q(x^2) to within 1.2e-6, rounding included (P and Q were fitted to the least maximum
 * error on [-7, 7], beyond which x counts as 7), and the logistic curve of x is (Q + N) / 2Q of x / 2, where N is
 * x P. With the quotients kept apart, three of them make a cell with one division, two a state with another.
 *
 * `unit` is a power of two that arguments are counted in. It goes into the constants, exactly, so no argument
 * need be multiplied by it.
 */

typedef struct {
    Floats above, below; /* N and Q */
} NAME(Quotient);

INLINE NAME(Quotient) NAME(tanh_of)(Floats x, const float unit) {
    const float u2 = unit * unit, u4 = u2 * u2, u6 = u4 * u2;
    x = BOUNDED(x, 7.0f / unit);
    Floats square = x * x;
    Floats above = square * (3.9300002754316665e-06f * unit * u6) + 0.0022769866045564413f * unit * u4;
    above = above * square + 0.12302180379629135f * unit * u2;
    above = above * square + 0.9999957084655762f * unit;
    Floats below = square * (0.00014235057460609823f * u6) + 0.02107216976583004f * u4;
    below = below * square + 0.4563402831554413f * u2;
    below = below * square + 1.0f;
    return (NAME(Quotient)){above * x, below};
}

/* logistic(2 forget) * cell + logistic(2 enter) * tanh(fresh) */
INLINE Floats NAME(new_cell)(Floats enter, Floats forget, Floats fresh, const float halves, const float unit,
                             Floats cell) {
    NAME(Quotient) i = NAME(tanh_of)(enter, halves), f = NAME(tanh_of)(forget, halves);
    NAME(Quotient) g = NAME(tanh_of)(fresh, unit);
    Floats both = i.below * g.below;
    Floats kept = ((f.below + f.above) * cell) * both;
    Floats added = ((i.below + i.above) * g.above) * f.below;
    Floats below = both * f.below;
    return (kept + added) / (below + below);
}

/* logistic(2 out) * tanh(cell) */
INLINE Floats NAME(new_state)(Floats out, const float halves, Floats cell) {
    NAME(Quotient) o = NAME(tanh_of)(out, halves), c = NAME(tanh_of)(cell, 1.0f);
    Floats below = o.below * c.below;
    return ((o.below + o.above) * c.above) / (below + below);
}
