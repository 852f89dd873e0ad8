"""Engine and sender at work, each as a service of its own or both in one process."""
