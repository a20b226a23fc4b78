"""Fit: training examples, model families, out-of-sample scores, hyperparameters and the choice of a champion.

Pure functions on frames and arrays. Which months are trained and where models are stored is ``orchestration.training``;
intervals and issued forecasts are ``forecast``; accuracy as served is ``verify``.
"""
