"""Room 3: tokens to arrays: lexicon, characters, shapes, static vectors, batches."""
