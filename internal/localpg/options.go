package localpg

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"regexp"
)

// Versions of PostgreSQL that Weir runs on, by major version.
const (
	MinMajor = 15
	MaxMajor = 18
)

// Database is the name of the database that Start makes.
const Database = "weir"

// Role is one of the three roles of a Weir database.
type Role string

const (
	// Admin is a superuser. Tests and maintenance use it, the service never.
	Admin Role = "weir_admin"
	// Owner owns the database and its schema and runs the migrations.
	Owner Role = "weir_owner"
	// Service is what the service connects as. It owns nothing and is subject
	// to every row-level security policy.
	Service Role = "weir_service"
)

var (
	// ErrNotFound means that there is no PostgreSQL to run. Its message names
	// every place that was looked at.
	ErrNotFound = errors.New("no PostgreSQL to run")
	// ErrInUse means that another process runs a server in the data directory.
	ErrInUse = errors.New("data directory is in use by another process")
	// ErrNotRunning means that nobody runs a server in the data directory.
	ErrNotRunning = errors.New("no PostgreSQL is running in the data directory")
)

// Options say which server to start.
type Options struct {
	// DataDir is made, with mode 0700, when it does not exist. Required.
	DataDir string
	// Fresh deletes the cluster and its passwords first. Other files of the
	// data directory stay.
	Fresh bool
	// Fast trades durability for speed: a crash of the machine loses the
	// cluster. For tests.
	Fast bool
	// BinDir is a directory with initdb and postgres. It goes before the
	// environment variable WEIR_PG_BIN and before all that is installed.
	BinDir string
	// Image is the Docker image of the last resort; WEIR_PG_IMAGE or
	// postgres:17-alpine when empty.
	Image string
	// Settings override PostgreSQL's settings by name. Those that decide where
	// and how the server listens cannot be set.
	Settings map[string]string
	// Logger gets the server's log lines. Nothing is logged when nil.
	Logger *slog.Logger

	// Where to look for PostgreSQL; tests hide this machine's own.
	systemDirs []string
	cacheDir   string
}

var settingName = regexp.MustCompile(`^[a-z][a-z0-9_.]*$`)

func (o Options) withDefaults() (Options, error) {
	if o.DataDir == "" {
		return o, errors.New("embedded PostgreSQL: the data directory is not set")
	}
	abs, err := filepath.Abs(o.DataDir)
	if err != nil {
		return o, fmt.Errorf("embedded PostgreSQL: resolve %s: %w", o.DataDir, err)
	}
	o.DataDir = abs
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.systemDirs == nil {
		o.systemDirs = systemDirs
	}
	for name := range o.Settings {
		if !settingName.MatchString(name) || fixedSettings[name] {
			return o, fmt.Errorf("embedded PostgreSQL: setting %q cannot be overridden", name)
		}
	}
	return o, nil
}
