package migrations

// Placement says where a table lives when the tenants are spread over the nodes of a cluster.
type Placement string

// The placements.
const (
	// Distributed tables are a tenant's: they have tenant_id and forced row-level security.
	Distributed Placement = "distributed"
	// Local tables are the directory's. The service's role has no rights on them.
	Local Placement = "local"
)

// Table is a table of the schema.
type Table struct {
	Name      string
	Placement Placement
	// Rights are what the service's role may do with it.
	Rights string
	// Partitioned tables have a partition a day.
	Partitioned bool
}

const all = "SELECT, INSERT, UPDATE, DELETE"

// Tables lists every table, parents before their children. What is not here is goose's or River's.
var Tables = []Table{
	{Name: "tenant_directory", Placement: Local},
	{Name: "api_key_directory", Placement: Local},
	{Name: "api_key", Placement: Distributed, Rights: all},
	{Name: "member", Placement: Distributed, Rights: all},
	{Name: "retention_policy", Placement: Distributed, Rights: all},
	{Name: "redaction_policy", Placement: Distributed, Rights: all},
	{Name: "catalogue", Placement: Distributed, Rights: all},
	{Name: "audit_entry", Placement: Distributed, Rights: "SELECT, INSERT, DELETE"},
	{Name: "customer", Placement: Distributed, Rights: all},
	{Name: "integration", Placement: Distributed, Rights: all},
	{Name: "connected_app", Placement: Distributed, Rights: all},
	{Name: "data_source", Placement: Distributed, Rights: all},
	{Name: "flow", Placement: Distributed, Rights: all},
	{Name: "journal_cursor", Placement: Distributed, Rights: all},
	{Name: "journal_commit", Placement: Distributed, Rights: all},
	{Name: "journal_segment", Placement: Distributed, Rights: all, Partitioned: true},
	{Name: "journal_failure", Placement: Distributed, Rights: all, Partitioned: true},
	{Name: "journal_term", Placement: Distributed, Rights: all},
	{Name: "journal_key", Placement: Distributed, Rights: all},
	{Name: "statistic", Placement: Distributed, Rights: all},
	{Name: "statistic_minute", Placement: Distributed, Rights: all},
	{Name: "statistic_rollup", Placement: Distributed, Rights: all},
	{Name: "flow_run", Placement: Distributed, Rights: all},
	{Name: "flow_run_identifier", Placement: Distributed, Rights: all},
	{Name: "flow_run_change", Placement: Distributed, Rights: all},
	{Name: "node_run", Placement: Distributed, Rights: all},
	{Name: "change_cursor", Placement: Distributed, Rights: all},
	{Name: "finding", Placement: Distributed, Rights: all},
	{Name: "issue", Placement: Distributed, Rights: all},
	{Name: "issue_watched", Placement: Distributed, Rights: all},
	{Name: "issue_affected", Placement: Distributed, Rights: all},
	{Name: "issue_minute", Placement: Distributed, Rights: all},
	{Name: "issue_hour", Placement: Distributed, Rights: all},
	{Name: "issue_evidence", Placement: Distributed, Rights: all},
	{Name: "issue_activity", Placement: Distributed, Rights: all},
	{Name: "response_shape", Placement: Distributed, Rights: all},
	{Name: "notification_endpoint", Placement: Distributed, Rights: all},
	{Name: "notification", Placement: Distributed, Rights: all},
	{Name: "delivery", Placement: Distributed, Rights: all},
	{Name: "delivery_attempt", Placement: Distributed, Rights: all},
	{Name: "alarm_rule", Placement: Distributed, Rights: all},
	{Name: "alarm", Placement: Distributed, Rights: all},
}

// functions are the doors that the service's role may call; by default a function may be called by everybody, so each
// is first taken from PUBLIC.
var functions = []string{
	"enter_tenant(uuid, uuid)", "current_tenant()", "current_customer()",
	"create_tenant(uuid, text, text, timestamptz)", "find_tenant(text)", "list_tenants()", "delete_current_tenant()",
	"register_api_key(bytea, uuid)", "find_api_key(bytea)",
	"ensure_partitions(date, date)", "partition_days()", "drop_partitions(date)",
	"partitions_before(date)", "longest_retention()",
}
