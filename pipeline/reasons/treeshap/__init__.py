"""Exact SHAP values of a tree ensemble, as cheap as predicting; knows nothing of churn, and could stand alone."""
