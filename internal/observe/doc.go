// Package observe is how operators see the service: structured logs with request ids, Prometheus metrics, and
// OpenTelemetry traces when they are configured. None of them carries a secret, a body or a value bound to a statement.
package observe
