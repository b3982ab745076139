"""Who likes what, and who follows whom."""
