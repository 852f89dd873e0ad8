"""Apache Kafka, through kafka-python: the event log and its transactions, the log of jobs, directory and topics."""
