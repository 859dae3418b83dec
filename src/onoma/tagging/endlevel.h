/* The names of a level, free for the next. */
#undef LEVEL
#undef TARGET
#undef LANES
#undef ROWS
#undef WIDE
#undef MADD
#undef LEAST
#undef BOUNDED
#undef MOST
#undef MOST_DOUBLE
