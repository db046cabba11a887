"""What a customer is worth: purchase processes (``bg_nbd``, ``gamma_gamma``), expected spend, tiers, lifecycle."""
