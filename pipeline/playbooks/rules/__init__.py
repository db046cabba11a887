"""The language of rules: text -> expression (``parser``), checked names (``vocabulary``), and whom it matches."""
