"""Parsing: the bytes of a CSV become typed Arrow tables, exactly or not at all."""
