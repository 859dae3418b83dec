"""Room 14: one file a command, each a thin call of one library function."""
