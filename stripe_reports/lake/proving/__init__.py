"""Proving: landed days are compared with their kept CSVs, without the code of parsing and writing."""
