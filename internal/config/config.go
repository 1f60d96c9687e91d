// Package config says what can be set, by flag or by environment variable, and refuses what cannot: a setting with a
// typing error must not pass for one that was left at its default.
package config

import (
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Database says where the database is.
type Database struct {
	DatabaseURL        string `name:"database-url" env:"WEIR_DATABASE_URL,DATABASE_URL" help:"Connection string of the service's role: no superuser, no BYPASSRLS. Without one, the embedded PostgreSQL in --data-dir." placeholder:"URL"`
	MigrateDatabaseURL string `name:"migrate-database-url" env:"WEIR_MIGRATE_DATABASE_URL" help:"Connection string of the role that owns the schema, for migrations." placeholder:"URL"`
	DataDir            string `name:"data-dir" env:"WEIR_DATA_DIR" default:"./weir-data" help:"Where the embedded PostgreSQL and its keys are kept." type:"path"`
}

// Embedded tells whether the database is the embedded one.
func (d *Database) Embedded() bool { return d.DatabaseURL == "" }

// Keys are the service's own secrets.
type Keys struct {
	SigningKey    string `name:"signing-key" env:"WEIR_SIGNING_KEY" help:"Signs the service's own tokens: base64 of 32 random bytes or more (HS256), or a PEM Ed25519 private key (EdDSA)." placeholder:"KEY"`
	EncryptionKey string `name:"encryption-key" env:"WEIR_ENCRYPTION_KEY" help:"Encrypts stored secrets: base64 of 32 random bytes." placeholder:"KEY"`
}

// JWT says whose tokens are accepted.
type JWT struct {
	Issuer        string `name:"jwt-issuer" env:"WEIR_JWT_ISSUER" help:"The iss of the identity provider's tokens." placeholder:"ISS"`
	Audience      string `name:"jwt-audience" env:"WEIR_JWT_AUDIENCE" help:"The aud that tokens must name." default:"weir" placeholder:"AUD"`
	JWKSURL       string `name:"jwt-jwks-url" env:"WEIR_JWT_JWKS_URL" help:"Where the identity provider publishes its keys." placeholder:"URL"`
	TenantClaim   string `name:"jwt-tenant-claim" env:"WEIR_JWT_TENANT_CLAIM" default:"weir_tenant" help:"The claim that names the tenant, by slug or id."`
	RoleClaim     string `name:"jwt-role-claim" env:"WEIR_JWT_ROLE_CLAIM" default:"weir_role" help:"The claim that names the role."`
	CustomerClaim string `name:"jwt-customer-claim" env:"WEIR_JWT_CUSTOMER_CLAIM" default:"weir_customer" help:"The claim that limits a token to one customer."`
}

// Log says what is logged and how.
type Log struct {
	Level  string `name:"log-level" env:"WEIR_LOG_LEVEL" default:"info" enum:"debug,info,warn,error" help:"debug, info, warn or error."`
	Format string `name:"log-format" env:"WEIR_LOG_FORMAT" default:"text" enum:"text,json" help:"text or json."`
}

// Notify says how tenants are told of what happens.
type Notify struct {
	PublicURL  string   `name:"public-url" env:"WEIR_PUBLIC_URL" help:"Where people reach the console: what links in notifications begin with. Without one there are no links." placeholder:"URL"`
	SMTPURL    string   `name:"smtp-url" env:"WEIR_SMTP_URL" help:"The mail server: smtp://user:password@host:587?from=weir@example.com, or smtps://. Without one no e-mail is sent." placeholder:"URL"`
	AllowCIDRs []string `name:"notify-allow-cidrs" env:"WEIR_NOTIFY_ALLOW_CIDRS" help:"Private networks that notifications may go to all the same, such as 10.0.0.0/8; none by default." placeholder:"CIDR"`
}

// Bus says how processes tell each other of commits.
type Bus struct {
	NATSURL    string `name:"nats-url" env:"WEIR_NATS_URL" help:"NATS servers that take hints of commits from process to process: nats://user:password@host:4222, or tls://, several separated by commas. Without one PostgreSQL's LISTEN and NOTIFY does." placeholder:"URL"`
	NATSCreds  string `name:"nats-creds" env:"WEIR_NATS_CREDS" help:"File of credentials for NATS (a user's JWT and seed)." type:"path" placeholder:"FILE"`
	NATSPrefix string `name:"nats-prefix" env:"WEIR_NATS_PREFIX" default:"weir" help:"What the subjects in NATS begin with: another one for each cluster of processes that shares it." placeholder:"WORD"`
}

// Service says how the service runs.
type Service struct {
	Database `embed:""`
	Keys     `embed:""`
	JWT      `embed:""`
	Log      `embed:""`
	Notify   `embed:""`
	Bus      `embed:""`

	Addr            string        `env:"WEIR_ADDR" default:"127.0.0.1:8080" help:"Address to listen on."`
	Roles           []string      `env:"WEIR_ROLES" default:"api,ingest,worker" enum:"api,ingest,worker" help:"What this process does: any of api, ingest, worker."`
	IngestRate      float64       `name:"ingest-rate" env:"WEIR_INGEST_RATE" default:"20000" help:"Events a second that a tenant may send, with ten seconds of burst; 0 for no limit."`
	Detection       bool          `name:"detection" env:"WEIR_DETECTION" default:"true" negatable:"" help:"Whether problems are looked for: without, failures are kept and counted, but have no category, and no issue opens."`
	Catalogue       string        `name:"catalogue" env:"WEIR_CATALOGUE" help:"Directory of YAML files with entries of your own for the catalogue of errors (docs/diagnosis.md)." type:"existingdir" placeholder:"DIR"`
	OTLPEndpoint    string        `name:"otel-exporter-otlp-endpoint" env:"WEIR_OTEL_EXPORTER_OTLP_ENDPOINT" help:"Where the service's own traces go, by OTLP over HTTP." placeholder:"URL"`
	DebugAddr       string        `name:"debug-addr" env:"WEIR_DEBUG_ADDR" help:"Address of Go's profiles (net/http/pprof); none by default. It asks for no credential: loopback only." placeholder:"ADDR"`
	ShutdownTimeout time.Duration `name:"shutdown-timeout" env:"WEIR_SHUTDOWN_TIMEOUT" default:"9s" help:"How long open requests may take to finish when the service stops."`
}

// Does tells whether this process has the role.
func (s *Service) Does(role string) bool { return slices.Contains(s.Roles, role) }

// elsewhere are the variables with the prefix that are not of Service: tests' and the launcher's.
var elsewhere = []string{"WEIR_TEST_", "WEIR_PG_"}

// CheckEnvironment refuses variables with the prefix WEIR_ that no setting has, naming the first of them. known are
// structs with env tags, besides Service.
func CheckEnvironment(environ []string, known ...any) error {
	names := map[string]bool{}
	for _, k := range append(known, Service{}) {
		collect(reflect.TypeOf(k), names)
	}
	slices.Sort(environ)
	for _, pair := range environ {
		name, _, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, "WEIR_") || names[name] ||
			slices.ContainsFunc(elsewhere, func(p string) bool { return strings.HasPrefix(name, p) }) {
			continue
		}
		return fmt.Errorf("unknown setting %s: see weir serve --help for those that there are", name)
	}
	return nil
}

// CheckProcess is CheckEnvironment of this process.
func CheckProcess(known ...any) error { return CheckEnvironment(os.Environ(), known...) }

func collect(t reflect.Type, into map[string]bool) {
	for f := range t.Fields() {
		for name := range strings.SplitSeq(f.Tag.Get("env"), ",") {
			into[name] = true
		}
		if f.Type.Kind() == reflect.Struct && f.Anonymous {
			collect(f.Type, into)
		}
	}
}
