"""Files in: one door, one reader. Text, workbooks and Parquet become rows; what cannot be decided is refused."""
