"""Proof that landed days are what their kept CSVs say. It shares no code with parsing and writing."""
