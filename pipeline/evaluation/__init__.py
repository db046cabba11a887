"""How good is the model, and may a list be made with it: metrics with intervals, backtests, baselines, a grade."""
