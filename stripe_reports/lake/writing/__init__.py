"""Writing: CSVs become committed Parquet files."""
