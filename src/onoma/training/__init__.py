"""Room 11: recipes, the training loop, export (torch)."""
