"""OpenTelemetry: spans of events and jobs, sent by OTLP. Imported only where the environment asks for traces."""
