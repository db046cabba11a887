"""What became of earlier lists: the ``feedback`` that teams hand back."""
