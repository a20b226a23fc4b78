"""Training examples, model families, their scores and the choice of a champion."""
