package localpg

import (
	"maps"
	"slices"
	"strconv"
)

// fixedSettings are decided by the launcher: changing one would open the
// server to others or hide it from us.
var fixedSettings = map[string]bool{
	"listen_addresses":        true,
	"port":                    true,
	"unix_socket_directories": true,
	"password_encryption":     true,
	"data_directory":          true,
	"hba_file":                true,
	"logging_collector":       true,
	"log_destination":         true,
}

// baseSettings suit a small machine that also runs the service.
func baseSettings() map[string]string {
	return map[string]string{
		"shared_buffers":      "256MB",
		"max_connections":     "200",
		"work_mem":            "16MB",
		"wal_compression":     "off", // what is large is compressed already, and pglz costs more than the bytes
		"max_wal_size":        "2GB",
		"random_page_cost":    "1.1",
		"jit":                 "off",
		"password_encryption": "scram-sha-256",
		"timezone":            "UTC",
		"cluster_name":        "weir",

		// The log goes to the service's own. Statements, row values and the
		// details of errors may be a tenant's data and stay out of it.
		"log_timezone":            "UTC",
		"log_line_prefix":         "",
		"log_error_verbosity":     "terse",
		"log_min_error_statement": "panic",
		"log_checkpoints":         "off",
		"logging_collector":       "off",
	}
}

// fastSettings give up durability and replication.
func fastSettings() map[string]string {
	return map[string]string{
		"fsync":              "off",
		"synchronous_commit": "off",
		"full_page_writes":   "off",
		"wal_compression":    "off",
		"shared_buffers":     "48MB",
		"max_wal_size":       "256MB",
		"wal_level":          "minimal",
		"max_wal_senders":    "0",
		// Tests make and drop many databases; workers that walk them all
		// would only take CPU from the tests.
		"autovacuum_naptime": "10min",
	}
}

func settingsFor(o Options) map[string]string {
	s := baseSettings()
	if o.Fast {
		maps.Copy(s, fastSettings())
	}
	maps.Copy(s, o.Settings)
	return s
}

// nativeArgs are the arguments of a postgres that only this machine reaches.
func nativeArgs(settings map[string]string, port int) []string {
	s := maps.Clone(settings)
	s["listen_addresses"] = "127.0.0.1"
	s["port"] = strconv.Itoa(port)
	s["unix_socket_directories"] = ""
	s["lc_messages"] = "C"
	return asArgs(s)
}

func asArgs(settings map[string]string) []string {
	args := make([]string, 0, 2*len(settings))
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		args = append(args, "-c", name+"="+settings[name])
	}
	return args
}
