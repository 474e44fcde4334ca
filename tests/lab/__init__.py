"""Real programs for the tests, and what measures their sound."""
