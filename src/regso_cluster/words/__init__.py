"""What columns are called and mean, notes and texts in Swedish and English."""
