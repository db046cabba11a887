"""What stage 5 does for one bucket: probability, value, tiers and reasons of every customer in it."""
