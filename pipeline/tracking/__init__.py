"""MLflow: ``runs`` to compare, the ``registry`` of models, and ``promotion`` of a challenger to champion."""
