"""Files and folders that people write or a platform exports."""
