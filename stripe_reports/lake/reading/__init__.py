"""Reading: landed Parquet files become rows, facts, sums and differences."""
