"""From landed Parquet files to rows, facts, sums and differences."""
