"""The door for notebooks and scripts: ``from pipeline import Project, ChurnClassifier, SnapshotSplit``.

- ``project`` reads what the pipeline wrote, as pandas or polars frames and ``shap`` objects;
- ``orders`` builds a project from a frame of orders;
- ``classifier`` is the model of the pipeline as a scikit-learn estimator;
- ``snapshot_split`` is the time-aware splitter for its cross-validation.
"""
