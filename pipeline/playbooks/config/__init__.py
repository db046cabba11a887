"""``playbooks.yaml`` -> frozen, checked playbooks: their tactics, channels, terms, limits and restrictions."""
