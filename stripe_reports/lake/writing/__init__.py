"""From CSVs to committed Parquet files."""
