"""What is measured, for Prometheus to scrape: one file for each part, which declares and explains its metrics."""
