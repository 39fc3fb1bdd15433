"""From the bytes of a CSV to typed Arrow tables, exactly or not at all."""
